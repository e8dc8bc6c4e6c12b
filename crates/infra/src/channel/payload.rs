//! A notification as JSON: the members of the requirements document by their names there, and what else a receiver needs
//! (rules.md, "Notifications"). Members come in a fixed order.

use florin_domain::budget::Scope;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{NotificationId, UserId};
use florin_domain::notification::{Notice, Notification, Param};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A notification as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payload {
    user_id: i64,
    r#type: &'static str,
    /// Null for an overall limit and for inactivity.
    category_id: Option<i64>,
    message: String,
    /// Null when it is not stored.
    id: Option<i64>,
    /// RFC 3339 in UTC, to the millisecond.
    created_at: String,
    /// As `2026-03`; this and the next four are null for inactivity.
    month: Option<String>,
    /// Amounts are written as the API writes them, with exactly the decimals of the currency.
    limit: Option<String>,
    spent: Option<String>,
    currency: Option<String>,
    level: Option<u16>,
    code: &'static str,
    params: Params,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Params(Vec<(&'static str, Param)>);

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            match value {
                Param::Text(text) => map.serialize_entry(name, text)?,
                Param::Number(number) => map.serialize_entry(name, number)?,
            }
        }
        map.end()
    }
}

/// What a notification says, of that user; without an identifier for one that is not stored, such as in a dry run.
#[must_use]
pub fn payload_of(user: UserId, notice: &Notice, id: Option<NotificationId>, created_at: Timestamp) -> Payload {
    let overspend = match notice {
        Notice::Overspend(overspend) => Some(overspend),
        Notice::Inactivity(_) => None,
    };
    let category_id = overspend.and_then(|overspend| match overspend.scope {
        Scope::Total => None,
        Scope::Category(category) => Some(category.0),
    });
    Payload {
        user_id: user.0,
        r#type: notice.kind().as_str(),
        category_id,
        message: notice.message(),
        id: id.map(|id| id.0),
        created_at: created_at.to_rfc3339(),
        month: overspend.map(|overspend| overspend.month.to_string()),
        limit: overspend.map(|overspend| overspend.currency.format(overspend.limit)),
        spent: overspend.map(|overspend| overspend.currency.format(overspend.spent)),
        currency: overspend.map(|overspend| overspend.currency.code().to_owned()),
        level: overspend.map(|overspend| overspend.level),
        code: notice.code(),
        params: Params(notice.params()),
    }
}

impl From<&Notification> for Payload {
    fn from(notification: &Notification) -> Self {
        payload_of(notification.user, &notification.notice, Some(notification.id), notification.created_at)
    }
}

impl Payload {
    /// Its members as texts, as data of a push message must be; what is null is left out, and so are the parameters.
    pub(super) fn texts(&self) -> Vec<(&'static str, String)> {
        let mut texts = vec![
            ("user_id", self.user_id.to_string()),
            ("type", self.r#type.to_owned()),
            ("message", self.message.clone()),
            ("created_at", self.created_at.clone()),
            ("code", self.code.to_owned()),
        ];
        let more = [
            ("id", self.id.map(|id| id.to_string())),
            ("category_id", self.category_id.map(|id| id.to_string())),
            ("month", self.month.clone()),
            ("limit", self.limit.clone()),
            ("spent", self.spent.clone()),
            ("currency", self.currency.clone()),
            ("level", self.level.map(|level| level.to_string())),
        ];
        texts.extend(more.into_iter().filter_map(|(name, value)| Some((name, value?))));
        texts
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::calendar::Month;
    use florin_domain::id::{CategoryId, Seq};
    use florin_domain::money::Currency;
    use florin_domain::notification::{Inactivity, Overspend};

    use super::*;

    fn text(notice: &Notice, id: Option<NotificationId>) -> String {
        serde_json::to_string(&payload_of(UserId(7), notice, id, Timestamp(1_772_357_400_125))).unwrap()
    }

    fn overspend(scope: Scope) -> Notice {
        Notice::Overspend(Overspend {
            scope,
            category_name: "Food".to_owned(),
            month: Month::from_yyyymm(202_603).unwrap(),
            limit: 100_000,
            spent: 125_075,
            currency: Currency::parse("INR").unwrap(),
            level: 100,
        })
    }

    #[test]
    fn the_documents_members_come_first() {
        assert_eq!(
            text(&overspend(Scope::Category(CategoryId(1))), Some(NotificationId(9))),
            r#"{"user_id":7,"type":"overspend","category_id":1,"message":"You have overspent in category Food.","#
                .to_owned()
                + r#""id":9,"created_at":"2026-03-01T09:30:00.125Z","month":"2026-03","limit":"1000.00","#
                + r#""spent":"1250.75","currency":"INR","level":100,"code":"category_limit_exceeded","params":{"#
                + r#""month":"2026-03","limit":"1000.00","spent":"1250.75","currency":"INR","level":100,"#
                + r#""category_id":1,"category":"Food","used_percent":125}}"#
        );
    }

    #[test]
    fn what_does_not_apply_is_null() {
        assert!(text(&overspend(Scope::Total), None).contains(r#""category_id":null"#));
        assert_eq!(
            text(&Notice::Inactivity(Inactivity { last: Seq(3), days: 6, stage: 6 }), None),
            r#"{"user_id":7,"type":"inactivity","category_id":null,"#.to_owned()
                + r#""message":"You have not logged any expenses for 6 days.","id":null,"#
                + r#""created_at":"2026-03-01T09:30:00.125Z","month":null,"limit":null,"spent":null,"currency":null,"#
                + r#""level":null,"code":"inactive","params":{"days":6,"stage":6}}"#
        );
    }
}
