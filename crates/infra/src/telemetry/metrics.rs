//! Metrics for Prometheus, rendered for whichever route serves them.

use std::sync::Mutex;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// The upper bounds, in seconds, of the buckets of every histogram whose name ends in `_seconds`.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

static HANDLE: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// The recorder cannot be installed: another one was, by other means.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be recorded")]
pub struct MetricsError(#[from] BuildError);

/// Records, from now on, what the process counts through the `metrics` crate. Installed already, it stays as it is: all
/// servers of a process share their metrics.
///
/// # Errors
/// [`MetricsError`].
pub fn install_metrics() -> Result<(), MetricsError> {
    let mut handle = HANDLE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if handle.is_none() {
        let builder =
            PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?;
        *handle = Some(builder.install_recorder()?);
    }
    Ok(())
}

/// All metrics as Prometheus reads them; nothing before [`install_metrics`].
///
/// Samples wait in memory until they are rendered. Where nobody asks for metrics, call this every few minutes all the
/// same.
#[must_use]
pub fn render_metrics() -> String {
    let handle = HANDLE.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    handle.map_or_else(String::new, |handle| {
        handle.run_upkeep();
        handle.render()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installs_once_and_renders_buckets() {
        install_metrics().unwrap();
        install_metrics().unwrap();
        metrics::counter!("florin_test_total").increment(3);
        metrics::histogram!("florin_test_seconds").record(0.003);
        let text = render_metrics();
        assert!(text.contains("florin_test_total 3"), "{text}");
        assert!(text.contains("florin_test_seconds_bucket{le=\"0.0025\"} 0"), "{text}");
        assert!(text.contains("florin_test_seconds_bucket{le=\"0.005\"} 1"), "{text}");
    }
}
