//! `WriteFits`, `WritePicture`: an image to disk.

use crate::Imaged;
use crate::Real;
use flow::{BoxError, Task};
use report::Picture;
use std::{marker::PhantomData, path::PathBuf};
use types::{ImageGeometry, ImageHeader};

/// Where an image goes and what it says about itself.
#[derive(Clone)]
struct Product {
    path: PathBuf,
    header: ImageHeader,
    geometry: ImageGeometry,
    overwrite: bool,
}

impl Product {
    fn header_of<T>(&self, image: &Imaged<T>) -> ImageHeader {
        let beam = image.beam.as_ref().and_then(|b| b.as_ref().ok()).copied();
        ImageHeader { beam, ..self.header.clone() }
    }
}

/// Writes a FITS image under a temporary name, then renames it.
///
/// # Inputs
/// The image.
/// # Outputs
/// The file.
/// # State
/// None.
/// # Replicable?
/// No.
pub struct WriteFits<T> {
    product: Product,
    precision: PhantomData<T>,
}

/// Writes a PNG picture with coordinates and a scale.
///
/// # Inputs
/// The image.
/// # Outputs
/// The file.
/// # State
/// None.
/// # Replicable?
/// No.
pub struct WritePicture<T> {
    product: Product,
    title: String,
    precision: PhantomData<T>,
}

impl<T> WriteFits<T> {
    /// To `path`, which must be new unless `overwrite`.
    pub fn new(path: PathBuf, header: ImageHeader, geometry: ImageGeometry, overwrite: bool) -> Self {
        WriteFits { product: Product { path, header, geometry, overwrite }, precision: PhantomData }
    }

    /// A picture of the same image beside the file: same name, ending in `.png`.
    pub fn picture(&self, title: &str) -> WritePicture<T> {
        let mut product = self.product.clone();
        product.path.set_extension("png");
        WritePicture { product, title: title.to_owned(), precision: PhantomData }
    }
}

impl<T: Real> Task for WriteFits<T> {
    type In = Imaged<T>;
    type Out = ();

    fn run(&mut self, image: Imaged<T>) -> Result<(), BoxError> {
        let p = &self.product;
        Ok(fits::write_image(&p.path, &p.header_of(&image), &p.geometry, &image.pixels, p.overwrite)?)
    }
}

impl<T: Real> Task for WritePicture<T> {
    type In = Imaged<T>;
    type Out = ();

    fn run(&mut self, image: Imaged<T>) -> Result<(), BoxError> {
        let p = &self.product;
        let header = p.header_of(&image);
        let picture = Picture {
            pixels: &*image.pixels,
            geometry: p.geometry,
            header: &header,
            title: self.title.clone(),
            marks: Vec::new(),
        };
        Ok(report::write_png(&p.path, &picture, p.overwrite)?)
    }
}
