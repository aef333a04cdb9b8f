//! Facette and casacore (in a Python process) work on one table at once.
//!
//! Needs a Python with python-casacore: `FACETTE_PYTHON`, else `python3`. `FACETTE_SLOW=1` lets the tests in which both
//! work run for 60 s instead of 5 s.

mod concurrent;
mod process;
mod python;
mod waiting;
