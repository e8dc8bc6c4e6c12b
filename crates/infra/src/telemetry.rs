//! What operators see: log events on standard error, metrics for Prometheus.

mod filter;
mod metrics;
mod one_line;

pub use filter::{InvalidLevel, filter_of};
pub use metrics::{MetricsError, install_metrics, render_metrics};

use std::io;

use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, layer::SubscriberExt};

use crate::settings::{Log, LogFormat};
use one_line::OneLine;

/// Sends log events to standard error from now on, one line each, in the format and down to the level of the settings.
/// When this process logs already, that goes on unchanged.
///
/// Control characters in an event, line breaks included, are written as `\u000a` and the like: text that a user sent can
/// neither begin a line of its own nor move the cursor of whoever reads it.
///
/// # Errors
/// [`InvalidLevel`].
pub fn init_logging(log: &Log) -> Result<(), InvalidLevel> {
    let filter = filter_of(&log.level)?;
    let _ = Registry::default().with(layer(filter, log.format, io::stderr)).try_init();
    Ok(())
}

/// A panic becomes a log event, with the request that it happened in, instead of loose lines on standard error.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, message, "a part of the program panicked");
    }));
}

fn layer<W: io::Write + 'static>(
    filter: EnvFilter,
    format: LogFormat,
    output: impl Fn() -> W + Send + Sync + 'static,
) -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = fmt::layer().with_ansi(false).with_writer(move || OneLine::new(output()));
    match format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_filter(filter).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, level: &str, log: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let layer = layer(filter_of(level).unwrap(), format, move || writer.clone());
        tracing::subscriber::with_default(Registry::default().with(layer), log);
        String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap()
    }

    const FORGED: &str = "ana\n2026-01-01T00:00:00Z  INFO florin: admin made\r\x1b[2J\u{9b}31m\u{7f}\u{2028}";

    #[test]
    fn text_that_a_user_sent_stays_on_its_line() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let text = logged(format, "info", || {
                let span = tracing::info_span!("request", agent = %FORGED);
                let _entered = span.enter();
                tracing::info!(name = %FORGED, again = ?FORGED, "log-in of {FORGED}");
            });
            assert_eq!(text.matches('\n').count(), 1, "{text:?}");
            assert!(text.ends_with('\n'));
            assert!(!text.trim_end_matches('\n').chars().any(|c| c.is_control() || c == '\u{2028}'), "{text:?}");
            if format == LogFormat::Json {
                let line: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(line["name"], FORGED);
            }
        }
    }

    #[test]
    fn statements_are_not_logged_unless_asked_for() {
        let log = || {
            tracing::info!(target: "sqlx::query", "SELECT 1");
            tracing::info!(target: "florin_infra", "ready");
        };
        assert!(!logged(LogFormat::Text, "info", log).contains("SELECT"));
        assert!(logged(LogFormat::Text, "info", log).contains("ready"));
        assert!(logged(LogFormat::Text, "info,sqlx=info", log).contains("SELECT"));
        assert_eq!(logged(LogFormat::Text, "off", log), "");
    }
}
