//! The process that goes on until it is told to stop: it decides at each tick what is due, and delivers all the while.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use florin_app::daily_checks::{DailyChecks, Mode};
use florin_app::deliveries::{Delivered, Deliveries};
use florin_domain::notification::{Kind, NewNotification};
use florin_infra::clock::SystemClock;
use florin_infra::db::{Database, SchemaState};
use florin_infra::settings::{Queue, Settings};
use florin_infra::telemetry;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::compose;
use crate::failure::{Failure, chain};
use crate::health::{self, Health, Listening};
use crate::timetable;

/// How long to wait before a run that failed, or that another process was at, is looked at again.
const AGAIN: Duration = Duration::from_secs(60);
/// How long to wait for a database that is away or not migrated yet.
const DATABASE_AGAIN: Duration = Duration::from_secs(2);
/// How often metrics are brought up to date.
const COUNTING: Duration = Duration::from_secs(5);
/// How long closing the database may take once nothing is at work any more.
const CLOSING: Duration = Duration::from_secs(1);

/// How long answers about health that are under way may take then.
const HEALTH_ENDING: Duration = Duration::from_secs(1);
/// What is left for the rest of the end, and the least that work in flight gets.
const SPARE: Duration = Duration::from_millis(500);

/// Waits for SIGTERM or SIGINT.
pub(crate) async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut signals = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "signals cannot be waited for");
            return std::future::pending().await;
        }
    };
    tokio::select! {
        _ = signals.0.recv() => {}
        _ = signals.1.recv() => {}
    }
}

/// Decides and delivers until told to stop.
pub(crate) async fn run(settings: &Settings) -> Result<(), Failure> {
    let schedule = timetable::schedule(&settings.scheduler.schedule)
        .map_err(|error| Failure::settings(format!("scheduler.schedule: {error}")))?;
    let surroundings = Surroundings::new(settings).await?;
    let database = &surroundings.database;
    let checks = Arc::new(compose::checks(settings, database, Arc::new(SystemClock)));
    let deliveries = Arc::new(compose::deliveries(settings, database, Arc::new(SystemClock))?);
    tracing::info!(
        environment = %settings.environment, database = database.backend_name(), schedule = settings.scheduler.schedule,
        "deciding and delivering"
    );

    let (stop, stopped) = oneshot::channel();
    let (ask_for, asked) = mpsc::channel(1);
    // At once: what came due while no process ran is made up for.
    let _ = ask_for.try_send(());
    let table = timetable::ask(schedule, ask_for);
    let deciding = tokio::spawn({
        let (checks, database, deliveries) = (checks.clone(), database.clone(), deliveries.clone());
        async move { decide(&checks, &database, asked, stopped, || deliveries.wake()).await }
    });
    let queue = match settings.delivery.queue {
        Queue::Database => None,
        Queue::Redis => Some(compose::queue(settings)?),
    };
    let delivering = tokio::spawn({
        let deliveries = deliveries.clone();
        async move {
            match queue {
                None => deliveries.run().await,
                Some(queue) => deliveries.relay(&queue).await,
            }
        }
    });
    let counting = count(deliveries.clone());

    told_to_stop().await;
    tracing::info!("stopping");
    surroundings.stop();
    checks.stop();
    deliveries.stop();
    table.abort();
    counting.abort();
    drop(stop);
    surroundings.end(settings, vec![deciding, delivering]).await;
    Ok(())
}

/// Delivers what other processes handed over, until told to stop.
pub(crate) async fn deliver(settings: &Settings) -> Result<(), Failure> {
    if settings.delivery.queue != Queue::Redis {
        return Err(Failure::settings(
            "delivery.queue: is \"database\", which needs no process of its own to deliver; set it to \"redis\"",
        ));
    }
    let surroundings = Surroundings::new(settings).await?;
    let deliveries = Arc::new(compose::deliveries(settings, &surroundings.database, Arc::new(SystemClock))?);
    let queue = compose::queue(settings)?;
    tracing::info!(environment = %settings.environment, "delivering what is handed over");
    let delivering = tokio::spawn({
        let deliveries = deliveries.clone();
        async move { deliveries.work(&queue).await }
    });
    let counting = count(deliveries.clone());
    told_to_stop().await;
    tracing::info!("stopping");
    surroundings.stop();
    deliveries.stop();
    counting.abort();
    surroundings.end(settings, vec![delivering]).await;
    Ok(())
}

/// What every process of this program has around its work.
struct Surroundings {
    database: Database,
    health: Health,
    listening: Option<Listening>,
}

