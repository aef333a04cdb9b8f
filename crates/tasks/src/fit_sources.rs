//! `FindSources`, `Collect`, `FitSources`: fluxes and positions of known sources in a dirty image.

use crate::Imaged;
use crate::Real;
use flow::{BoxError, Task};
use image::{FittedSource, Response};
use ndarray::Array2;
use std::{marker::PhantomData, sync::Arc};
use types::{ImageGeometry, SkySource};

/// How far from its catalogue position the peak of a source is looked for, pixels.
const SEARCH_RADIUS_PX: usize = 2;
/// Half side of the box of pixels around each source that the fit uses.
const HALF_BOX_PX: usize = 6;

/// Looks for the peak near each source of a catalogue.
///
/// # Inputs
/// The dirty image.
/// # Outputs
/// The catalogue with positions and fluxes as found in the image.
/// # State
/// The catalogue.
/// # Replicable?
/// No.
pub struct FindSources<T> {
    catalog: Vec<SkySource>,
    geometry: ImageGeometry,
    precision: PhantomData<T>,
}

impl<T> FindSources<T> {
    /// For the sources of `catalog`; their fluxes are not looked at.
    pub fn new(catalog: Vec<SkySource>, geometry: ImageGeometry) -> Self {
        FindSources { catalog, geometry, precision: PhantomData }
    }
}

impl<T: Real> Task for FindSources<T> {
    type In = Imaged<T>;
    type Out = Vec<SkySource>;

    fn run(&mut self, dirty: Imaged<T>) -> Result<Vec<SkySource>, BoxError> {
        let find = |s: &SkySource| {
            let (x0, y0) = self.geometry.xy(s.l, s.m);
            let (x, y, flux_jy) = image::peak_near(&dirty.pixels, x0, y0, SEARCH_RADIUS_PX as f64);
            SkySource { l: self.geometry.l(x), m: self.geometry.m(y), flux_jy, ..*s }
        };
        Ok(self.catalog.iter().map(find).collect())
    }
}

/// Appends an image to a list.
///
/// # Inputs
/// The list, the image.
/// # Outputs
/// The list.
/// # State
/// None.
/// # Replicable?
/// No.
pub struct Collect<T>(PhantomData<T>);

impl<T> Collect<T> {
    /// The task.
    pub fn new() -> Self {
        Collect(PhantomData)
    }
}

impl<T> Default for Collect<T> {
    fn default() -> Self {
        Collect::new()
    }
}

impl<T: Real> Task for Collect<T> {
    type In = (Vec<Array2<f64>>, Imaged<T>);
    type Out = Vec<Array2<f64>>;

    fn run(&mut self, (mut list, image): Self::In) -> Result<Self::Out, BoxError> {
        list.push(image.pixels.mapv(|p| p.to_double()));
        Ok(list)
    }
}

/// Fits all sources jointly, each against the response of the imager to it.
///
/// # Inputs
/// The dirty image; the sources as found; one response image a source.
/// # Outputs
/// One [`FittedSource`] a source.
/// # State
/// None.
/// # Replicable?
/// No.
pub struct FitSources<T> {
    geometry: ImageGeometry,
    precision: PhantomData<T>,
}

impl<T> FitSources<T> {
    /// For images of `geometry`.
    pub fn new(geometry: ImageGeometry) -> Self {
        FitSources { geometry, precision: PhantomData }
    }
}

impl<T: Real> Task for FitSources<T> {
    type In = (Imaged<T>, Arc<Vec<SkySource>>, Vec<Array2<f64>>);
    type Out = Vec<FittedSource>;

    fn run(&mut self, (dirty, found, responses): Self::In) -> Result<Vec<FittedSource>, BoxError> {
        let responses: Vec<_> =
            found.iter().zip(&responses).map(|(&start, image)| Response { start, image }).collect();
        Ok(image::fit_sources(&dirty.pixels, &self.geometry, &responses, HALF_BOX_PX)?)
    }
}
