//! A run of one of the two jobs.

use std::collections::BTreeSet;

use florin_domain::calendar::{Month, Timestamp};
use florin_domain::id::{JobRunId, UserId};
use florin_domain::notification::{
    Channel, Inactivity, Kind, NewNotification, Notice, Overspend, inactivity, overspend, preferences,
};
use florin_domain::repository::{InactiveCandidate, JobRun, OverspendCandidate, Result, RunOutcome, Scan, Scanned};

use super::due::DueCohorts;
use super::{CheckPorts, DailyChecks, JobOutcome, JobReport, Mode};

const HOUR: i64 = 60 * 60 * 1000;
/// How long a process may not have been seen until its job is taken up by another.
const ALIVE: i64 = 60 * 1000;
/// How many identifiers of users one scan spans: what is read at once, and how long a scan takes, is bounded by it.
const SPAN: i64 = 20_000;
/// The most notifications that are stored at once: their owners' accounts are held meanwhile.
const BATCH: usize = 500;
/// Nobody is due who logged something since. Who is due was silent for more than five whole civil days; of those a zone can
/// skip one (Samoa in 2011) and turn its clocks forward in the others, so they last for 95 hours at least.
const SILENT: i64 = (5 * 24 - 26) * HOUR;

/// A run under way.
struct Run<'a> {
    checks: &'a DailyChecks,
    kind: Kind,
    mode: Mode,
    decided: &'a (dyn Fn(&NewNotification) + Send + Sync),
    now: Timestamp,
    due: &'a DueCohorts,
    id: Option<JobRunId>,
    report: JobReport,
}

impl DailyChecks {
    pub(super) async fn job(
        &self,
        kind: Kind,
        mode: Mode,
        decided: &(dyn Fn(&NewNotification) + Send + Sync),
    ) -> Result<JobReport> {
        if self.is_stopping() {
            return Ok(JobReport { outcome: JobOutcome::Stopped, ..JobReport::default() });
        }
        let now = self.ports.clock.now();
        let due = &DueCohorts::of(&self.ports.checks.cohorts(kind).await?, now, mode);
        if due.is_empty() {
            return Ok(JobReport::default());
        }
        let mut id = None;
        if mode != Mode::DryRun {
            let (instance, alive_since) = (&self.policy.instance, now.plus_millis(-ALIVE));
            let alone = mode == Mode::Scheduled;
            id = self.ports.jobs.begin(kind.as_str(), instance, now, alive_since, alone).await?;
            if id.is_none() {
                return Ok(JobReport { outcome: JobOutcome::Elsewhere, ..JobReport::default() });
            }
        }
        let mut run = Run { checks: self, kind, mode, decided, now, due, id, report: JobReport::default() };
        let failure = run.carry_through().await.err();
        let finished = run.finish(failure.as_ref().map(ToString::to_string)).await;
        match failure {
            Some(failure) => Err(failure),
            None => finished.map(|()| run.report),
        }
    }
}

