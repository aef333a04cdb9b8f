//! `facette ms export`.

use super::{args::ExportArgs, open, print};
use crate::output::Failure;
use facette::{
    Error, Session,
    export::{Request, export},
    types::format_bytes,
};
use std::io::{Write, stderr};

pub(crate) fn run(args: &ExportArgs, session: &Session) -> Result<(), Failure> {
    let table = open::table(&args.table, session)?;
    let request = Request {
        table: &table,
        out: &args.out,
        format: args.format.into(),
        columns: args.columns.clone(),
        subtables: !args.main_only && args.columns.is_empty(),
        overwrite: args.overwrite,
    };
    let written = export(&request).map_err(Error::Export)?;
    for what in &written.left_out {
        drop(writeln!(stderr(), "left out: {what}"));
    }
    written.files.iter().try_for_each(|file| print::line(&file.display().to_string()))?;
    let n = written.files.len();
    let files = if n == 1 { "1 file".to_owned() } else { format!("{n} files") };
    print::line(&format!("{files}, {}", format_bytes(written.n_byte)))
}
