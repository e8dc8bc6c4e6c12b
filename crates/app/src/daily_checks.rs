//! The daily checks: who should hear of overspending or of silence (rules.md, "Notifications").
//!
//! Users are checked in *cohorts*: those of one zone who want to hear at one hour. A cohort's check is due once a local date,
//! from its hour on. When it was carried through is noted, so that a run that was missed is caught up with the next one. What
//! keeps anybody from hearing twice is not that note but each notification's key; so any number of processes may run, a run
//! may be repeated, and one that was cut short is simply made again.

mod due;
mod job;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use florin_domain::notification::{Channel, Kind, NewNotification};
use florin_domain::repository::{CheckRepository, JobRepository};

use crate::error::Result;
use crate::port::Clock;

/// The ports that [`DailyChecks`] works with.
#[derive(Clone)]
pub struct CheckPorts {
    /// What is scanned and stored.
    pub checks: Arc<dyn CheckRepository>,
    /// Where runs are noted.
    pub jobs: Arc<dyn JobRepository>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What the operator decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckPolicy {
    /// The channels that there are. People choose of these.
    pub channels: Vec<Channel>,
    /// What this process is called where runs are noted. Another process has another name.
    pub instance: String,
}

/// Who asks for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The schedule. A cohort is due when the latest date whose hour has come (`schedule::due_date`) is later than the one noted.
    /// A job that another process was seen at within a minute is left to it.
    Scheduled,
    /// An operator. Besides, every cohort whose hour has come today is due, whatever is noted: a repeated run tells what is new
    /// since. Nobody is waited for.
    Once,
    /// An operator who only wants to know what [`Mode::Once`] would tell. Nothing at all is written.
    DryRun,
}

/// How a job ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JobOutcome {
    /// Nothing was due.
    #[default]
    Idle,
    /// All that was due was done.
    Done,
    /// It was told to stop. Nothing is noted as done; the next run goes over it again.
    Stopped,
    /// Another process is at it.
    Elsewhere,
}

/// What a job did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobReport {
    /// How many notifications it stored; in a [`Mode::DryRun`], would have stored.
    pub decided: u64,
    /// How many rows it could not read. They are in the log.
    pub unreadable: u64,
    /// How many ranges of users it scanned; of overspending, once a month looked at.
    pub chunks: u64,
    /// How it ended.
    pub outcome: JobOutcome,
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Limits.
    pub overspend: JobReport,
    /// Silence.
    pub inactivity: JobReport,
}

impl Report {
    /// Whether nothing that was due is left: no job was told to stop, and none was left to another process, which may be
    /// killed at it.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let is_done = |job: &JobReport| matches!(job.outcome, JobOutcome::Idle | JobOutcome::Done);
        [self.overspend, self.inactivity].iter().all(is_done)
    }
}

/// The use case of finding out what people should hear.
///
/// A cohort is due for the date `D` = `schedule::due_date`: today once its hour has come, else yesterday. While `D` is
/// yesterday it can only be that yesterday's run was missed, and then only those are checked who were there when it should have
/// been (`verified_at` at or before the hour); nobody hears before their hour on the day they sign up. A note that lies ahead
/// by more than a week was left by a clock that was wrong, and counts for nothing (`schedule::latest_note`).
///
/// Overspending is looked for in the months of every date since the note up to today (`schedule::months`), so that a run missed
/// over the end of a month loses nothing of the old one. Silence is counted up to `D`.
pub struct DailyChecks {
    ports: CheckPorts,
    policy: CheckPolicy,
    stopping: AtomicBool,
}

impl DailyChecks {
    /// A service over its ports.
    #[must_use]
    pub fn new(ports: CheckPorts, policy: CheckPolicy) -> Self {
        Self { ports, policy, stopping: AtomicBool::new(false) }
    }

    /// Does what is due now, job by job. `decided` is called with each notification that this run stored; in a
    /// [`Mode::DryRun`], that it would have stored. To be run to its end, not dropped half-way.
    ///
    /// # Errors
    /// The first failure, after both jobs were tried. What was stored until then stays, and is not told again.
    pub async fn run(&self, mode: Mode, decided: &(dyn Fn(&NewNotification) + Send + Sync)) -> Result<Report> {
        let (mut report, mut failure) = (Report::default(), None);
        for kind in Kind::ALL {
            let of_kind = match kind {
                Kind::Overspend => &mut report.overspend,
                Kind::Inactivity => &mut report.inactivity,
            };
            match self.job(kind, mode, decided).await {
                Ok(done) => *of_kind = done,
                Err(error) => {
                    tracing::warn!(job = kind.as_str(), %error, "a check failed; the next run makes it again");
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(report), |error| Err(error.into()))
    }

    /// Has a run that is under way end after what it is storing, and those that follow at once.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
