//! What the tests share: reading a selection to its end.
#![allow(dead_code, reason = "each test program uses a part")]

use facette_ms::{Error, FieldRef, Ms, Read, Selected, Selection};
use types::{Complex32, VisChunk};

/// All rows of a selection.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct All {
    pub(crate) uvw_m: Vec<[f64; 3]>,
    pub(crate) vis_rfc: Vec<Complex32>,
    pub(crate) flag_rfc: Vec<bool>,
    pub(crate) weight_rfc: Vec<f32>,
}

pub(crate) fn fixture(name: &str) -> Ms {
    Ms::open(testkit::fixture(name)).unwrap()
}

pub(crate) fn select(ms: &Ms, field: usize, ddid: usize, column: &str) -> Result<Selected, Error> {
    let column = column.to_owned();
    ms.select(&Selection { field: FieldRef::Id(field), ddid, column, ..Selection::default() })
}

pub(crate) fn read(chunk_rows: usize, read_rows: usize) -> Read {
    Read { chunk_rows, read_rows, data: true, flags_and_weights: true }
}

pub(crate) fn chunks(selected: &Selected, read: Read) -> Result<Vec<VisChunk>, Error> {
    let mut stream = selected.chunks(read)?;
    std::iter::from_fn(|| stream.next().transpose()).collect()
}

/// Reads all rows and checks that the chunks are numbered, full but for the last, and of consistent lengths.
#[track_caller]
pub(crate) fn read_all(selected: &Selected, read: Read) -> All {
    let chunks = chunks(selected, read).unwrap();
    let mut all = All::default();
    for (i, chunk) in chunks.iter().enumerate() {
        assert_eq!(chunk.i_chunk, i);
        assert!(chunk.n_row() == read.chunk_rows || i + 1 == chunks.len() && chunk.n_row() < read.chunk_rows);
        assert_eq!(chunk.vis_rfc.len(), chunk.n_sample());
        assert_eq!(chunk.flag_rfc.len(), chunk.n_sample());
        assert_eq!(chunk.weight_rfc.len(), chunk.n_sample());
        all.uvw_m.extend(&chunk.uvw_m);
        all.vis_rfc.extend(&chunk.vis_rfc);
        all.flag_rfc.extend(&chunk.flag_rfc);
        all.weight_rfc.extend(&chunk.weight_rfc);
    }
    all
}

/// The message of an error.
#[track_caller]
pub(crate) fn message<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("no error"),
        Err(err) => err.to_string(),
    }
}
