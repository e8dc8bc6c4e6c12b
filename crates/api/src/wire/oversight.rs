//! Runs of the scheduler's jobs, and its deliveries, as admins see them.

use florin_domain::calendar::Timestamp;
use florin_domain::id::{DeliveryId, JobRunId};
use florin_domain::notification::delivery::{OutboxEntry, State};
use florin_domain::notification::{Channel, Kind};
use florin_domain::repository::{JobRun, OutboxFilter, Page};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::notification::NotificationKindName;
use super::page::{id_of_cursor, read_limit};
use super::preferences::{ChannelName, channel_names};
use super::{Fields, Reader, cursor};
use crate::problem;

/// Which runs.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobsQuery {
    /// Of this job only.
    #[param(value_type = Option<NotificationKindName>, inline)]
    pub(crate) job: Option<Kind>,
    /// At most this many.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u64,
    /// `next_cursor` of the page before, with the same filter.
    #[param(max_length = 255)]
    cursor: Option<String>,
}

impl Fields for JobsQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let names = Kind::ALL.map(|kind| (kind.as_str(), kind));
        let job = r.get("job").choice(&names);
        Some(Self { job, limit: read_limit(r), cursor: r.get("cursor").text(255) })
    }
}

impl JobsQuery {
    fn filters(&self) -> String {
        format!("runs of jobs {:?}", self.job)
    }

    /// The run that the page comes after.
    ///
    /// # Errors
    /// 422 for a cursor of another list.
    pub(crate) fn before(&self) -> problem::Result<Option<JobRunId>> {
        Ok(id_of_cursor(self.cursor.as_ref(), &self.filters())?.map(JobRunId))
    }
}

/// How a run stands.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is used; the names are those of the domain")]
enum RunOutcomeName {
    /// It goes on, or its process was killed: `seen_at` tells.
    Running,
    /// It did all that was due.
    Ok,
    /// It was told to stop half-way; the next run goes on.
    Stopped,
    /// Something failed; the next run tries again.
    Failed,
}

/// A run of a job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobRunBody {
    #[schema(minimum = 1)]
    id: i64,
    /// `overspend` or `inactivity`.
    #[schema(example = "overspend")]
    job: String,
    /// The process that ran it.
    instance: String,
    #[schema(format = "date-time")]
    started_at: String,
    /// When its process was last seen at it.
    #[schema(format = "date-time")]
    seen_at: String,
    /// `null` while it goes on, and for one whose process was killed.
    #[schema(required = true, format = "date-time")]
    finished_at: Option<String>,
    #[schema(value_type = RunOutcomeName)]
    outcome: &'static str,
    /// How many notifications it stored.
    #[schema(minimum = 0)]
    decided: i64,
    /// How many rows could not be read; they are in the log.
    #[schema(minimum = 0)]
    unreadable: i64,
    /// What failed.
    #[schema(required = true)]
    error: Option<String>,
}

impl From<JobRun> for JobRunBody {
    fn from(run: JobRun) -> Self {
        Self {
            id: run.id.0,
            job: run.job,
            instance: run.instance,
            started_at: run.started_at.to_rfc3339(),
            seen_at: run.seen_at.to_rfc3339(),
            finished_at: run.finished_at.map(Timestamp::to_rfc3339),
            outcome: run.outcome.as_str(),
            decided: run.decided,
            unreadable: run.unreadable,
            error: run.error,
        }
    }
}

/// A page of runs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobRunPage {
    data: Vec<JobRunBody>,
    /// Asks for the page that follows, as `cursor`; `null` on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

impl JobRunPage {
    pub(crate) fn new(page: Page<JobRun>, query: &JobsQuery) -> Self {
        let last = page.rows.last().filter(|_| page.more);
        let next_cursor = last.map(|run| cursor::encode(&run.id.to_string(), &query.filters()));
        Self { data: page.rows.into_iter().map(Into::into).collect(), next_cursor }
    }
}

