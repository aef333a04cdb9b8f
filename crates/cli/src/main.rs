//! The `facette` command: text in, text out.
//!
//! Exit codes: 0 done, 1 the work failed, 2 the command line was wrong, 130 interrupted.
#![forbid(unsafe_code)]

mod args;
mod interrupt;
mod lock_args;
mod ms;
mod simulate_args;
mod terminal;
mod text;

use args::{Cli, Command};
use clap::Parser;
use facette::{Error, Session};
use std::{process::ExitCode, sync::Arc};
use terminal::Terminal;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let terminal = Arc::new(Terminal::new(cli.command.quiet(), cli.command.live()));
    let session = Session { screen: terminal.clone(), lock: cli.command.lock(), ..Session::silent() };
    interrupt::on_signal(&session, &terminal);
    interrupt::quiet_panics();
    match run(&cli.command, &session, &terminal) {
        Ok(code) => {
            terminal.tables();
            code
        }
        Err(error) => {
            match error.exit_code() {
                130 => terminal.error("interrupted: nothing was written"),
                _ => terminal.error(&error.full_text()),
            }
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(command: &Command, session: &Session, terminal: &Terminal) -> Result<ExitCode, Error> {
    match command {
        Command::Dirty(args) | Command::Psf(args) => {
            let summary = facette::run::image(&args.request(command.product())?, session)?;
            terminal.lines(&text::image(&summary));
        }
        Command::Demo(args) => {
            let summary = facette::demo::demo(&args.request()?, session)?;
            terminal.lines(&text::demo(&summary));
        }
        Command::Plan(args) => {
            let outlook = facette::outlook::outlook(&args.request()?, session)?;
            terminal.lines(&text::outlook(&outlook));
        }
        Command::Simulate(args) => {
            let summary = facette::simulation::simulate(&args.request()?, session)?;
            terminal.lines(&text::simulated(&summary));
        }
        Command::Info(args) => {
            ms::info::run(args, session)?;
        }
        Command::Ms(command) => return ms::run(command, session),
    }
    Ok(ExitCode::SUCCESS)
}