impl Surroundings {
    async fn new(settings: &Settings) -> Result<Self, Failure> {
        telemetry::install_metrics().map_err(|error| Failure::other(error.to_string()))?;
        let database = Database::of(settings, false).await?;
        let health = Health::of(database.clone());
        let listening = match settings.scheduler.bind.as_str() {
            "" => None,
            bind => {
                let address: SocketAddr = bind.parse().map_err(|_| {
                    Failure::settings("scheduler.bind: must be an address and a port, such as 127.0.0.1:8081")
                })?;
                let listening = health::listen(address, health.clone())
                    .map_err(|error| Failure::other(format!("scheduler.bind: {address}: {error}")))?;
                tracing::info!("health at http://{}/readyz", listening.address);
                Some(listening)
            }
        };
        Ok(Self { database, health, listening })
    }

    /// From now on the process is not ready any more.
    fn stop(&self) {
        self.health.stop();
    }

    /// Waits for work in flight. All of the end, what comes after that included, takes `server.shutdown_seconds` at most.
    async fn end(self, settings: &Settings, work: Vec<JoinHandle<()>>) {
        let all = async {
            for one in work {
                if one.await.is_err() {
                    tracing::error!("a part of the process ended by a panic");
                }
            }
        };
        let most = Duration::from_secs(settings.server.shutdown_seconds);
        let most = most.saturating_sub(HEALTH_ENDING + CLOSING + SPARE).max(SPARE);
        // What is cut short here is leased until its time is over, and tried again then.
        if tokio::time::timeout(most, all).await.is_err() {
            tracing::warn!("there was work in flight when the process ended; it will be tried again");
        }
        if let Some(listening) = self.listening {
            let _ = tokio::time::timeout(HEALTH_ENDING, listening.stop()).await;
        }
        if tokio::time::timeout(CLOSING, self.database.close()).await.is_err() {
            tracing::warn!("the database still had work when the process ended");
        }
        tracing::info!("stopped");
    }
}

/// Runs the checks whenever asked to, and again soon where one did not end well. `decided` is called after each run.
async fn decide(
    checks: &Arc<DailyChecks>,
    database: &Database,
    mut asked: mpsc::Receiver<()>,
    mut stopped: oneshot::Receiver<()>,
    decided: impl Fn() + Send + Sync,
) {
    let mut again: Option<Duration> = None;
    loop {
        // Only waiting is cut short here; a run ends by itself.
        tokio::select! {
            _ = &mut stopped => return,
            asked = asked.recv() => if asked.is_none() { return },
            () = pause(again) => {}
        }
        again = match is_ready(database).await {
            Err(reason) => {
                tracing::warn!(reason, "nothing can be decided yet");
                Some(DATABASE_AGAIN)
            }
            Ok(()) => check(checks).await,
        };
        decided();
    }
}

/// Makes metrics of how deliveries end, from now on.
fn count(deliveries: Arc<Deliveries>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut every = tokio::time::interval(COUNTING);
        loop {
            every.tick().await;
            for (channel, Delivered { delivered, again, dead, cancelled }) in deliveries.tallies() {
                for (outcome, count) in
                    [("delivered", delivered), ("again", again), ("dead", dead), ("cancelled", cancelled)]
                {
                    let labels = [("channel", channel.as_str()), ("outcome", outcome)];
                    metrics::counter!("florin_deliveries_total", &labels).absolute(count);
                }
            }
            // Samples wait in memory until somebody asks for them.
            drop(telemetry::render_metrics());
        }
    })
}

/// For so long, or for ever.
async fn pause(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

/// One run; how long to wait for another one, if it was not complete.
async fn check(checks: &Arc<DailyChecks>) -> Option<Duration> {
    let checks = Arc::clone(checks);
    // In a task of its own: after a panic there are other runs.
    let run = tokio::spawn(async move {
        let count = |kind: Kind, of_kind| {
            metrics::counter!("florin_notifications_total", "type" => kind.as_str()).increment(of_kind);
        };
        // Shown from the first run on.
        Kind::ALL.into_iter().for_each(|kind| count(kind, 0));
        let stored = |new: &NewNotification| count(new.notice.kind(), 1);
        checks.run(Mode::Scheduled, &stored).await
    });
    match run.await {
        Ok(Ok(report)) if report.is_complete() => {
            tracing::info!(?report, "checked");
            None
        }
        Ok(Ok(report)) => {
            tracing::info!(?report, "checked in part");
            Some(AGAIN)
        }
        Ok(Err(error)) => {
            tracing::error!(error = chain(&error), "a check failed");
            Some(AGAIN)
        }
        Err(error) => {
            tracing::error!(%error, "a check broke off");
            Some(AGAIN)
        }
    }
}

async fn is_ready(database: &Database) -> Result<(), String> {
    match database.schema_state().await {
        Ok(SchemaState::Current) => Ok(()),
        Ok(other) => Err(other.to_string()),
        Err(error) => Err(chain(&error)),
    }
}
