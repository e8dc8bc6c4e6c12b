//! Notifications as lines of JSON, one an object, for whatever reads the scheduler's output.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use florin_app::port::{NotificationSink, SinkError};
use florin_domain::notification::delivery::Leased;
use tokio::sync::Mutex;

use super::payload::Payload;
use super::{later, refused};

/// What lines are written to.
struct Output {
    to: Box<dyn Write + Send>,
    /// Whether the last line was left half-way, such as by a disk that was full.
    is_torn: bool,
}

impl Output {
    /// Writes a line. After half of one it begins on a line of its own, so that it can be read.
    fn write(&mut self, line: &str) -> io::Result<()> {
        let line = if self.is_torn { format!("\n{line}\n") } else { format!("{line}\n") };
        let mut rest = line.as_bytes();
        while !rest.is_empty() {
            match self.to.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.is_torn = true;
                    rest = rest.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.to.flush()?;
        self.is_torn = false;
        Ok(())
    }
}

/// Writes each notification as a line, which is flushed before it counts as delivered.
#[derive(Clone)]
pub struct LogSink {
    output: Arc<Mutex<Output>>,
    timeout: Duration,
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogSink").finish_non_exhaustive()
    }
}

impl LogSink {
    /// To standard output; a line that cannot be written within `timeout` is tried again later.
    #[must_use]
    pub fn standard_output(timeout: Duration) -> Self {
        // Without the buffer of the library, which would keep what could not be written.
        match io::stdout().as_fd().try_clone_to_owned() {
            Ok(output) => Self::to(Box::new(File::from(output)), timeout),
            Err(_) => Self::to(Box::new(io::stdout()), timeout),
        }
    }

    /// The same to anything.
    #[must_use]
    pub fn to(output: Box<dyn Write + Send>, timeout: Duration) -> Self {
        let output = Output { to: output, is_torn: false };
        Self { output: Arc::new(Mutex::new(output)), timeout }
    }
}

#[async_trait]
impl NotificationSink for LogSink {
    async fn deliver(&self, delivery: &Leased) -> Result<(), SinkError> {
        let line = serde_json::to_string(&Payload::from(&delivery.notification));
        let line = line.map_err(|_| refused("it cannot be written as JSON"))?;
        let writing = async {
            let mut output = Arc::clone(&self.output).lock_owned().await;
            // Whoever reads may be slow. The lock goes along, so that lines never mix, and whoever waits for it waits for a
            // lock and not in a thread.
            let written = tokio::task::spawn_blocking(move || output.write(&line));
            match written.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(later(format!("the output cannot be written to: {}", error.kind()))),
                Err(_) => Err(later("the writer of the output ended")),
            }
        };
        tokio::time::timeout(self.timeout, writing).await.unwrap_or_else(|_| Err(later("nobody reads the output")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, and then is full until it is emptied.
    struct Disk {
        room: usize,
        written: Arc<std::sync::Mutex<Vec<u8>>>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room);
            if taken == 0 {
                self.room = 1000;
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= taken;
            self.written.lock().unwrap().extend(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn half_a_line_spoils_no_other() {
        for (room, expected) in [(5, "{\"id\"\n{\"id\":1}\n{\"id\":2}\n"), (0, "{\"id\":1}\n{\"id\":2}\n")] {
            let written = Arc::default();
            let disk = Disk { room, written: Arc::clone(&written) };
            let mut output = Output { to: Box::new(disk), is_torn: false };
            assert!(output.write("{\"id\":1}").is_err());
            output.write("{\"id\":1}").unwrap();
            output.write("{\"id\":2}").unwrap();
            assert_eq!(String::from_utf8(written.lock().unwrap().clone()).unwrap(), expected);
        }
    }
}
