//! `serve`.

use std::sync::Arc;
use std::time::Duration;

use florin_app::port::Clock;
use florin_infra::clock::SystemClock;
use florin_infra::db::Database;
use florin_infra::otp::OtpDeliverer;
use florin_infra::settings::Settings;
use florin_infra::telemetry;

use super::database::is_embedded;
use super::failure::Failure;
use crate::compose;
use crate::housekeeping::{EVERY, FIRST, keep};
use crate::server::Application;

/// How long closing the database may take once nothing is served any more.
const CLOSING: Duration = Duration::from_secs(1);
/// How long codes that still wait may take to be sent once nothing is served any more.
const FLUSHING: Duration = Duration::from_millis(2500);
/// How often samples are digested when nobody asks for the metrics.
const DIGEST: Duration = Duration::from_secs(60);

pub(super) async fn serve(settings: &Settings, migrate: bool) -> Result<(), Failure> {
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    telemetry::install_metrics().map_err(|error| Failure::other(error.to_string()))?;
    let embedded = is_embedded(settings);
    let database = Database::of(settings, embedded).await?;
    if embedded || migrate {
        for name in database.migrate().await? {
            tracing::info!(name, "migrated");
        }
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let codes = OtpDeliverer::new(settings, &clock).map_err(|error| Failure::settings(error.to_string()))?;
    let services = compose::services(settings, &database, clock, codes.sender())?;
    let application = Application::build(services, settings)
        .map_err(|error| Failure::other(format!("server.bind: {}: {error}", settings.server.bind)))?;

    let url = format!("http://{}", application.address());
    tracing::info!(
        environment = %settings.environment, database = database.backend_name(),
        "listening on {url}; API {url}/api/v1, documentation {url}/docs/"
    );
    let digesting = tokio::spawn(async {
        loop {
            tokio::time::sleep(DIGEST).await;
            drop(telemetry::render_metrics());
        }
    });
    let housekeeping = Arc::new(compose::housekeeping(settings, &database, Arc::new(SystemClock)));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let keeping = tokio::spawn({
        let housekeeping = Arc::clone(&housekeeping);
        async move { keep(&housekeeping, FIRST, EVERY, async { drop(stopped.await) }).await }
    });
    let served = application.run_until_stopped().await;
    digesting.abort();
    housekeeping.stop();
    drop(stop);
    let (kept, ()) = tokio::join!(tokio::time::timeout(CLOSING, keeping), codes.close(FLUSHING));
    if kept.is_err() {
        tracing::warn!("housekeeping still had work when the process ended");
    }
    // What is still at work now has no client any more. It is whole or absent either way.
    if tokio::time::timeout(CLOSING, database.close()).await.is_err() {
        tracing::warn!("the database still had work when the process ended");
    }
    served?;
    tracing::info!("stopped");
    Ok(())
}
