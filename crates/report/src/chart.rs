//! Charts: who worked when ([`Gantt`]), and how one quantity goes with another ([`Lines`]).
//!
//! Plain data come in, a PNG of at least 1000 × 600 pixels goes out. The bytes depend on the arguments alone. Colors are
//! told apart by people who do not see all of them, and series have markers besides. An empty chart is drawn as its
//! axes; a value that is not a number is refused.

mod axis;
mod bars;
mod gantt;
mod legend;
mod lines;
mod marker;
mod palette;
mod sheet;

pub use axis::Scale;
pub use gantt::{Gantt, Lane, Span, write_gantt};
pub use lines::{Axis, Highlight, Lines, Reference, Series, write_lines};
