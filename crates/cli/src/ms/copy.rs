//! `facette ms copy`.

use super::{args::CopyArgs, open, print};
use crate::{output::Failure, text::quoted};
use facette::{
    Session,
    copy::{CopyRequest, copy},
};

pub(crate) fn run(args: &CopyArgs, session: &Session) -> Result<(), Failure> {
    let words = std::env::args_os().map(|word| quoted(&word.to_string_lossy()));
    let request = CopyRequest {
        table: open::path(&args.table, session)?,
        out: args.out.clone(),
        rows: args.rows.clone(),
        fields: args.field.clone(),
        ddids: args.ddid.clone(),
        scans: args.scan.clone(),
        columns: args.columns.clone(),
        overwrite: args.overwrite,
        command: words.collect::<Vec<_>>().join(" "),
    };
    let n_row = copy(&request, session)?;
    print::line(&format!("{}: {n_row} rows", args.out.display()))
}
