//! What a telescope's stream would take, from costs that were measured on other data.
//!
//! | cost | goes with |
//! | --- | --- |
//! | what is done for every chunk | visibilities, after the usual averaging |
//! | transforms | w planes × cells × log(cells) of the telescope's image |
//! | the fit of the beam | nothing |
//! | all else that is done once | pixels |
//!
//! Nodes share the visibilities; each grids and transforms all planes, and images are added pairwise over the network.

use super::{
    Looked,
    measure::{Costs, transforms},
};
use crate::{Error, Request, telescope::Telescope};
use kernels::{GridPlan, GridderSpec, Recipe};
use serde::Serialize;
use types::{ImageGeometry, Precision};

/// Bytes per second between nodes: 100 Gbit/s.
const NETWORK_BYTES_PER_S: f64 = 12.5e9;
/// Nodes up to which real time is looked for.
const MOST_NODES: u64 = 1 << 20;

/// One hour of a telescope.
#[derive(Clone, Debug, Serialize)]
pub struct Extrapolation {
    /// The telescope and its set-up.
    pub telescope: String,
    /// Visibilities of the hour that are imaged.
    pub visibilities: f64,
    /// Pixels along each side.
    pub npix: usize,
    /// w planes.
    pub n_planes: usize,
    /// Cores of a node.
    pub cores_per_node: usize,
    /// Seconds of the passes over the data on one node.
    pub streams_s: f64,
    /// Seconds of what every node does once.
    pub once_s: f64,
    /// Processing over observed time on one node.
    pub real_time_ratio: f64,
    /// Nodes for the target; none where what each does once takes too long already.
    pub nodes: Option<u64>,
    /// Memory of a node with all planes, bytes.
    pub memory_bytes: u64,
    /// What was assumed.
    pub assumptions: Vec<String>,
}

/// Scales measured costs to a telescope.
pub(super) fn extrapolate(
    telescope: &Telescope,
    request: &Request,
    looked: &Looked,
    costs: &Costs,
    (cores, target): (usize, f64),
) -> Result<Extrapolation, Error> {
    let npix = telescope.npix();
    let geometry = ImageGeometry { nx: npix, ny: npix, cell_rad: telescope.cell_rad() };
    let recipe = recipe(geometry, (0.0, telescope.w_max_wavelengths()), request, cores)?;
    let reach = recipe_of(looked, request, cores)?;
    let visibilities = telescope.averaged_visibilities_per_s() * telescope.observed_s;
    let mut streams_s = 0.0;
    for stream in &costs.streams {
        let promise = stream.promise(cores, 1).map_err(|error| Error::Declare(error.into()))?;
        streams_s += promise.period_s / stream.size.max(1.0) * visibilities;
    }
    let pixels = (npix * npix) as f64 / (looked.geometry.nx * looked.geometry.ny) as f64;
    let once = costs.once.iter().map(|cost| {
        let factor = match cost.task.as_str() {
            "AddPlanes" => transforms(&recipe) / transforms(&reach),
            "FitBeam" | "WritePicture" => 1.0,
            _ => pixels,
        };
        cost.seconds(cores) * factor
    });
    let once_s: f64 = once.sum();
    let budget_s = target * telescope.observed_s;
    let nodes = nodes(streams_s, once_s, recipe.image_bytes as f64 / NETWORK_BYTES_PER_S, budget_s);
    Ok(Extrapolation {
        telescope: telescope.title.to_owned(),
        visibilities,
        npix,
        n_planes: recipe.n_planes,
        cores_per_node: cores,
        streams_s,
        once_s,
        real_time_ratio: (streams_s + once_s) / telescope.observed_s,
        nodes,
        memory_bytes: recipe.bytes_per_plane * recipe.n_planes as u64 + recipe.image_bytes,
        assumptions: assumptions(telescope),
    })
}

/// Fewest nodes whose run fits the budget: `streams / n + once + log2(n) × adding`.
fn nodes(streams_s: f64, once_s: f64, adding_s: f64, budget_s: f64) -> Option<u64> {
    let seconds = |n: u64| streams_s / n as f64 + once_s + (n as f64).log2().ceil() * adding_s;
    let enough = std::iter::successors(Some(1_u64), |n| n.checked_mul(2)).take_while(|n| *n <= MOST_NODES);
    let mut above = enough.into_iter().find(|&n| seconds(n) <= budget_s)?;
    let mut below = above / 2;
    while above - below > 1 {
        let middle = below.midpoint(above);
        if seconds(middle) <= budget_s { above = middle } else { below = middle }
    }
    Some(above)
}

fn recipe(
    geometry: ImageGeometry,
    w_abs_lambda: (f64, f64),
    request: &Request,
    threads: usize,
) -> Result<Recipe, Error> {
    let spec = GridderSpec {
        geometry,
        epsilon: request.epsilon,
        w_abs_lambda,
        w_correction: true,
        memory_bytes: None,
        threads,
        block_samples: 1 << 17,
    };
    Ok(match request.precision {
        Precision::Single => GridPlan::<f32>::new(&spec)?.recipe().clone(),
        Precision::Double => GridPlan::<f64>::new(&spec)?.recipe().clone(),
    })
}

/// That of the data that costs were measured on.
fn recipe_of(looked: &Looked, request: &Request, threads: usize) -> Result<Recipe, Error> {
    recipe(looked.geometry, looked.opened.w_abs_lambda, request, threads)
}

fn assumptions(telescope: &Telescope) -> Vec<String> {
    let own = telescope.assumptions.iter().map(|&text| text.to_owned());
    let ours = [
        "one dirty image of one Stokes parameter, of the whole field of view at three pixels a beam; no deconvolution",
        "a visibility costs what one of the measured data costs, reading included",
        "nodes are as fast as this machine would be with so many cores, and images are added over 100 Gbit/s",
    ];
    own.chain(ours.map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::nodes;

    #[test]
    fn nodes_share_the_stream_but_not_what_each_does_once() {
        assert_eq!(nodes(100.0, 1.0, 0.0, 11.0), Some(10));
        assert_eq!(nodes(5.0, 1.0, 0.0, 11.0), Some(1));
        assert_eq!(nodes(100.0, 12.0, 0.0, 11.0), None);
        // Adding up 16 images takes 4 s.
        assert_eq!(nodes(100.0, 0.0, 1.0, 11.0), Some(15));
    }
}
