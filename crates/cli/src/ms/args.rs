//! The command line of `facette ms`.

use crate::lock_args::LockArgs;
use clap::{Args, Subcommand, ValueEnum};
use facette::export::Format;
use std::{ops::Range, path::PathBuf};

const INFO_EXAMPLE: &str = "Examples:
  facette ms info my.ms                what listobs shows, and a suggested cell and size
  facette ms info my.ms --json | jq '.spectral_windows[].channels'
  facette ms info my.ms::ANTENNA       any other table: rows, columns, keywords";

const COLUMNS_EXAMPLE: &str = "Examples:
  facette ms columns my.ms             name, type, shape, unit, measure and storage manager
  facette ms columns my.ms::SPECTRAL_WINDOW";

const SHOW_EXAMPLE: &str = "Examples:
  facette ms show my.ms 'DATA[0:10]'          rows 0 to 9
  facette ms show my.ms TIME UVW'[-5:]'       the last five rows of two columns
  facette ms show my.ms::ANTENNA NAME POSITION
  facette ms show my.ms 'FLAG[7]' --all       every element of one cell
Shapes have the slowest axis first: a cell of DATA is [channels, correlations].";

const CHECK_EXAMPLE: &str = "Examples:
  facette ms check my.ms               reads everything, reports every damage, writes nothing
  facette ms check my.ms --json
Exit codes: 0 nothing is damaged, 1 something is.";

const DIFF_EXAMPLE: &str = "Examples:
  facette ms diff a.ms b.ms                          every cell of every table
  facette ms diff a.ms b.ms --columns DATA --rtol 1e-5
  facette ms diff a.ms::FIELD b.ms::FIELD
Floating-point and complex numbers a and b may differ by ATOL + RTOL * |b|; whole numbers, truth values and text must be
equal. Exit codes: 0 the same, 1 different, 2 the command was wrong.";

const EXPORT_EXAMPLE: &str = "Examples:
  facette ms export my.ms --out my.parquet                      main.parquet, ANTENNA.parquet, …
  facette ms export my.ms --out my.arrow --format arrow         the same as Arrow IPC (Feather) files
  facette ms export my.ms --out uvw --columns UVW,TIME,ANTENNA1,ANTENNA2
In Python: pyarrow.parquet.read_table('my.parquet/main.parquet'). Complex numbers are lists of two, units and measures
stand in the metadata under casacore.keywords. The same MeasurementSet gives the same bytes.";

const COPY_EXAMPLE: &str = "Examples:
  facette ms copy my.ms whole.ms                      all of it; compressed columns stay as they are
  facette ms copy my.ms target.ms --field 1 --scan 3,4
  facette ms copy my.ms short.ms --rows 0:10000 --columns UVW,DATA,FLAG,ANTENNA1,ANTENNA2,TIME
  facette ms copy my.ms::SORTED_TABLE sorted.ms       rows of another table become its own
Subtables are copied whole. The copy's HISTORY says where it is from.";

/// Looking into MeasurementSets and other casacore tables; nothing is ever written into them.
#[derive(Subcommand)]
pub(crate) enum MsCommand {
    /// Say what a MeasurementSet holds: times, scans, fields, spectral windows, antennas, columns
    #[command(after_help = INFO_EXAMPLE)]
    Info(InfoArgs),
    /// List columns with type, shape, unit, measure and storage manager
    #[command(after_help = COLUMNS_EXAMPLE)]
    Columns(ColumnsArgs),
    /// Print cells
    #[command(after_help = SHOW_EXAMPLE)]
    Show(ShowArgs),
    /// Read everything and report every damage
    #[command(after_help = CHECK_EXAMPLE)]
    Check(CheckArgs),
    /// Compare two tables cell by cell
    #[command(after_help = DIFF_EXAMPLE)]
    Diff(DiffArgs),
    /// Write a table and its subtables as Parquet or Arrow IPC (Feather) files
    #[command(after_help = EXPORT_EXAMPLE)]
    Export(ExportArgs),
    /// Copy a table with its subtables, all of it or some rows and columns
    #[command(after_help = COPY_EXAMPLE)]
    Copy(CopyArgs),
}

#[derive(Args)]
pub(crate) struct InfoArgs {
    /// MeasurementSet, or another table
    #[arg(value_name = "MS")]
    pub ms: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub lock: LockArgs,
}

