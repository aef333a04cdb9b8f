//! The image plane: beam fits and source fits.
#![forbid(unsafe_code)]
