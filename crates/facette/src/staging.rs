//! Products of a run, kept aside until all of them are finished, then renamed together.

use crate::Error;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Temporary folders of the runs in progress, so that a program that must stop at once can remove them.
#[derive(Clone, Debug, Default)]
pub struct Scratch(Arc<Mutex<Vec<PathBuf>>>);

impl Scratch {
    /// Removes all temporary folders with what is in them.
    pub fn discard(&self) {
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for folder in folders.drain(..) {
            // Nothing is left to do where this fails: the names say that the files are parts.
            drop(fs::remove_dir_all(folder));
        }
    }

    /// Does something that is quick and may not be stopped halfway; [`Scratch::discard`] waits for it.
    pub(crate) fn undisturbed<T>(&self, quick: impl FnOnce() -> T) -> T {
        let _folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        quick()
    }

    fn add(&self, folder: &Path) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(folder.to_owned());
    }

    fn remove(&self, folder: &Path) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|f| f != folder);
    }
}

/// A folder that goes when this does, with what is in it.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    path: PathBuf,
    scratch: Scratch,
}

impl TemporaryFolder {
    /// A new one in the folder `beside`, which `option` names.
    pub(crate) fn new(beside: &Path, option: &'static str, scratch: &Scratch) -> Result<Self, Error> {
        let failed = |source| Error::Folder { path: beside.to_owned(), option, source };
        let path = create(beside).map_err(failed)?;
        scratch.add(&path);
        Ok(TemporaryFolder { path, scratch: scratch.clone() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.path));
        self.scratch.remove(&self.path);
    }
}

/// Folders beside the products in which they are written.
#[derive(Debug)]
pub(crate) struct Staging {
    folders: Vec<Folder>,
    products: Vec<PathBuf>,
    scratch: Scratch,
}

/// A temporary folder and the one that its files will go to.
#[derive(Debug)]
struct Folder {
    beside: PathBuf,
    path: PathBuf,
}

impl Staging {
    /// For products, each with the option that names it.
    pub(crate) fn new(
        products: Vec<(&'static str, PathBuf)>,
        overwrite: bool,
        scratch: &Scratch,
    ) -> Result<Self, Error> {
        for (option, product) in &products {
            fits::check_writable(product, overwrite).map_err(|error| name_option(error, option))?;
        }
        let mut staging = Staging { folders: Vec::new(), products: Vec::new(), scratch: scratch.clone() };
        for (option, product) in products {
            staging.add(option, beside(&product))?;
            staging.products.push(product);
        }
        Ok(staging)
    }

    fn add(&mut self, option: &'static str, beside: &Path) -> Result<(), Error> {
        if self.folders.iter().any(|folder| folder.beside == beside) {
            return Ok(());
        }
        let beside = beside.to_owned();
        match create(&beside) {
            Ok(path) => {
                self.scratch.add(&path);
                self.folders.push(Folder { beside, path });
                Ok(())
            }
            Err(source) => Err(Error::Folder { path: beside, option, source }),
        }
    }

    /// Where a product is written for now.
    pub(crate) fn path(&self, product: &Path) -> PathBuf {
        let folder = self.folders.iter().find(|folder| folder.beside == beside(product));
        // Invariant: it is one of the products.
        folder.map_or_else(PathBuf::new, |f| f.path.join(product.file_name().unwrap_or_default()))
    }

    /// Gives all products their names; those that are there already are replaced if `overwrite`.
    pub(crate) fn commit(self, overwrite: bool) -> Result<(), Error> {
        for product in &self.products {
            fits::check_writable(product, overwrite)?;
        }
        for product in &self.products {
            fs::rename(self.path(product), product).map_err(|source| Error::Folder {
                path: product.clone(),
                option: "out",
                source,
            })?;
        }
        Ok(())
    }

    /// An error in the words of the products' own names.
    pub(crate) fn name_products(&self, error: Error) -> Error {
        let text = error.to_string();
        let named = self.folders.iter().fold(text.clone(), |text, Folder { beside, path }| {
            text.replace(&with_slash(path), &with_slash(beside))
        });
        if named == text { error } else { Error::Product(named) }
    }
}

/// The folder that a product lies in.
fn beside(product: &Path) -> &Path {
    product.parent().unwrap_or(Path::new(""))
}

fn with_slash(folder: &Path) -> String {
    let text = folder.display().to_string();
    if text.is_empty() { text } else { format!("{text}{}", std::path::MAIN_SEPARATOR) }
}

/// An error of a product with the option that names it, where that is not `--out`.
fn name_option(error: fits::Error, option: &str) -> Error {
    let error = Error::Fits(error);
    if option == "out" {
        error
    } else {
        Error::Product(error.full_text().replace("--out", &format!("--{option}")))
    }
}

/// A new folder whose name says that it is temporary.
fn create(beside: &Path) -> io::Result<PathBuf> {
    let mut n = 0;
    loop {
        let folder = beside.join(format!(".facette-{}-{n}.part", std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && n < 1000 => n += 1,
            Err(e) => return Err(e),
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        for folder in &self.folders {
            drop(fs::remove_dir_all(&folder.path));
            self.scratch.remove(&folder.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_appear_together_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("c")).unwrap();
        let products = ["a", "b", "c/a"].map(|name| ("out", dir.path().join(name))).to_vec();
        let count = |name: &str| fs::read_dir(dir.path().join(name)).unwrap().count();
        let names = || (count("") - 1, count("c"));
        let write = |staging: &Staging, product: &Path| {
            fs::write(staging.path(product), product.to_str().unwrap()).unwrap();
        };
        let staging = Staging::new(products.clone(), false, &Scratch::default()).unwrap();
        write(&staging, &products[0].1);
        write(&staging, &products[2].1);
        drop(staging);
        assert_eq!(names(), (0, 0));

        let staging = Staging::new(products.clone(), false, &Scratch::default()).unwrap();
        products.iter().for_each(|(_, p)| write(&staging, p));
        staging.commit(false).unwrap();
        assert_eq!(names(), (2, 1));
        for (_, product) in &products {
            assert_eq!(fs::read_to_string(product).unwrap(), product.to_str().unwrap());
        }
        assert!(Staging::new(products, false, &Scratch::default()).is_err());
        assert_eq!(names(), (2, 1));
    }

    #[test]
    fn errors_name_products_and_options_of_the_user() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("c")).unwrap();
        let products = [("out", dir.path().join("a")), ("trace", dir.path().join("c/t"))];
        let staging = Staging::new(products.to_vec(), false, &Scratch::default()).unwrap();
        for (_, product) in &products {
            let staged = Error::Product(format!("no room for {}", staging.path(product).display()));
            let text = staging.name_products(staged).to_string();
            assert_eq!(text, format!("no room for {}", product.display()));
        }
        let missing = vec![("trace", dir.path().join("none/t"))];
        let error = Staging::new(missing, false, &Scratch::default()).unwrap_err().to_string();
        assert!(error.contains("none") && error.contains("--trace") && !error.contains("--out"), "{error}");
    }

    #[test]
    fn scratch_can_be_discarded_from_outside() {
        let dir = tempfile::tempdir().unwrap();
        let (scratch, product) = (Scratch::default(), dir.path().join("a"));
        let staging = Staging::new(vec![("out", product.clone())], false, &scratch).unwrap();
        fs::write(staging.path(&product), "half").unwrap();
        scratch.discard();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        drop(staging);
    }
}
