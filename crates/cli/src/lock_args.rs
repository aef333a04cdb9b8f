//! `--no-lock`, and which commands have it.

use crate::{args::Command, ms::MsCommand};
use clap::Args;
use facette::ms::LockOption;

#[derive(Args)]
pub(crate) struct LockArgs {
    /// Take no locks on tables that are read: for file systems where locks hang; right only while no other program writes
    /// them
    #[arg(long)]
    no_lock: bool,
}

impl Command {
    /// How tables are locked.
    pub(crate) fn lock(&self) -> LockOption {
        let lock = match self {
            Command::Dirty(args) | Command::Psf(args) => &args.lock,
            Command::Plan(args) => &args.image.lock,
            Command::Info(args) | Command::Ms(MsCommand::Info(args)) => &args.lock,
            Command::Ms(MsCommand::Columns(args)) => &args.lock,
            Command::Ms(MsCommand::Show(args)) => &args.lock,
            Command::Ms(MsCommand::Check(args)) => &args.lock,
            Command::Ms(MsCommand::Diff(args)) => &args.lock,
            Command::Ms(MsCommand::Export(args)) => &args.lock,
            Command::Ms(MsCommand::Copy(args)) => &args.lock,
            Command::Demo(_) | Command::Simulate(_) => return LockOption::default(),
        };
        if lock.no_lock { LockOption::NoLock } else { LockOption::Auto }
    }
}
