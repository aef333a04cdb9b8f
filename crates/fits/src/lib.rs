//! FITS images with their world coordinates, in and out.
#![forbid(unsafe_code)]
