//! Pages of the audit trail.

use florin_domain::calendar::Timestamp;
use florin_domain::id::{LoginEventId, MAX_ID, UserId};
use florin_domain::login_event::{EventKind, LoginEvent};
use florin_domain::repository::{EventCursor, EventFilter, Page};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::page::read_limit;
use super::{Fields, Reader, cursor};
use crate::problem;

/// What happened.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is used; the names are those of the domain, and a test compares them")]
pub(crate) enum EventName {
    SignUp,
    Code,
    Verify,
    Login,
    Refresh,
    Logout,
    PasswordReset,
    PasswordChange,
    TokenCreated,
    TokenRevoked,
    PhoneProved,
    PhoneRemoved,
    RoleChange,
    Disable,
    Enable,
    SessionsRevoked,
    Erasure,
}

/// What became of it.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) enum OutcomeName {
    Ok,
    Failed,
}

fn read_event(r: &mut Reader<'_>) -> Option<EventKind> {
    let names = EventKind::ALL.map(|kind| (kind.as_str(), kind));
    r.get("event").choice(&names)
}

/// Where a page ended, as `at.id`.
fn position(row: &LoginEvent) -> String {
    format!("{}.{}", row.event.at.0, row.id.0)
}

fn after(cursor: Option<&String>, filters: &str) -> problem::Result<Option<EventCursor>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let position = cursor::decode(cursor, filters)?;
    let place = position.split_once('.').and_then(|(at, id)| {
        let id = id.parse().ok().filter(|id| (1..=MAX_ID).contains(id))?;
        Some(EventCursor { at: Timestamp(at.parse().ok()?), id: LoginEventId(id) })
    });
    place.map(Some).ok_or_else(cursor::invalid)
}

fn next_cursor(page: &Page<LoginEvent>, filters: &str) -> Option<String> {
    page.rows.last().filter(|_| page.more).map(|row| cursor::encode(&position(row), filters))
}

/// Which rows of my trail.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrailQuery {
    /// Of this kind only.
    #[param(value_type = Option<EventName>, inline)]
    pub(crate) event: Option<EventKind>,
    /// At most this many.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u64,
    /// `next_cursor` of the page before, with the same filters.
    #[param(max_length = 255)]
    cursor: Option<String>,
}

impl Fields for TrailQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self { event: read_event(r), limit: read_limit(r), cursor: r.get("cursor").text(255) })
    }
}

impl TrailQuery {
    fn filters(&self) -> String {
        format!("my login events {:?}", self.event)
    }

    /// Where the page begins.
    ///
    /// # Errors
    /// 422 for a cursor of another list.
    pub(crate) fn after(&self) -> problem::Result<Option<EventCursor>> {
        after(self.cursor.as_ref(), &self.filters())
    }
}

/// Something that happened to my account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrailRow {
    #[schema(format = "date-time")]
    at: String,
    #[schema(value_type = EventName)]
    event: &'static str,
    #[schema(value_type = OutcomeName)]
    outcome: &'static str,
    /// The address that it came from; empty where an admin did it.
    #[schema(example = "203.0.113.9")]
    ip: String,
    /// What the client said it was; empty where an admin did it.
    user_agent: String,
}

/// A page of my trail, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrailPage {
    data: Vec<TrailRow>,
    /// Asks for the page that follows, as `cursor`; `null` on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

impl TrailPage {
    pub(crate) fn new(page: Page<LoginEvent>, query: &TrailQuery) -> Self {
        let next_cursor = next_cursor(&page, &query.filters());
        let row = |LoginEvent { event, .. }: LoginEvent| TrailRow {
            at: event.at.to_rfc3339(),
            event: event.kind.as_str(),
            outcome: event.outcome.as_str(),
            ip: event.device.ip,
            user_agent: event.device.user_agent,
        };
        Self { data: page.rows.into_iter().map(row).collect(), next_cursor }
    }
}

/// Which rows of everybody's trail.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Of this account only.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 9007199254740991_i64)]
    user_id: Option<UserId>,
    /// Of this kind only.
    #[param(value_type = Option<EventName>, inline)]
    event: Option<EventKind>,
    /// At most this many.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u64,
    /// `next_cursor` of the page before, with the same filters.
    #[param(max_length = 255)]
    cursor: Option<String>,
}

impl Fields for AuditQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let user_id = r.get("user_id").id().map(UserId);
        Some(Self { user_id, event: read_event(r), limit: read_limit(r), cursor: r.get("cursor").text(255) })
    }
}

impl AuditQuery {
    fn filters(&self) -> String {
        format!("login events {:?}", self.filter())
    }

    /// Which rows.
    pub(crate) const fn filter(&self) -> EventFilter {
        EventFilter { user: self.user_id, kind: self.event }
    }

    /// Where the page begins.
    ///
    /// # Errors
    /// 422 for a cursor of another list.
    pub(crate) fn after(&self) -> problem::Result<Option<EventCursor>> {
        after(self.cursor.as_ref(), &self.filters())
    }
}

/// Something that happened to an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRow {
    #[schema(format = "date-time")]
    at: String,
    #[schema(value_type = EventName)]
    event: &'static str,
    #[schema(value_type = OutcomeName)]
    outcome: &'static str,
    /// Whose account.
    #[schema(required = true, minimum = 1)]
    user_id: Option<i64>,
    /// The admin who did it; `null` for the owner or whoever claimed to be.
    #[schema(required = true, minimum = 1)]
    actor_id: Option<i64>,
    /// The address that it came from.
    #[schema(example = "203.0.113.9")]
    ip: String,
    /// What the client said it was; may be empty.
    user_agent: String,
}

/// A page of everybody's trail, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    data: Vec<AuditRow>,
    /// Asks for the page that follows, as `cursor`; `null` on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

impl AuditPage {
    pub(crate) fn new(page: Page<LoginEvent>, query: &AuditQuery) -> Self {
        let next_cursor = next_cursor(&page, &query.filters());
        let row = |LoginEvent { event, .. }: LoginEvent| AuditRow {
            at: event.at.to_rfc3339(),
            event: event.kind.as_str(),
            outcome: event.outcome.as_str(),
            user_id: event.user.map(|id| id.0),
            actor_id: event.actor.map(|id| id.0),
            ip: event.device.ip,
            user_agent: event.device.user_agent,
        };
        Self { data: page.rows.into_iter().map(row).collect(), next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_names_every_kind_of_event() {
        let document = crate::openapi::document().unwrap();
        let names = &document["components"]["schemas"]["EventName"]["enum"];
        let known: Vec<Value> = EventKind::ALL.iter().map(|kind| kind.as_str().into()).collect();
        assert_eq!(names, &Value::from(known));
    }
}
