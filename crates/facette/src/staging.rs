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

    fn add(&self, folder: &Path) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(folder.to_owned());
    }

    fn remove(&self, folder: &Path) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|f| f != folder);
    }
}

/// A folder beside the products in which they are written.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: PathBuf,
    products: Vec<PathBuf>,
    scratch: Scratch,
}

impl Staging {
    /// For products that will all lie in the same folder.
    pub(crate) fn new(products: Vec<PathBuf>, overwrite: bool, scratch: &Scratch) -> Result<Self, Error> {
        for product in &products {
            fits::check_writable(product, overwrite)?;
        }
        let beside = products.first().and_then(|p| p.parent()).unwrap_or(Path::new(""));
        let folder = create(beside).map_err(|source| Error::Folder { path: beside.to_owned(), source })?;
        scratch.add(&folder);
        Ok(Staging { folder, products, scratch: scratch.clone() })
    }

    /// Where a product is written for now.
    pub(crate) fn path(&self, product: &Path) -> PathBuf {
        self.folder.join(product.file_name().unwrap_or_default())
    }

    /// Gives all products their names; those that are there already are replaced if `overwrite`.
    pub(crate) fn commit(self, overwrite: bool) -> Result<(), Error> {
        for product in &self.products {
            fits::check_writable(product, overwrite)?;
        }
        for product in &self.products {
            fs::rename(self.path(product), product)
                .map_err(|source| Error::Folder { path: product.clone(), source })?;
        }
        Ok(())
    }

    /// An error in the words of the products' own names.
    pub(crate) fn name_products(&self, error: Error) -> Error {
        let staged = format!("{}{}", self.folder.display(), std::path::MAIN_SEPARATOR);
        let text = error.to_string();
        let beside = self.folder.parent().unwrap_or(Path::new("")).display().to_string();
        let beside =
            if beside.is_empty() { beside } else { format!("{beside}{}", std::path::MAIN_SEPARATOR) };
        if text.contains(&staged) { Error::Product(text.replace(&staged, &beside)) } else { error }
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
        drop(fs::remove_dir_all(&self.folder));
        self.scratch.remove(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_appear_together_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let products = vec![dir.path().join("a"), dir.path().join("b")];
        let names = || fs::read_dir(dir.path()).unwrap().count();
        let staging = Staging::new(products.clone(), false, &Scratch::default()).unwrap();
        fs::write(staging.path(&products[0]), "a").unwrap();
        drop(staging);
        assert_eq!(names(), 0);

        let staging = Staging::new(products.clone(), false, &Scratch::default()).unwrap();
        products.iter().for_each(|p| fs::write(staging.path(p), "x").unwrap());
        staging.commit(false).unwrap();
        assert_eq!(names(), 2);
        assert!(Staging::new(products, false, &Scratch::default()).is_err());
        assert_eq!(names(), 2);
    }

    #[test]
    fn scratch_can_be_discarded_from_outside() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = Scratch::default();
        let staging = Staging::new(vec![dir.path().join("a")], false, &scratch).unwrap();
        fs::write(staging.path(Path::new("a")), "half").unwrap();
        scratch.discard();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        drop(staging);
    }
}
