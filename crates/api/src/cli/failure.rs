//! How a command fails: one line, and an exit code that tells what to do.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use florin_app::error::AppError;
use florin_domain::repository::RepositoryError;
use florin_infra::db::DatabaseError;
use florin_infra::settings::SettingsError;

use crate::compose::ComposeError;

/// Refused, or found wrong.
const REFUSED: u8 = 1;
/// The command line is wrong.
pub(super) const USAGE: u8 = 2;
const SETTINGS: u8 = 3;
const DATABASE: u8 = 4;
const OTHER: u8 = 5;

/// An exit code and what to say.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    lines: Vec<String>,
}

impl Failure {
    fn new(code: u8, line: impl Into<String>) -> Self {
        Self { code, lines: vec![line.into()] }
    }

    pub(super) fn refused(line: impl Into<String>) -> Self {
        Self::new(REFUSED, line)
    }

    pub(super) fn settings(line: impl Into<String>) -> Self {
        Self::new(SETTINGS, line)
    }

    pub(super) fn database(line: impl Into<String>) -> Self {
        Self::new(DATABASE, line)
    }

    pub(super) fn other(line: impl Into<String>) -> Self {
        Self::new(OTHER, line)
    }

    /// Several settings may be unsafe at once; each gets its line.
    pub(super) fn unsafe_settings(lines: Vec<String>) -> Self {
        Self { code: SETTINGS, lines }
    }

    /// Says it on standard error.
    pub(super) fn report(self) -> ExitCode {
        let mut stderr = io::stderr().lock();
        for line in &self.lines {
            let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            // With standard error gone there is nobody to tell.
            let _ = writeln!(stderr, "florin-api: {line}");
        }
        ExitCode::from(self.code)
    }
}

/// An error and all that is behind it, on one line.
fn chain(error: &dyn Error) -> String {
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
            _ => Self::database(chain(&error)),
        }
    }
}

impl From<ComposeError> for Failure {
    fn from(error: ComposeError) -> Self {
        match error {
            ComposeError::SigningKey(_) => Self::settings(format!("auth.secret: {}", chain(&error))),
            ComposeError::Port(_) => Self::other(chain(&error)),
        }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Invalid(errors) => {
                let lines = errors.iter().map(|e| format!("{}: {}", e.pointer.trim_start_matches('/'), e.message));
                Self { code: REFUSED, lines: lines.collect() }
            }
            AppError::Unavailable(_) | AppError::StorageFull(_) => Self::database(chain(&error)),
            AppError::Internal(_) => Self::other(chain(&error)),
            _ => Self::refused(chain(&error)),
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

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::other(chain(&error))
    }
}
