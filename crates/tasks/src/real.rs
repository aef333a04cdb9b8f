//! The numbers that grids and images are made of.

/// `f32` or `f64`: what kernels compute with, FITS files store and pictures show.
pub trait Real: kernels::Real + fits::Pixel + Into<f64> {}

impl<T: kernels::Real + fits::Pixel + Into<f64>> Real for T {}
