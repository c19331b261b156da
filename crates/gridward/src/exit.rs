//! How the program ends, in numbers that scripts rely on (contracts.md).

use std::process::ExitCode;

/// Why a command did not do all it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It failed.
    Failed = 1,
    /// It was called wrongly.
    Usage = 2,
    /// What it asked for is not there.
    NotFound = 3,
    /// It may not.
    NotAllowed = 4,
    /// Something else is in the way.
    Conflict = 5,
    /// Some of it was done.
    Partly = 6,
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        Self::from(failure as u8)
    }
}

/// An error with the exit code it ends in.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) failure: Failure,
    pub(crate) error: anyhow::Error,
}

impl Exit {
    pub(crate) fn new(failure: Failure, message: impl Into<String>) -> Self {
        Self { failure, error: anyhow::anyhow!(message.into()) }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Exit {
    fn from(error: E) -> Self {
        Self { failure: Failure::Failed, error: error.into() }
    }
}

/// What a command comes to.
pub(crate) type Done = Result<(), Exit>;

/// The exit code of a program that ends like this, once its error is told.
pub(crate) fn code(done: Done) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Exit { failure, error }) => {
            talk(format_args!("gridward: {error:#}"));
            failure.into()
        }
    }
}

/// Data goes to stdout. When nobody reads it any more (`| head`), the program ends quietly, as every tool in a pipe does.
pub(crate) fn data(line: impl std::fmt::Display) {
    use std::io::Write as _;
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

/// Talk goes to stderr; when nobody listens, nothing is lost.
pub(crate) fn talk(line: impl std::fmt::Display) {
    use std::io::Write as _;
    let _unheard = writeln!(std::io::stderr(), "{line}");
}