#[derive(Args)]
pub(crate) struct ColumnsArgs {
    /// Table, such as my.ms or my.ms::FIELD
    #[arg(value_name = "TABLE")]
    pub table: PathBuf,
    #[command(flatten)]
    pub lock: LockArgs,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    /// Table, such as my.ms or my.ms::FIELD
    #[arg(value_name = "TABLE")]
    pub table: PathBuf,
    #[arg(
        value_name = "COLUMN[ROWS]",
        required = true,
        help = "Column and rows, such as DATA[0:10], UVW[5], TIME[-3:]; without rows the first ten"
    )]
    pub columns: Vec<String>,
    /// Print every element, not only the first and last of long cells
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub lock: LockArgs,
}

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// MeasurementSet, or another table
    #[arg(value_name = "MS")]
    pub ms: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub lock: LockArgs,
}

#[derive(Args)]
pub(crate) struct DiffArgs {
    /// First table
    #[arg(value_name = "A")]
    pub first: PathBuf,
    /// Second table
    #[arg(value_name = "B")]
    pub second: PathBuf,
    /// Only these columns, and no subtables
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    pub columns: Vec<String>,
    /// Allowed difference of floating-point numbers, relative to the value of B
    #[arg(long, default_value_t = 0.0, value_parser = tolerance, value_name = "RTOL")]
    pub rtol: f64,
    /// Allowed difference of floating-point numbers, in the column's unit
    #[arg(long, default_value_t = 0.0, value_parser = tolerance, value_name = "ATOL")]
    pub atol: f64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub lock: LockArgs,
}

#[derive(Args)]
pub(crate) struct ExportArgs {
    /// Table, such as my.ms or my.ms::FIELD
    #[arg(value_name = "TABLE")]
    pub table: PathBuf,
    /// Folder that is made; it appears when all of it is written
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Format of the files
    #[arg(long, value_enum, default_value = "parquet")]
    pub format: FormatArg,
    /// Only these columns, and no subtables
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    pub columns: Vec<String>,
    /// No subtables
    #[arg(long)]
    pub main_only: bool,
    /// Replace the folder if it exists
    #[arg(long)]
    pub overwrite: bool,
    #[command(flatten)]
    pub lock: LockArgs,
}

#[derive(Args)]
pub(crate) struct CopyArgs {
    /// Table, such as my.ms or my.ms::FIELD
    #[arg(value_name = "TABLE")]
    pub table: PathBuf,
    /// Where the copy is to be; it appears when all of it is written
    #[arg(value_name = "OUT")]
    pub out: PathBuf,
    /// Only these rows, FIRST:END, the last one not included; may be given several times
    #[arg(long, value_parser = rows, value_name = "FIRST:END")]
    pub rows: Vec<Range<u64>>,
    /// Only rows of these fields, by FIELD_ID
    #[arg(long, value_delimiter = ',', value_name = "N,…")]
    pub field: Vec<i32>,
    /// Only rows of these data descriptions (spectral window and correlations)
    #[arg(long, value_delimiter = ',', value_name = "N,…")]
    pub ddid: Vec<i32>,
    /// Only rows of these scans
    #[arg(long, value_delimiter = ',', value_name = "N,…")]
    pub scan: Vec<i32>,
    /// Only these columns
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    pub columns: Vec<String>,
    /// Replace a table that is there
    #[arg(long)]
    pub overwrite: bool,
    #[command(flatten)]
    pub lock: LockArgs,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FormatArg {
    /// Encoded and smaller
    Parquet,
    /// Arrow IPC, also called Feather: fast to write and to map
    Arrow,
}

impl From<FormatArg> for Format {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Parquet => Format::Parquet,
            FormatArg::Arrow => Format::Ipc,
        }
    }
}

fn rows(text: &str) -> Result<Range<u64>, String> {
    let ends = text.split_once(':').and_then(|(first, end)| Some(first.parse().ok()?..end.parse().ok()?));
    ends.filter(|rows| rows.start < rows.end).ok_or_else(|| "expected FIRST:END, such as 0:1000".to_owned())
}

fn tolerance(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok().filter(|v: &f64| v.is_finite() && *v >= 0.0);
    number.ok_or_else(|| "expected a number from 0 on, such as 1e-5".to_owned())
}
