//! Notifications as their owner sees them.

use std::collections::BTreeMap;

use florin_domain::budget::Scope;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{MAX_ID, NotificationId};
use florin_domain::notification::{Notice, Notification, Param};
use florin_domain::repository::{InboxCursor, Page};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::page::read_limit;
use super::score::ParamBody;
use super::{Fields, Reader, cursor};
use crate::problem;

/// Which notifications.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NotificationsQuery {
    /// `true` for unread ones only, `false` for read ones only.
    pub(crate) unread: Option<bool>,
    /// At most this many.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u64,
    /// `next_cursor` of the page before, with the same filter.
    #[param(max_length = 255)]
    cursor: Option<String>,
}

impl Fields for NotificationsQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self { unread: r.get("unread").boolean(), limit: read_limit(r), cursor: r.get("cursor").text(255) })
    }
}

impl NotificationsQuery {
    fn filters(&self) -> String {
        format!("my notifications {:?}", self.unread)
    }

    /// Where the page begins.
    ///
    /// # Errors
    /// 422 for a cursor of another list.
    pub(crate) fn after(&self) -> problem::Result<Option<InboxCursor>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let position = cursor::decode(cursor, &self.filters())?;
        let place = position.split_once('.').and_then(|(at, id)| {
            let id = id.parse().ok().filter(|id| (1..=MAX_ID).contains(id))?;
            Some(InboxCursor { at: Timestamp(at.parse().ok()?), id: NotificationId(id) })
        });
        place.map(Some).ok_or_else(cursor::invalid)
    }
}

/// What a notification is about.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is used; the names are those of the domain, and a test compares them")]
pub(crate) enum NotificationKindName {
    /// Spending has reached a level of a limit.
    Overspend,
    /// Nothing was logged for days.
    Inactivity,
}

/// A notification.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct NotificationBody {
    /// The same at every attempt to deliver it over any channel.
    #[schema(minimum = 1)]
    id: i64,
    /// When it was decided.
    #[schema(format = "date-time", example = "2026-03-15T03:30:00.000Z")]
    created_at: String,
    /// Whose it is.
    #[schema(minimum = 1)]
    user_id: i64,
    #[schema(value_type = NotificationKindName)]
    r#type: &'static str,
    /// The category of the limit; `null` for the overall limit, and for inactivity.
    #[schema(required = true, minimum = 1)]
    category_id: Option<i64>,
    /// One sentence in English. Clients with wordings of their own go by `code` and `params`.
    #[schema(example = "You have used 85 % of your limit for Food.")]
    message: String,
    /// The month of the limit; `null` for inactivity.
    #[schema(required = true, example = "2026-03")]
    month: Option<String>,
    /// The limit when it was decided; `null` for inactivity.
    #[schema(required = true, example = "5000.00")]
    limit: Option<String>,
    /// What was spent when it was decided; `null` for inactivity.
    #[schema(required = true, example = "4250.00")]
    spent: Option<String>,
    /// ISO 4217 code of both; `null` for inactivity.
    #[schema(required = true, example = "INR")]
    currency: Option<String>,
    /// The level reached, in percent of the limit; 100 means past it. `null` for inactivity.
    #[schema(required = true, minimum = 1, maximum = 100, example = 80)]
    level: Option<u16>,
    /// Stable word for what happened.
    #[schema(example = "category_limit_near")]
    code: &'static str,
    /// Amounts and months are strings, counts are numbers. The same members for the same code always.
    #[schema(example = json!({"month": "2026-03", "limit": "5000.00", "spent": "4250.00"}))]
    params: BTreeMap<&'static str, ParamBody>,
    /// Whether its owner read it.
    read: bool,
    /// When; `null` for one that is unread.
    #[schema(required = true, format = "date-time")]
    read_at: Option<String>,
}

impl From<Notification> for NotificationBody {
    fn from(notification: Notification) -> Self {
        let Notification { id, user, created_at, read_at, notice } = notification;
        let param = |param| match param {
            Param::Text(text) => ParamBody::Text(text),
            Param::Number(number) => ParamBody::Number(number),
        };
        let overspend = match &notice {
            Notice::Overspend(overspend) => Some(overspend),
            Notice::Inactivity(_) => None,
        };
        Self {
            id: id.0,
            created_at: created_at.to_rfc3339(),
            user_id: user.0,
            r#type: notice.kind().as_str(),
            category_id: overspend.and_then(|overspend| match overspend.scope {
                Scope::Total => None,
                Scope::Category(category) => Some(category.0),
            }),
            message: notice.message(),
            month: overspend.map(|overspend| overspend.month.to_string()),
            limit: overspend.map(|overspend| overspend.currency.format(overspend.limit)),
            spent: overspend.map(|overspend| overspend.currency.format(overspend.spent)),
            currency: overspend.map(|overspend| overspend.currency.code().to_owned()),
            level: overspend.map(|overspend| overspend.level),
            code: notice.code(),
            params: notice.params().into_iter().map(|(name, value)| (name, param(value))).collect(),
            read: read_at.is_some(),
            read_at: read_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// A page of my notifications, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationPage {
    data: Vec<NotificationBody>,
    /// Asks for the page that follows, as `cursor`; `null` on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

impl NotificationPage {
    pub(crate) fn new(page: Page<Notification>, query: &NotificationsQuery) -> Self {
        let last = page.rows.last().filter(|_| page.more);
        let position = |last: &Notification| format!("{}.{}", last.created_at.0, last.id);
        let next_cursor = last.map(|last| cursor::encode(&position(last), &query.filters()));
        Self { data: page.rows.into_iter().map(Into::into).collect(), next_cursor }
    }
}

/// What became of marking all as read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadAllBody {
    /// How many were unread before.
    #[schema(minimum = 0, example = 3)]
    pub(crate) read: u64,
}

#[cfg(test)]
mod tests {
    use florin_domain::notification::Kind;
    use serde_json::Value;

    #[test]
    fn the_document_names_every_kind() {
        let document = crate::openapi::document().unwrap();
        let names = &document["components"]["schemas"]["NotificationKindName"]["enum"];
        let known: Vec<Value> = Kind::ALL.iter().map(|kind| kind.as_str().into()).collect();
        assert_eq!(names, &Value::from(known));
    }
}
