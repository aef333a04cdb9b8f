//! Options that cannot be, found before anything is opened or written.

use crate::{Error, Request, demo::DemoRequest};
use std::path::{Path, PathBuf};
use tasks::Real;
use types::{Precision, Weighting};

/// Most threads that make sense on one machine.
const MAX_THREADS: usize = 1024;
/// Briggs' parameter beyond which weights are uniform or natural anyway.
const MAX_ROBUST: f64 = 10.0;

fn wrong<T>(option: &'static str, problem: String, way_out: &str) -> Result<T, Error> {
    Err(Error::Option { option, problem, way_out: way_out.to_owned() })
}

/// Checks what can be checked without looking at the data.
pub(crate) fn request(r: &Request) -> Result<(), Error> {
    if r.cell_rad.is_some_and(|c| !c.is_normal() || c <= 0.0) {
        return wrong("cell", "the cell must be larger than zero".to_owned(), "--cell 2arcsec");
    }
    if r.npix.is_some_and(|(nx, ny)| nx == 0 || ny == 0) {
        return wrong("npix", "an image needs at least one pixel".to_owned(), "--npix 1024");
    }
    if r.read_rows == Some(0) {
        let problem = "at least one row must be read at a time".to_owned();
        return wrong("chunk-rows", problem, "--chunk-rows 16384");
    }
    if let Weighting::Briggs { robust } = r.weighting
        && !(-MAX_ROBUST..=MAX_ROBUST).contains(&robust)
    {
        let problem = format!("{robust} is outside -{MAX_ROBUST} to {MAX_ROBUST}");
        return wrong("robust", problem, "--robust 0, or --weight uniform or natural");
    }
    threads(r.threads)?;
    match r.precision {
        Precision::Single => epsilon::<f32>(r.epsilon)?,
        Precision::Double => epsilon::<f64>(r.epsilon)?,
    }
    output(&r.out)?;
    let products = r.outputs().map(|(_, path)| path);
    r.trace.as_deref().map_or(Ok(()), |path| trace(path, &products))
}

/// Checks a demonstration.
pub(crate) fn demo(r: &DemoRequest) -> Result<(), Error> {
    if !(0.0..=1e9).contains(&r.noise_jy) {
        let problem = format!("{} Jy is not between 0 and 1e9 Jy", r.noise_jy);
        return wrong("noise", problem, "--noise 0.1Jy");
    }
    threads(r.threads)?;
    epsilon::<f32>(r.epsilon)?;
    let products = crate::demo::PRODUCTS.map(|name| r.out.join(name));
    r.trace.as_deref().map_or(Ok(()), |path| trace(path, &products))
}

fn threads(asked: Option<usize>) -> Result<(), Error> {
    match asked {
        Some(0) => wrong("threads", "at least one thread is needed".to_owned(), "--threads 1"),
        Some(n) if n > MAX_THREADS => {
            wrong("threads", format!("{n} is more than {MAX_THREADS}"), "--threads 16")
        }
        _ => Ok(()),
    }
}

fn epsilon<T: Real>(epsilon: f64) -> Result<(), Error> {
    let (min, max) = (T::MIN_EPSILON, 1e-1);
    if (min..=max).contains(&epsilon) {
        return Ok(());
    }
    let problem = format!("{epsilon:e} is outside {min:e} to {max:e}, what {} precision can do", T::NAME);
    wrong("epsilon", problem, "--epsilon 1e-4, or --precision double (to 1e-12)")
}

/// Products need a name, and a table of somebody else's is no place for them.
fn output(out: &Path) -> Result<(), Error> {
    let text = out.to_string_lossy();
    if text.is_empty() || text.ends_with(std::path::MAIN_SEPARATOR) || out.file_name().is_none() {
        return wrong(
            "out",
            format!("`{text}` is a folder, not the beginning of a file name"),
            "--out image",
        );
    }
    read_only("out", out, "a folder outside of it")
}

/// A trace needs a name of its own.
pub(crate) fn trace(path: &Path, products: &[PathBuf]) -> Result<(), Error> {
    let text = path.to_string_lossy();
    let way_out = "--trace trace.json";
    if text.is_empty() || text.ends_with(std::path::MAIN_SEPARATOR) || path.file_name().is_none() {
        return wrong("trace", format!("`{text}` is not the name of a file"), way_out);
    }
    let parent = folder(path);
    let is_there = !parent.as_os_str().is_empty();
    let is_same = |product: &&PathBuf| {
        *product == path || (is_there && product.file_name() == path.file_name() && folder(product) == parent)
    };
    if let Some(product) = products.iter().find(is_same) {
        return wrong("trace", format!("{} is another product", product.display()), way_out);
    }
    read_only("trace", path, way_out)
}

/// Refuses a product inside a table.
fn read_only(option: &'static str, product: &Path, way_out: &str) -> Result<(), Error> {
    let parent = folder(product);
    if let Some(table) = parent.ancestors().find(|p| p.join("table.dat").is_file()) {
        let (product, table) = (product.display(), table.display());
        let problem = format!("{product} lies inside the table {table}, which is only read");
        return wrong(option, problem, way_out);
    }
    Ok(())
}

/// The folder that a product lies in. One that is not there is reported, in its own words, when products are about to
/// be written.
fn folder(product: &Path) -> PathBuf {
    let parent = product.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    parent.canonicalize().unwrap_or_default()
}
