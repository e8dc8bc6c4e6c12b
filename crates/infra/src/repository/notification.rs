//! Notifications as rows, for the checks that store them, the outbox and the inbox.

use florin_domain::budget::Scope;
use florin_domain::calendar::{Month, Timestamp};
use florin_domain::id::{CategoryId, NotificationId, Seq, UserId};
use florin_domain::money::Currency;
use florin_domain::notification::{Channel, Inactivity, Kind, NewNotification, Notice, Notification, Overspend};
use florin_domain::repository::{RepositoryError, Result};
use sea_orm::ActiveValue::Set;

use crate::entity::notification::{ActiveModel, Model};

use super::budget::stored;

/// The row of a notification of that identifier.
pub(super) fn row_of(id: i64, new: &NewNotification, at: Timestamp) -> ActiveModel {
    let common = ActiveModel {
        id: Set(id),
        user_id: Set(new.user.0),
        kind: Set(new.notice.kind().as_str().to_owned()),
        dedupe_key: Set(new.notice.dedupe_key(new.user)),
        created_at: Set(at.0),
        read_at: Set(None),
        cancelled_at: Set(None),
        category_id: Set(None),
        category_name: Set(None),
        month: Set(None),
        spent: Set(None),
        currency: Set(None),
        days: Set(None),
        ..Default::default()
    };
    match &new.notice {
        Notice::Overspend(overspend) => ActiveModel {
            basis: Set(overspend.limit),
            level: Set(overspend.level.into()),
            category_id: Set(Some(stored(overspend.scope))),
            category_name: Set(Some(overspend.category_name.clone())),
            month: Set(Some(overspend.month.yyyymm())),
            spent: Set(Some(overspend.spent)),
            currency: Set(Some(overspend.currency.code().to_owned())),
            ..common
        },
        Notice::Inactivity(inactivity) => ActiveModel {
            basis: Set(inactivity.last.0),
            level: Set(inactivity.stage.into()),
            days: Set(Some(inactivity.days)),
            ..common
        },
    }
}

/// A row as the domain knows it.
pub(super) fn notification_of(row: Model) -> Result<Notification> {
    let id = row.id;
    let notice = notice_of(&row).ok_or_else(|| unreadable("notification", id))?;
    Ok(Notification {
        id: NotificationId(id),
        user: UserId(row.user_id),
        created_at: Timestamp(row.created_at),
        read_at: row.read_at.map(Timestamp),
        notice,
    })
}

fn notice_of(row: &Model) -> Option<Notice> {
    let level = u16::try_from(row.level).ok()?;
    Some(match Kind::parse(&row.kind)? {
        Kind::Overspend => Notice::Overspend(Overspend {
            scope: match row.category_id? {
                super::budget::TOTAL => Scope::Total,
                category => Scope::Category(CategoryId(category)),
            },
            category_name: row.category_name.clone().unwrap_or_default(),
            month: Month::from_yyyymm(row.month?).ok()?,
            limit: row.basis,
            spent: row.spent?,
            currency: Currency::parse(row.currency.as_deref()?).ok()?,
            level,
        }),
        Kind::Inactivity => Notice::Inactivity(Inactivity { last: Seq(row.basis), days: row.days?, stage: level }),
    })
}

fn unreadable(table: &str, id: i64) -> RepositoryError {
    RepositoryError::Internal(format!("{table} {id} cannot be read").into())
}

/// Channels as they are stored: words with commas between.
pub(super) fn channels_text(channels: &[Channel]) -> String {
    channels.iter().map(|channel| channel.as_str()).collect::<Vec<_>>().join(",")
}

/// The channels of a stored text. Words of other versions of this program are passed over.
pub(super) fn channels_of(text: &str) -> Vec<Channel> {
    text.split(',').filter_map(Channel::parse).collect()
}

/// The levels of a stored text.
pub(super) fn levels_of(text: &str) -> Vec<u16> {
    text.split(',').filter_map(|level| level.parse().ok()).collect()
}
