//! What can go wrong with a MeasurementSet, and what to do about it.

use std::path::PathBuf;

/// A MeasurementSet that cannot be read as asked. The first line of a message says what is wrong, the indented lines
/// below it what there is and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The table below cannot be read.
    #[error(transparent)]
    Table(#[from] tables::Error),

    /// A table that lacks what every MeasurementSet has.
    #[error(
        "{path} is a table but no MeasurementSet: it has no {missing}\n  \
         try: the directory of a MeasurementSet (version 2); calibration tables cannot be imaged"
    )]
    NotMeasurementSet {
        /// The table.
        path: PathBuf,
        /// Names of the columns or subtables.
        missing: String,
    },

    /// A subtable that is named by a keyword is not there.
    #[error(
        "cannot open the subtable {name} of {path}: {cause}\n  \
         try: copy the MeasurementSet again with all its subdirectories"
    )]
    Subtable {
        /// The MeasurementSet.
        path: PathBuf,
        /// Name of the subtable.
        name: &'static str,
        /// Why.
        cause: Box<tables::Error>,
    },

    /// No field of this number or name, or more than one of this name.
    #[error("{wrong} in {path}\n  it has {fields}\n  try: --field {hint}")]
    Field {
        /// The MeasurementSet.
        path: PathBuf,
        /// What was asked for and is wrong with it.
        wrong: String,
        /// The fields there are.
        fields: String,
        /// One that can be asked for.
        hint: usize,
    },

    /// No data description of this number.
    #[error("no data description {ddid} in {path}\n  it has {found}\n  try: --ddid 0")]
    DataDescription {
        /// The MeasurementSet.
        path: PathBuf,
        /// What was asked for.
        ddid: usize,
        /// The data descriptions there are.
        found: String,
    },

    /// An empty range of channels, or one that ends beyond the last channel.
    #[error(
        "no channels {start} to {end} (exclusive) in {path}\n  spectral window {spw} has {n_chan} channels\n  \
         try: --chan-start 0 --chan-end {n_chan}"
    )]
    Channels {
        /// The MeasurementSet.
        path: PathBuf,
        /// First channel asked for.
        start: usize,
        /// Channel behind the last one asked for.
        end: usize,
        /// The spectral window of the data description.
        spw: usize,
        /// Its channels.
        n_chan: usize,
    },

    /// No column of this name, or one that does not hold visibilities.
    #[error("{wrong} in {path}\n  it has {found}{hint}")]
    Column {
        /// The MeasurementSet.
        path: PathBuf,
        /// What was asked for and is wrong with it.
        wrong: String,
        /// The data columns there are, with type and shape.
        found: String,
        /// The option to try, on a line of its own; empty where there is no data column.
        hint: String,
    },

    /// No row is left.
    #[error(
        "no cross-correlations of field {field} with data description {ddid} in {path}\n  {counts}{hint}"
    )]
    NothingSelected {
        /// The MeasurementSet.
        path: PathBuf,
        /// Number of the field.
        field: usize,
        /// Number of the data description.
        ddid: usize,
        /// How many rows the field and the data description have separately and together.
        counts: String,
        /// A selection that has rows, on a line of its own; empty where there is none.
        hint: String,
    },

    /// A phase center in a frame that images cannot be made in.
    #[error(
        "the phase center of field {field} `{name}` in {path} is given in {frame}\n  \
         expected J2000, FK5, ICRS or B1950\n  try: another --field, or a copy with the phase center converted to J2000"
    )]
    Frame {
        /// The MeasurementSet.
        path: PathBuf,
        /// Number of the field.
        field: usize,
        /// Its name.
        name: String,
        /// What the MeasurementSet says.
        frame: String,
    },

    /// A subtable does not have a row that another one refers to.
    #[error(
        "{path} is incomplete: {wanted_by} needs row {row} of {subtable}, which has {n_row} rows\n  \
         try: write the MeasurementSet again with the program that made it"
    )]
    MissingRow {
        /// The MeasurementSet.
        path: PathBuf,
        /// Which row refers to it.
        wanted_by: String,
        /// The subtable.
        subtable: &'static str,
        /// The row referred to.
        row: i64,
        /// Rows it has.
        n_row: usize,
    },

    /// A subtable says something that cannot be.
    #[error(
        "{path}: {what} is {got}, expected {expected}\n  \
         try: another --field or --ddid, or write the MeasurementSet again"
    )]
    Invalid {
        /// The MeasurementSet.
        path: PathBuf,
        /// Subtable, column and row.
        what: String,
        /// What it says.
        got: String,
        /// What it may say.
        expected: String,
    },

    /// A cell of the main table that was never written.
    #[error(
        "{column} has no value in row {row} of {path}\n  \
         try: another --column, or fill it with the program that made the MeasurementSet"
    )]
    UndefinedCell {
        /// The MeasurementSet.
        path: PathBuf,
        /// The column.
        column: String,
        /// The first such row.
        row: u64,
    },

    /// A cell of the main table that does not fit its data description.
    #[error(
        "{column} is {got} in row {row} of {path}, expected {expected} from its data description\n  \
         try: another --column or --ddid"
    )]
    CellShape {
        /// The MeasurementSet.
        path: PathBuf,
        /// The column.
        column: String,
        /// The first such row.
        row: u64,
        /// Shape found, slowest axis first.
        got: String,
        /// Shape expected, slowest axis first.
        expected: String,
    },
}

/// A shape such as `64 × 4`; `a scalar` where it has no axis.
pub(crate) fn shape_text(shape: &[usize]) -> String {
    if shape.is_empty() {
        return "a scalar".to_owned();
    }
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}
