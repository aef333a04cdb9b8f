//! Tests of whole files: their bytes, their places, and what astropy makes of them.

mod astropy;
mod example;
mod images;
mod paths;
