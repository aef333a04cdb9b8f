//! The `facette` command: text in, text out.
//!
//! Exit codes: 0 done, 1 the work failed, 2 the command line was wrong, 130 interrupted.
#![forbid(unsafe_code)]

mod args;
mod interrupt;
mod lock_args;
mod ms;
mod output;
mod simulate_args;
mod terminal;
mod text;

use args::{Cli, Command};
use clap::Parser;
use facette::Session;
use output::Failure;
use std::{process::ExitCode, sync::Arc};
use terminal::Terminal;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let terminal = Arc::new(Terminal::new(cli.command.quiet(), cli.command.live()));
    let session = Session { screen: terminal.clone(), lock: cli.command.lock(), ..Session::silent() };
    interrupt::on_signal(&session, &terminal);
    interrupt::quiet_panics();
    let ended = run(&cli.command, &session, &terminal).and_then(|code| {
        terminal.tables();
        terminal.unwritten().map_or(Ok(code), Err)
    });
    ended.unwrap_or_else(|failure| end(&failure, &session, &terminal))
}

/// Says why it ended, if anybody is to know.
fn end(failure: &Failure, session: &Session, terminal: &Terminal) -> ExitCode {
    let code = match failure {
        // What is cancelled while it reads says so in many ways.
        Failure::Work(_) if session.cancel.is_cancelled() => 130,
        _ => failure.exit_code(),
    };
    match code {
        0 => {}
        130 => terminal.error("interrupted: nothing was written"),
        _ => terminal.error(&failure.to_string()),
    }
    ExitCode::from(code)
}

fn run(command: &Command, session: &Session, terminal: &Terminal) -> Result<ExitCode, Failure> {
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