/// Where a delivery stands.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is used; the names are those of the domain, and a test compares them")]
enum DeliveryStateName {
    /// To be tried, now or later.
    Pending,
    /// Taken by the channel.
    Delivered,
    /// Given up; an admin may have it tried again.
    Dead,
    /// No longer true, or no longer wanted, before it was delivered.
    Cancelled,
}

/// Which deliveries.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OutboxQuery {
    /// In this state only.
    #[param(value_type = Option<DeliveryStateName>, inline)]
    state: Option<State>,
    /// Over this channel only.
    #[param(value_type = Option<ChannelName>, inline)]
    channel: Option<Channel>,
    /// At most this many.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u64,
    /// `next_cursor` of the page before, with the same filters.
    #[param(max_length = 255)]
    cursor: Option<String>,
}

impl Fields for OutboxQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let names = State::ALL.map(|state| (state.as_str(), state));
        let state = r.get("state").choice(&names);
        let channel = r.get("channel").choice(&channel_names());
        Some(Self { state, channel, limit: read_limit(r), cursor: r.get("cursor").text(255) })
    }
}

impl OutboxQuery {
    fn filters(&self) -> String {
        format!("outbox {:?} {:?}", self.state, self.channel)
    }

    /// The filter.
    pub(crate) const fn filter(&self) -> OutboxFilter {
        OutboxFilter { state: self.state, channel: self.channel }
    }

    /// The delivery that the page comes after.
    ///
    /// # Errors
    /// 422 for a cursor of another list.
    pub(crate) fn before(&self) -> problem::Result<Option<DeliveryId>> {
        Ok(id_of_cursor(self.cursor.as_ref(), &self.filters())?.map(DeliveryId))
    }
}

/// A delivery of a notification over one channel to one place, but nothing of what it says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryBody {
    #[schema(minimum = 1)]
    id: i64,
    #[schema(minimum = 1)]
    notification_id: i64,
    /// Whose it is.
    #[schema(minimum = 1)]
    user_id: i64,
    #[schema(value_type = NotificationKindName)]
    r#type: &'static str,
    #[schema(value_type = ChannelName)]
    channel: &'static str,
    #[schema(value_type = DeliveryStateName)]
    state: &'static str,
    /// How often it was tried.
    #[schema(minimum = 0)]
    attempts: u32,
    /// When it was decided.
    #[schema(format = "date-time")]
    created_at: String,
    /// When it is tried next, or until when a process has it; `null` when it is settled.
    #[schema(required = true, format = "date-time")]
    next_at: Option<String>,
    /// When it was delivered, given up or cancelled; `null` before.
    #[schema(required = true, format = "date-time")]
    settled_at: Option<String>,
    /// Why it failed last.
    #[schema(required = true)]
    last_error: Option<String>,
}

impl From<OutboxEntry> for DeliveryBody {
    fn from(entry: OutboxEntry) -> Self {
        Self {
            id: entry.id.0,
            notification_id: entry.notification.0,
            user_id: entry.user.0,
            r#type: entry.kind.as_str(),
            channel: entry.channel.as_str(),
            state: entry.state.as_str(),
            attempts: entry.attempts,
            created_at: entry.created_at.to_rfc3339(),
            next_at: entry.next_at.map(Timestamp::to_rfc3339),
            settled_at: entry.settled_at.map(Timestamp::to_rfc3339),
            last_error: entry.last_error,
        }
    }
}

/// A page of deliveries, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutboxPage {
    data: Vec<DeliveryBody>,
    /// Asks for the page that follows, as `cursor`; `null` on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

impl OutboxPage {
    pub(crate) fn new(page: Page<OutboxEntry>, query: &OutboxQuery) -> Self {
        let last = page.rows.last().filter(|_| page.more);
        let next_cursor = last.map(|entry| cursor::encode(&entry.id.to_string(), &query.filters()));
        Self { data: page.rows.into_iter().map(Into::into).collect(), next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_names_every_state() {
        let document = crate::openapi::document().unwrap();
        let names = &document["components"]["schemas"]["DeliveryStateName"]["enum"];
        let known: Vec<Value> = State::ALL.iter().map(|state| state.as_str().into()).collect();
        assert_eq!(names, &Value::from(known));
    }
}
