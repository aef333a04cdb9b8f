//! `facette ms`: looking into MeasurementSets and other tables.

mod args;
mod check;
mod columns;
mod copy;
mod diff;
mod export;
pub(crate) mod info;
mod open;
mod place;
mod print;
mod show;

pub(crate) use args::{InfoArgs, MsCommand};

use crate::output::Failure;
use facette::{Error, Session, flow};
use std::process::ExitCode;

pub(crate) fn run(command: &MsCommand, session: &Session) -> Result<ExitCode, Failure> {
    match command {
        MsCommand::Info(args) => info::run(args, session).map(|()| ExitCode::SUCCESS),
        MsCommand::Columns(args) => columns::run(args, session).map(|()| ExitCode::SUCCESS),
        MsCommand::Show(args) => show::run(args, session).map(|()| ExitCode::SUCCESS),
        MsCommand::Export(args) => export::run(args, session).map(|()| ExitCode::SUCCESS),
        MsCommand::Copy(args) => copy::run(args, session).map(|()| ExitCode::SUCCESS),
        MsCommand::Check(args) => check::run(args, session),
        MsCommand::Diff(args) => diff::run(args, session),
    }
}

/// An error once the command was interrupted: what was found until then is not all there is.
fn still_wanted(session: &Session) -> Result<(), Error> {
    if session.cancel.is_cancelled() { Err(flow::Error::Cancelled.into()) } else { Ok(()) }
}
