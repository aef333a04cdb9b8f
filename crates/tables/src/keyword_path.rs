//! Names of other tables in keywords, relative to the table P that holds them.
//!
//! `././X` is P/X; `./X` is a sibling of P; `Y/.` is the ancestor of P below which P's path reads Y; anything else
//! stands for itself.

use std::path::{Path, PathBuf};

/// The path of the table that `name` in a keyword of `table` refers to.
pub(crate) fn resolve(table: &Path, name: &str) -> PathBuf {
    if let Some(inside) = name.strip_prefix("././") {
        return table.join(inside);
    }
    if let Some(sibling) = name.strip_prefix("./") {
        return parent(table).join(sibling);
    }
    if let Some(tail) = name.strip_suffix("/.") {
        let full = std::path::absolute(table).unwrap_or_else(|_| table.to_owned());
        if full.ends_with(tail) {
            let up = Path::new(tail).components().count();
            return full.ancestors().nth(up).map_or_else(PathBuf::new, Path::to_owned);
        }
    }
    PathBuf::from(name)
}

/// The path without links; of what is not there yet, that of the folder that it will be in.
pub(crate) fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.join(path.file_name().unwrap_or_default())
}

fn parent(table: &Path) -> PathBuf {
    // `.` and `..` have no parent by name.
    match (table.file_name(), table.parent()) {
        (Some(_), Some(parent)) => parent.to_owned(),
        _ => table.join(".."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_forms() {
        let p = Path::new("/data/a.ms");
        assert_eq!(resolve(p, "././ANTENNA"), Path::new("/data/a.ms/ANTENNA"));
        assert_eq!(resolve(p, "./b.ms"), Path::new("/data/b.ms"));
        assert_eq!(resolve(Path::new("/data/a.ms/SORTED"), "SORTED/."), Path::new("/data/a.ms"));
        assert_eq!(resolve(p, "/else/where"), Path::new("/else/where"));
        assert_eq!(resolve(Path::new("a.ms"), "./b.ms"), Path::new("b.ms"));
        assert_eq!(resolve(Path::new("."), "./b.ms"), Path::new("./../b.ms"));
        assert_eq!(resolve(p, "other/."), Path::new("other/."), "no tail of the path: literal");
    }
}
