//! When housekeeping is done.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::pin::pin;
use std::time::Duration;

use florin_app::housekeeping::Housekeeping;

/// How long after its start a server does it first.
pub const FIRST: Duration = Duration::from_secs(60);
/// How often it does it from then on.
pub const EVERY: Duration = Duration::from_secs(600);

/// Does it after `first` and then every `every`, give or take a tenth, until `stop`. A run that is under way then is not
/// dropped; [`Housekeeping::stop`] has it end soon. A run that fails is told once and done again in its time.
pub async fn keep(housekeeping: &Housekeeping, first: Duration, every: Duration, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut pause = first;
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(jittered(pause)) => {}
        }
        pause = every;
        match housekeeping.run_once().await {
            Ok(pruned) if pruned.total() == 0 => tracing::debug!("housekeeping: nothing was due"),
            Ok(pruned) => tracing::info!(
                answers = pruned.answers,
                refresh_tokens = pruned.refresh_tokens,
                sessions = pruned.sessions,
                codes = pruned.codes,
                sign_ups = pruned.sign_ups,
                throttles = pruned.throttles,
                login_events = pruned.login_events,
                deliveries = pruned.deliveries,
                job_runs = pruned.job_runs,
                "housekeeping: removed what had served its time"
            ),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "housekeeping failed; it is done again later");
            }
        }
    }
}

/// Up to a tenth shorter or longer, so that servers that started together part.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() % 201;
    pause / 1000 * (900 + u32::try_from(random).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_start_together_part() {
        let pauses: Vec<Duration> = (0..50).map(|_| jittered(EVERY)).collect();
        assert!(pauses.iter().all(|pause| (540..=660).contains(&pause.as_secs())), "{pauses:?}");
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
