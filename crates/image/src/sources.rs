//! Fluxes and positions of sources in a dirty image, fitted jointly.

use crate::{
    Error,
    joint::{Joint, MAX_SHIFT_PX},
    noise::covariance,
};
use ndarray::Array2;
use types::{ImageGeometry, SkySource};

/// Entries of the table of derivatives above which a joint fit is refused (2 GiB).
const MAX_TABLE: usize = 1 << 28;

/// A source as the image shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FittedSource {
    /// Fitted position and flux, with the shape of the start.
    pub source: SkySource,
    /// Fitted column, counted from 0.
    pub x: f64,
    /// Fitted row, counted from 0.
    pub y: f64,
    /// Standard error of the flux, Jy; infinite where the flux came out as nothing at all.
    pub flux_err_jy: f64,
    /// Standard error of the position along the worse of the two axes, pixels; infinite where there is no flux.
    pub pos_err_px: f64,
}

/// What the imager makes of one source.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// Where the source is thought to be, and its shape; its flux is not looked at.
    pub start: SkySource,
    /// The dirty image `[ny, nx]` of a source of 1 Jy exactly at `start`: the PSF of that position, shape included.
    pub image: &'a Array2<f64>,
}

/// Fits all sources at once: dirty(x, y) ≈ Σₖ Sₖ Rₖ(x − δxₖ, y − δyₖ), with Rₖ the responses.
///
/// Least squares (Levenberg–Marquardt) over the pixels within `half_box_px` of any source; the unknowns are the fluxes
/// S and the shifts δ from the starts, up to 2 pixels along each axis. A source whose shift comes out close to 2 was
/// not found. Responses are shifted by windowed sinc interpolation, good to 1e-4 of the peak for beams of 3 pixels and
/// more. Pixels that are not finite, and those within 5 pixels of the image's edge, do not count.
///
/// Standard errors follow from the residuals, for noise that is correlated from pixel to pixel as the PSF is (true for
/// natural weights, close for others); residual sidelobes of sources left out count as noise.
///
/// Memory grows with pixels × sources, time with pixels × sources²: ten sources take a fraction of a second, a hundred
/// take a minute.
///
/// # Errors
/// When shapes disagree, a response is not positive at its source, there are fewer pixels than unknowns, two sources
/// cannot be told apart, or the iteration fails.
pub fn fit_sources<T: Into<f64> + Copy>(
    dirty: &Array2<T>,
    geometry: &ImageGeometry,
    responses: &[Response<'_>],
    half_box_px: usize,
) -> Result<Vec<FittedSource>, Error> {
    if responses.is_empty() {
        return Ok(Vec::new());
    }
    check_shape("the dirty image", dirty.dim(), geometry)?;
    for (k, response) in responses.iter().enumerate() {
        check_response(k, response, geometry)?;
    }
    let mut joint = Joint::new(dirty, geometry, responses, half_box_px);
    check_size(joint.n_pixel(), responses.len())?;
    joint.solve()?;
    let errors = covariance(&joint, geometry)?;
    Ok(responses.iter().enumerate().map(|(k, r)| fitted(geometry, r, joint.estimate(k), errors[k])).collect())
}

fn fitted(
    geometry: &ImageGeometry,
    response: &Response<'_>,
    estimate: [f64; 3],
    errors: [f64; 3],
) -> FittedSource {
    let [flux_jy, dx, dy] = estimate;
    let (x, y) = geometry.xy(response.start.l, response.start.m);
    let (x, y) = (x + dx, y + dy);
    FittedSource {
        source: SkySource { l: geometry.l(x), m: geometry.m(y), flux_jy, gaussian: response.start.gaussian },
        x,
        y,
        flux_err_jy: errors[0],
        pos_err_px: errors[1].max(errors[2]),
    }
}

fn check_shape(what: &str, got: (usize, usize), geometry: &ImageGeometry) -> Result<(), Error> {
    let (nx, ny) = (geometry.nx, geometry.ny);
    let wrong = || Error::Shape { what: what.to_owned(), nx, ny, got_nx: got.1, got_ny: got.0 };
    if got == (ny, nx) { Ok(()) } else { Err(wrong()) }
}

fn check_response(k: usize, response: &Response<'_>, geometry: &ImageGeometry) -> Result<(), Error> {
    check_shape(&format!("the response of source {k} (from 0)"), response.image.dim(), geometry)?;
    let (x, y) = geometry.xy(response.start.l, response.start.m);
    // Casts saturate: what is outside stays outside.
    let inside = x > -0.5 && y > -0.5;
    let pixel = if inside { response.image.get([y.round() as usize, x.round() as usize]) } else { None };
    let value = pixel.copied().unwrap_or(f64::NAN);
    let good = value > 0.0 && value.is_finite();
    if good { Ok(()) } else { Err(Error::Response { i_source: k, value }) }
}

fn check_size(n_pixel: usize, n_source: usize) -> Result<(), Error> {
    let n_unknown = 3 * n_source;
    if n_pixel <= n_unknown {
        return Err(Error::TooFewPixels { n_pixel, n_unknown });
    }
    let small = n_pixel.checked_mul(n_unknown).is_some_and(|n| n <= MAX_TABLE);
    if small { Ok(()) } else { Err(Error::TooManySources { n_source, n_pixel }) }
}

const _: () = assert!(MAX_SHIFT_PX == 2, "the documentation of fit_sources names the largest shift");
