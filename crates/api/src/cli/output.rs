//! Standard output: data only.

use std::io::{self, Write};

use super::failure::Failure;

/// Writes text as it is.
pub(super) fn write(text: &str) -> Result<(), Failure> {
    write_bytes(text.as_bytes())
}

/// Writes bytes as they are.
pub(super) fn write_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        // Whoever read it has read enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Writes one value as a line of JSON.
pub(super) fn write_json(value: &serde_json::Value) -> Result<(), Failure> {
    write(&format!("{value}\n"))
}
