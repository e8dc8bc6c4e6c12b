//! When to look: a table of jobs by cron expression.
//!
//! A job only asks for a run, and returns: `job_scheduler_ng` runs jobs one after the other inside its tick, where a slow one
//! would hold up the rest. Nothing depends on a run that is missed or made twice; what is due is decided by what is stored.

use std::time::Duration;

use job_scheduler_ng::{Job, JobScheduler, Schedule};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How often the table is looked at. A fixed short sleep: `time_till_next_job` can sleep past a due job, and a clock that is set
/// forward is noticed soon.
const TICK: Duration = Duration::from_millis(500);

/// The expression is none.
#[derive(Debug, thiserror::Error)]
#[error("must be a cron expression of six fields, seconds first, such as \"0 0 * * * *\"")]
pub(crate) struct InvalidSchedule;

/// Reads a cron expression with seconds.
pub(crate) fn schedule(expression: &str) -> Result<Schedule, InvalidSchedule> {
    expression.parse().map_err(|_| InvalidSchedule)
}

/// Asks for a run whenever the schedule says so, until the receiver is gone. Requests that nobody took yet are one.
pub(crate) fn ask(schedule: Schedule, runs: mpsc::Sender<()>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut table = JobScheduler::new();
        let asked = runs.clone();
        // Full means that one is asked for already.
        table.add(Job::new(schedule, move || asked.try_send(()).unwrap_or_default()));
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !runs.is_closed() {
            ticks.tick().await;
            table.tick();
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_has_seconds() {
        for good in ["0 0 * * * *", "0 */30 * * * *", "0 0 6-22 * * Mon-Fri"] {
            assert!(schedule(good).is_ok(), "{good}");
        }
        for bad in ["", "hourly", "0 * * * *", "60 0 * * * *"] {
            assert!(schedule(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_run_is_asked_for_when_its_time_has_come() {
        let (ask_for, mut asked) = mpsc::channel(1);
        let table = ask(schedule("* * * * * *").unwrap(), ask_for);
        for _ in 0..2 {
            tokio::time::timeout(Duration::from_secs(10), asked.recv()).await.unwrap().unwrap();
        }
        drop(asked);
        table.await.unwrap();
    }
}
