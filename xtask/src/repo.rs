//! The repository as the rules see it: Rust files, manifests and the graph of its packages.

use crate::metadata::{self, Package};
use crate::source::Source;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// All that `cargo xtask tidy` looks at, read once.
#[derive(Default)]
pub(crate) struct Repo {
    /// Every Rust file of the crates and of xtask.
    pub(crate) sources: Vec<Source>,
    /// Every manifest below the root: path and text.
    pub(crate) manifests: Vec<(String, String)>,
    /// The packages of the workspace with their direct dependencies.
    pub(crate) packages: Vec<Package>,
}

/// Folder names in which no Rust file of ours lies.
const SKIPPED: &[&str] = &["target", "fixtures"];

impl Repo {
    /// Reads the repository that this program was built in.
    ///
    /// # Errors
    /// When a file cannot be read or cargo cannot describe the workspace.
    pub(crate) fn read() -> Result<Self> {
        let mut repo = Repo { packages: metadata::workspace_packages()?, ..Repo::default() };
        for top in ["crates", "xtask"] {
            repo.walk(&root().join(top))?;
        }
        Ok(repo)
    }

    fn walk(&mut self, folder: &Path) -> Result<()> {
        for path in sorted_entries(folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                    self.walk(&path)?;
                }
            } else if name == "Cargo.toml" {
                self.manifests.push((relative(&path), read(&path)?));
            } else if name.ends_with(".rs") {
                self.sources.push(Source::new(&relative(&path), &read(&path)?));
            }
        }
        Ok(())
    }
}

/// The root of the repository.
///
/// Cargo says at run time where it is: two checkouts that share a target folder share this program too.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().map_or_else(|| here.clone(), Path::to_owned)
}

/// The folder that cargo builds in.
pub(crate) fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The entries of a folder in alphabetical order; a folder that is absent has none.
///
/// # Errors
/// When the folder is there and cannot be read.
pub(crate) fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths = entries.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// The path below the root with forward slashes, as the rules name it.
fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_found() {
        let repo = Repo::read().unwrap();
        assert!(repo.sources.iter().any(|s| s.path == "xtask/src/repo.rs"));
        assert!(repo.manifests.iter().any(|m| m.0 == "crates/types/Cargo.toml"));
        assert!(repo.packages.iter().any(|p| p.name == "facette-types"));
        assert!(read(Path::new("no-such-file")).unwrap_err().to_string().contains("no-such-file"));
    }
}
