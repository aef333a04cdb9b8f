//! Standard output: what cannot be written there is an error, but for a reader who has enough (`facette … | head`).

use facette::Error;
use std::{
    fmt,
    io::{ErrorKind, Write, stdout},
    process::ExitCode,
};

/// Why a command ended before its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The work failed.
    Work(Error),
    /// Nobody reads standard output any longer.
    Closed,
    /// Standard output cannot be written.
    Output(std::io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Work(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == ErrorKind::BrokenPipe { Failure::Closed } else { Failure::Output(error) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Work(error) => f.write_str(&error.full_text()),
            Failure::Closed => f.write_str("standard output is closed"),
            Failure::Output(error) => write!(f, "standard output cannot be written: {error}"),
        }
    }
}

impl Failure {
    /// Exit code of a program that ends with it; who reads no further is content.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Work(error) => error.exit_code(),
            Failure::Closed => 0,
            Failure::Output(_) => 1,
        }
    }
}

/// One line.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    Ok(writeln!(stdout(), "{text}")?)
}

/// Ends with `verdict`, whether or not all that was printed before was also read.
pub(crate) fn verdict(printed: Result<(), Failure>, verdict: ExitCode) -> Result<ExitCode, Failure> {
    match printed {
        Ok(()) | Err(Failure::Closed) => Ok(verdict),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_who_has_enough_is_no_error_and_a_full_disk_is_one() {
        let of = |kind: ErrorKind| Failure::from(std::io::Error::from(kind)).exit_code();
        assert_eq!((of(ErrorKind::BrokenPipe), of(ErrorKind::StorageFull)), (0, 1));
        assert!(verdict(Err(Failure::Closed), ExitCode::FAILURE).is_ok());
        let full = Failure::from(std::io::Error::from(ErrorKind::StorageFull));
        assert!(full.to_string().starts_with("standard output cannot be written"), "{full}");
        assert!(verdict(Err(full), ExitCode::SUCCESS).is_err());
    }
}
