//! `facette ms copy`.

use super::{args::CopyArgs, open, print};
use crate::text::quoted;
use facette::{
    Error, Session,
    copy::{CopyRequest, copy},
};

pub(crate) fn run(args: &CopyArgs, session: &Session) -> Result<(), Error> {
    let words = std::env::args().map(|word| quoted(&word));
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
    print::line(&format!("{}: {n_row} rows", args.out.display()));
    Ok(())
}
