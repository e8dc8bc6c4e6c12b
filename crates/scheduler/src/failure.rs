//! How the program fails: one line, and an exit code that tells what to do.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use florin_app::error::AppError;
use florin_domain::repository::RepositoryError;
use florin_infra::db::{DatabaseError, SchemaState};
use florin_infra::settings::SettingsError;

/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
const SETTINGS: u8 = 3;
const DATABASE: u8 = 4;
const OTHER: u8 = 5;

/// An exit code and what to say.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    lines: Vec<String>,
}

impl Failure {
    fn new(code: u8, line: impl Into<String>) -> Self {
        Self { code, lines: vec![line.into()] }
    }

    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self::new(USAGE, line)
    }

    pub(crate) fn settings(line: impl Into<String>) -> Self {
        Self::new(SETTINGS, line)
    }

    pub(crate) fn other(line: impl Into<String>) -> Self {
        Self::new(OTHER, line)
    }

    /// A database that is not as this program needs it.
    pub(crate) fn schema(state: &SchemaState) -> Self {
        Self::new(DATABASE, state.to_string())
    }

    /// Several settings may be unsafe at once; each gets its line.
    pub(crate) const fn unsafe_settings(lines: Vec<String>) -> Self {
        Self { code: SETTINGS, lines }
    }

    /// Says it on standard error.
    pub(crate) fn report(self) -> ExitCode {
        let mut stderr = io::stderr().lock();
        for line in &self.lines {
            let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            // With standard error gone there is nobody to tell.
            let _ = writeln!(stderr, "florin-scheduler: {line}");
        }
        ExitCode::from(self.code)
    }
}

/// An error and all that is behind it, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        line = format!("{line}: {source}");
        next = source.source();
    }
    line
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::settings(chain(&error))
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::UnknownScheme | DatabaseError::MalformedAddress => {
                Self::settings(format!("database.url: {}", chain(&error)))
            }
            _ => Self::new(DATABASE, chain(&error)),
        }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Unavailable(_) | AppError::StorageFull(_) => Self::new(DATABASE, chain(&error)),
            _ => Self::other(chain(&error)),
        }
    }
}

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        AppError::from(error).into()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::other(chain(&error))
    }
}
