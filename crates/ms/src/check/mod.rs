//! Is a MeasurementSet whole? First its structure, then what its tables say of each other.

mod identifiers;
mod required;
mod rotation;
mod shapes;
mod uvw;

use std::path::Path;
use tables::{Finding, OpenOptions, Severity, Table, Walk};

pub use uvw::{Direction, UvwDirection};

/// What was looked at, and what was found.
#[derive(Clone, Debug)]
pub struct MsCheck {
    /// The structure of all tables, and everything that was found.
    pub walk: Walk,
    /// Whether it is a MeasurementSet; of other tables only the structure is looked at.
    pub is_ms: bool,
    /// Which way UVW are; `None` for what is no MeasurementSet, or one without its columns.
    pub uvw: Option<UvwDirection>,
}

impl MsCheck {
    /// Looks at everything below `path` and reads every cell; goes on behind damage, so that all of it is found in one
    /// run. Damage is among the findings, never an error. Tables are opened as `options` say.
    pub fn of(path: &Path, options: &OpenOptions) -> MsCheck {
        let mut check = MsCheck { walk: Walk::through(path, options), is_ms: false, uvw: None };
        let Ok(main) = Table::open_with(path, options) else { return check };
        check.is_ms =
            main.info().table_type.trim() == "Measurement Set" || main.keywords().get("MS_VERSION").is_some();
        if !check.is_ms {
            let problem = "is no MeasurementSet: only its structure was looked at";
            check.walk.findings.push(Finding::new(Severity::Note, path, problem));
            return check;
        }
        let found = &mut check.walk.findings;
        required::check(&main, found);
        identifiers::check(&main, found);
        shapes::check(&main, found);
        check.uvw = uvw::check(&main, options, found);
        check
    }

    /// Whether nothing is damaged.
    pub fn is_sound(&self) -> bool {
        self.walk.is_sound()
    }
}

/// The rows of a block after `start` where `wrong` holds, as ranges; at most `most` of them are kept.
fn note_rows(out: &mut Vec<std::ops::Range<u64>>, row: u64, most: usize) {
    let n = out.len();
    match out.last_mut() {
        Some(last) if last.end == row => last.end += 1,
        _ if n < most => out.push(row..row + 1),
        _ => {}
    }
}
