//! Starting other programs from the root of the repository.

use crate::repo;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Cargo itself: the one that runs us, else the one on the path; started at the root of the repository.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.current_dir(repo::root());
    command
}

/// Runs a command on our own terminal.
///
/// # Errors
/// When it cannot be started or ends with another exit code than 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", text(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", text(command));
    }
    Ok(())
}

/// Runs a command and gives what it wrote to standard output; its standard error stays on ours.
///
/// # Errors
/// When it cannot be started, fails, or writes something that is not UTF-8.
pub(crate) fn stdout(command: &mut Command) -> Result<String> {
    let shown = text(command);
    let output =
        (command.stderr(Stdio::inherit()).output()).with_context(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        bail!("{shown} ended with {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("output of {shown}"))
}

/// Runs a command and hands out each line of its two outputs, in the order in which they were written.
///
/// Both go through one pipe: that is what keeps cargo's `Running …` before the results of that test program.
///
/// # Errors
/// When it cannot be started or read; whether it succeeded is the result.
pub(crate) fn lines(command: &mut Command, mut each: impl FnMut(&str)) -> Result<bool> {
    let (reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot start {}", text(command)))?;
    // The command keeps both ends that the child inherited; while they are open the pipe does not end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for line in BufReader::new(reader).split(b'\n') {
        each(String::from_utf8_lossy(&line?).trim_end_matches('\r'));
    }
    Ok(child.wait()?.success())
}

/// The command as one would type it.
fn text(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    let args = command.get_args().map(|a| a.to_string_lossy().into_owned());
    std::iter::once(program).chain(args).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_outputs_arrive_in_order_and_failure_is_seen() {
        let mut seen = Vec::new();
        let mut command = Command::new("sh");
        let ok =
            lines(command.args(["-c", "echo a; echo b >&2; echo c; exit 3"]), |l| seen.push(l.to_owned()));
        assert!(!ok.unwrap());
        assert_eq!(seen, ["a", "b", "c"]);
    }

    #[test]
    fn a_failing_command_is_named() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(error.starts_with("sh -c exit 3 ended with"), "{error}");
        assert_eq!(stdout(Command::new("sh").args(["-c", "echo x"])).unwrap(), "x\n");
    }
}