impl Run<'_> {
    async fn carry_through(&mut self) -> Result<()> {
        let last = self.checks.ports.checks.last_user().await?;
        let is_through = match self.kind {
            Kind::Overspend => self.overspends(last).await?,
            Kind::Inactivity => self.inactives(last).await?,
        };
        if !is_through {
            self.report.outcome = JobOutcome::Stopped;
            return Ok(());
        }
        self.report.outcome = JobOutcome::Done;
        if self.mode == Mode::DryRun {
            return Ok(());
        }
        let done: Vec<_> = self.due.iter().map(|due| (due.zone, due.hour, due.date)).collect();
        self.checks.ports.checks.mark_done(self.kind, &done).await
    }

    /// Looks at limits, month by month. False when it was told to stop.
    async fn overspends(&mut self, last: UserId) -> Result<bool> {
        for month in self.due.months() {
            let zones = self.due.zones(Some(month));
            for (after, up_to) in ranges(last) {
                if self.checks.is_stopping() {
                    return Ok(false);
                }
                let scan = Scan { after, up_to, zones: zones.clone() };
                let Scanned { rows, unreadable } = self.checks.ports.checks.overspends(&scan, month).await?;
                let new = rows.into_iter().filter_map(|row| self.overspend(row, month)).collect();
                if !self.store(new, unreadable).await? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Looks for the silent. False when it was told to stop.
    async fn inactives(&mut self, last: UserId) -> Result<bool> {
        let zones = self.due.zones(None);
        let before = self.now.plus_millis(-SILENT);
        for (after, up_to) in ranges(last) {
            if self.checks.is_stopping() {
                return Ok(false);
            }
            let scan = Scan { after, up_to, zones: zones.clone() };
            let Scanned { rows, unreadable } = self.checks.ports.checks.inactives(&scan, before).await?;
            let new = rows.iter().filter_map(|row| self.inactivity(row)).collect();
            if !self.store(new, unreadable).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn overspend(&self, row: OverspendCandidate, month: Month) -> Option<NewNotification> {
        self.due.looking_at(month, row.zone, row.hour, row.verified_at)?;
        let level = overspend::due(row.spent, row.limit, &row.levels, row.told)?;
        let OverspendCandidate { user, scope, category_name, limit, spent, currency, channels, .. } = row;
        let notice = Notice::Overspend(Overspend { scope, category_name, month, limit, spent, currency, level });
        Some(NewNotification { user, notice, channels: self.channels(channels.as_deref()) })
    }

    fn inactivity(&self, row: &InactiveCandidate) -> Option<NewNotification> {
        let due = self.due.of_user(row.zone, row.hour, row.verified_at)?;
        let since = row.since.date_in(row.zone);
        let stage = inactivity::due(since, due.date, row.told)?;
        let days = due.date.signed_duration_since(since).num_days();
        let notice = Notice::Inactivity(Inactivity { last: row.last, days, stage });
        Some(NewNotification { user: row.user, notice, channels: self.channels(row.channels.as_deref()) })
    }

    fn channels(&self, chosen: Option<&[Channel]>) -> Vec<Channel> {
        preferences::effective(chosen, &self.checks.policy.channels)
    }

    /// Stores what a chunk gave, and shows that this process is still at it. False when it was told to stop with some left.
    async fn store(&mut self, new: Vec<NewNotification>, unreadable: u64) -> Result<bool> {
        self.report.chunks += 1;
        self.report.unreadable += unreadable;
        let Some(id) = self.id else {
            for notification in &new {
                self.tell(notification);
            }
            return Ok(true);
        };
        let CheckPorts { checks, jobs, clock } = &self.checks.ports;
        for (n, batch) in new.chunks(BATCH).enumerate() {
            // A chunk may be of many, and the end of the process waits for this.
            if n > 0 && self.checks.is_stopping() {
                return Ok(false);
            }
            let stored: BTreeSet<String> = checks.insert(batch, clock.now()).await?.into_iter().collect();
            for notification in batch {
                if stored.contains(&notification.notice.dedupe_key(notification.user)) {
                    self.tell(notification);
                }
            }
        }
        jobs.seen(id, clock.now(), count(self.report.decided)).await?;
        Ok(true)
    }

    fn tell(&mut self, notification: &NewNotification) {
        self.report.decided += 1;
        (self.decided)(notification);
    }

    /// Notes how it ended.
    async fn finish(&self, error: Option<String>) -> Result<()> {
        let Some(id) = self.id else { return Ok(()) };
        let at = self.checks.ports.clock.now();
        let outcome = match (&error, self.report.outcome) {
            (Some(_), _) => RunOutcome::Failed,
            (None, JobOutcome::Stopped) => RunOutcome::Stopped,
            (None, _) => RunOutcome::Ok,
        };
        let run = JobRun {
            id,
            job: self.kind.as_str().to_owned(),
            instance: self.checks.policy.instance.clone(),
            started_at: self.now,
            seen_at: at,
            finished_at: Some(at),
            outcome,
            decided: count(self.report.decided),
            unreadable: count(self.report.unreadable),
            error,
        };
        self.checks.ports.jobs.finish(&run).await
    }
}

/// All users, in ranges of identifiers: after the first and up to the second.
fn ranges(last: UserId) -> impl Iterator<Item = (UserId, UserId)> {
    let starts = std::iter::successors(Some(0_i64), |after| after.checked_add(SPAN));
    starts.take_while(move |after| *after < last.0).map(|after| (UserId(after), UserId(after.saturating_add(SPAN))))
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
