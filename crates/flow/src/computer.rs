//! The computer that something was measured on, in the words of its system. Whoever saves a profile fills it in: nothing
//! is looked up here.

use serde::{Deserialize, Serialize};

/// What decides how fast a chain runs, as far as the system tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Computer {
    /// Name of the processor; empty where it is not known.
    pub processor: String,
    /// Processors that may be used; 0 where that is not known.
    pub cores: usize,
    /// Memory, bytes; 0 where it is not known.
    pub memory_bytes: u64,
    /// Operating system and architecture.
    pub system: String,
}
