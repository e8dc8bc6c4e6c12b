//! What is due now, and then the end.

use std::io::{self, Write};
use std::sync::Arc;

use florin_app::daily_checks::Mode;
use florin_app::port::Clock;
use florin_domain::calendar::Timestamp;
use florin_domain::notification::NewNotification;
use florin_infra::channel::payload;
use florin_infra::clock::SystemClock;
use florin_infra::db::{Database, SchemaState};
use florin_infra::settings::Settings;

use crate::compose;
use crate::failure::Failure;
use crate::process::told_to_stop;

/// A clock that stands still.
struct StandingClock(Timestamp);

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn clock(at: Option<Timestamp>) -> Arc<dyn Clock> {
    at.map_or_else(|| Arc::new(SystemClock) as Arc<dyn Clock>, |at| Arc::new(StandingClock(at)))
}

/// The database, if it is as this program needs it.
async fn open(settings: &Settings) -> Result<Database, Failure> {
    let database = Database::of(settings, false).await?;
    match database.schema_state().await? {
        SchemaState::Current => Ok(database),
        other => Err(Failure::schema(&other)),
    }
}

/// Decides and delivers what is due, at `at` if that is given.
pub(crate) async fn run(settings: &Settings, at: Option<Timestamp>) -> Result<(), Failure> {
    let database = open(settings).await?;
    let clock = clock(at);
    let checks = Arc::new(compose::checks(settings, &database, clock.clone()));
    let deliveries = Arc::new(compose::deliveries(settings, &database, clock)?);
    let stopping = tokio::spawn({
        let (checks, deliveries) = (checks.clone(), deliveries.clone());
        async move {
            told_to_stop().await;
            checks.stop();
            deliveries.stop();
        }
    });
    let decided = checks.run(Mode::Once, &|_| {}).await;
    // What was decided earlier is delivered in any case.
    let delivered = deliveries.drain().await;
    stopping.abort();
    database.close().await;
    let (report, delivered) = (decided?, delivered?);
    tracing::info!(?report, ?delivered, "done");
    Ok(())
}

/// Prints what would be decided, and changes nothing.
pub(crate) async fn show(settings: &Settings, at: Option<Timestamp>) -> Result<(), Failure> {
    let database = open(settings).await?;
    let clock = clock(at);
    let now = clock.now();
    let checks = compose::checks(settings, &database, clock);
    let print = |new: &NewNotification| {
        let payload = payload::payload_of(new.user, &new.notice, None, now);
        let line = serde_json::to_string(&payload).map_err(io::Error::from);
        // Whoever reads may have read enough.
        let _ = line.and_then(|line| writeln!(io::stdout().lock(), "{line}"));
    };
    let report = checks.run(Mode::DryRun, &print).await;
    database.close().await;
    tracing::info!(report = ?report?, "nothing was stored or sent");
    Ok(())
}
