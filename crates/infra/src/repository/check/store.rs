//! Storing notifications with their deliveries.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use florin_domain::calendar::Timestamp;
use florin_domain::notification::delivery::State;
use florin_domain::notification::{Channel, Kind, NewNotification};
use florin_domain::repository::{RepositoryError, Result};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use crate::db::deadline::PATIENT;
use crate::db::{self, Database, Failure, failed};
use crate::entity::{device, notification, notification_delivery, user_login, user_phone};
use crate::id_allocator::{IdAllocator, Sequence};

use super::super::batch::{padded, pieces};
use super::super::notification::row_of;

/// Rows to be stored, with identifiers.
struct Planned {
    user: i64,
    row: notification::ActiveModel,
    deliveries: Vec<notification_delivery::ActiveModel>,
}

/// Whose limit of what in which month: user, limit, category, month.
type Subject = (i64, i64, i64, i32);

/// Stores those whose key is new and whose owner is there, in one transaction. A level of a limit below one that was told is
/// left out: somebody else saw more spent, and was quicker.
pub(super) async fn insert(
    database: &Database,
    ids: &IdAllocator,
    new: &[NewNotification],
    at: Timestamp,
) -> Result<Vec<String>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let mut planned = plan(database, ids, new, at).await?;
    // In the order of their owners and keys, so that processes that store the same wait for each other, and do not lock each
    // other out.
    planned.sort_by(|a, b| (a.user, a.row.dedupe_key.as_ref()).cmp(&(b.user, b.row.dedupe_key.as_ref())));
    let planned = &planned;
    let stored = database
        .write_within(PATIENT, |tx| async move {
            let users: BTreeSet<i64> = planned.iter().map(|new| new.user).collect();
            let held = hold_enabled(&tx, &users.into_iter().collect::<Vec<_>>()).await?;
            let there: Vec<&Planned> = planned.iter().filter(|new| held.contains(&new.user)).collect();
            // Their accounts are held: nobody else tells them anything meanwhile.
            let highest = highest_told(&tx, &there).await?;
            let is_news = |new: &&Planned| {
                let highest = subject_of(&new.row).and_then(|subject| highest.get(&subject));
                highest.is_none_or(|highest| highest <= new.row.level.as_ref())
            };
            let wanted: Vec<&Planned> = there.into_iter().filter(is_news).collect();
            for piece in pieces(wanted.iter().map(|new| new.row.clone()).collect()) {
                let unless_there = OnConflict::column(notification::Column::DedupeKey)
                    .do_nothing_on([notification::Column::Id])
                    .to_owned();
                let rows = notification::Entity::insert_many(piece).on_conflict(unless_there);
                rows.exec_without_returning(&*tx).await?;
            }
            // Whose identifier is there: what a conflict leaves out is not told alike by the three.
            let stored = stored(&tx, &wanted).await?;
            let deliveries = wanted.iter().filter(|new| stored.contains_key(new.row.id.as_ref()));
            for piece in pieces(deliveries.flat_map(|new| new.deliveries.iter().cloned()).collect()) {
                notification_delivery::Entity::insert_many(piece).exec_without_returning(&*tx).await?;
            }
            Ok(stored)
        })
        .await?;
    Ok(stored.into_values().collect())
}

/// Keeps erasure and whoever disables accounts out until the end of the transaction, for those who are neither disabled nor
/// erased: nothing of theirs appears after it. Returns who they are.
async fn hold_enabled(tx: &DatabaseTransaction, users: &[i64]) -> std::result::Result<HashSet<i64>, Failure> {
    let mut held = HashSet::new();
    for list in padded(users) {
        let there = |list: Vec<i64>| {
            Condition::all()
                .add(user_login::Column::Id.is_in(list))
                .add(user_login::Column::DisabledAt.is_null())
                .add(user_login::Column::ErasedAt.is_null())
        };
        db::hold::<user_login::Entity>(tx, user_login::Column::CreatedAt, there(list.clone())).await?;
        let ids = user_login::Entity::find().select_only().column(user_login::Column::Id).filter(there(list));
        held.extend(ids.into_tuple::<i64>().all(tx).await?);
    }
    Ok(held)
}

/// What a notification of overspending is about; `None` of any other.
fn subject_of(row: &notification::ActiveModel) -> Option<Subject> {
    Some((*row.user_id.as_ref(), *row.basis.as_ref(), (*row.category_id.as_ref())?, (*row.month.as_ref())?))
}

/// The highest level that was told of each of these limits, and still stands.
async fn highest_told(
    tx: &DatabaseTransaction,
    planned: &[&Planned],
) -> std::result::Result<HashMap<Subject, i32>, Failure> {
    use notification::Column;
    let subjects: BTreeSet<Subject> = planned.iter().filter_map(|new| subject_of(&new.row)).collect();
    let mut highest = HashMap::new();
    for list in padded(&subjects.into_iter().collect::<Vec<_>>()) {
        let distinct = |of: fn(&Subject) -> i64| list.iter().map(of).collect::<BTreeSet<_>>().into_iter().collect();
        let (users, limits): (Vec<i64>, Vec<i64>) = (distinct(|subject| subject.0), distinct(|subject| subject.1));
        let mut told = notification::Entity::find()
            .select_only()
            .columns([Column::UserId, Column::Basis, Column::CategoryId, Column::Month, Column::Level])
            .filter(Column::Kind.eq(Kind::Overspend.as_str()))
            .filter(Column::CancelledAt.is_null());
        for (column, values) in [(Column::UserId, &users), (Column::Basis, &limits)] {
            told = told.filter(column.is_in(padded(values).next().unwrap_or_default()));
        }
        for (user, limit, category, month, level) in
            told.into_tuple::<(i64, i64, Option<i64>, Option<i32>, i32)>().all(tx).await?
        {
            if let (Some(category), Some(month)) = (category, month) {
                let known = highest.entry((user, limit, category, month)).or_insert(level);
                *known = (*known).max(level);
            }
        }
    }
    Ok(highest)
}

/// The keys of those that are there, by identifier.
async fn stored(tx: &DatabaseTransaction, wanted: &[&Planned]) -> std::result::Result<BTreeMap<i64, String>, Failure> {
    let ids: Vec<i64> = wanted.iter().map(|new| *new.row.id.as_ref()).collect();
    let mut stored = BTreeMap::new();
    for list in padded(&ids) {
        let there = notification::Entity::find()
            .select_only()
            .columns([notification::Column::Id, notification::Column::DedupeKey])
            .filter(notification::Column::Id.is_in(list));
        stored.extend(there.into_tuple::<(i64, String)>().all(tx).await?);
    }
    Ok(stored)
}

/// Gives each its identifier and its deliveries. A place that goes before it is delivered to is found gone then; one that
/// comes hears from the next notification on.
async fn plan(database: &Database, ids: &IdAllocator, new: &[NewNotification], at: Timestamp) -> Result<Vec<Planned>> {
    let devices = devices(database, &owners(new, Channel::Push)).await?;
    let phones = with_phone(database, &owners(new, Channel::Sms)).await?;
    let targets = |one: &NewNotification, channel: Channel| match channel {
        Channel::Push => devices.get(&one.user.0).cloned().unwrap_or_default(),
        Channel::Sms if !phones.contains(&one.user.0) => Vec::new(),
        Channel::Sms | Channel::Log | Channel::Email | Channel::Webhook => vec![0],
    };
    let places: Vec<Vec<(Channel, i64)>> = new
        .iter()
        .map(|one| {
            let channels: BTreeSet<Channel> = one.channels.iter().copied().collect();
            let of = |channel: Channel| targets(one, channel).into_iter().map(move |target| (channel, target));
            channels.into_iter().flat_map(of).collect()
        })
        .collect();
    let notifications = ids.reserve(Sequence::Notification, new.len()).await?;
    let count = places.iter().map(Vec::len).sum();
    let mut delivery_ids = ids.reserve(Sequence::Delivery, count).await?.into_iter();

    let mut planned = Vec::with_capacity(new.len());
    for ((one, id), places) in new.iter().zip(notifications).zip(places) {
        let mut deliveries = Vec::with_capacity(places.len());
        for (channel, target) in places {
            let delivery = delivery_ids.next().ok_or_else(|| RepositoryError::Internal("no identifier".into()))?;
            deliveries.push(notification_delivery::ActiveModel {
                id: Set(delivery),
                notification_id: Set(id),
                user_id: Set(one.user.0),
                channel: Set(channel.as_str().to_owned()),
                target: Set(target),
                state: Set(State::Pending.code()),
                attempts: Set(0),
                fence: Set(0),
                leased_by: Set(None),
                next_at: Set(at.0),
                created_at: Set(at.0),
                settled_at: Set(None),
                last_error: Set(None),
            });
        }
        planned.push(Planned { user: one.user.0, row: row_of(id, one, at), deliveries });
    }
    Ok(planned)
}

/// The owners of those that go over a channel.
fn owners(new: &[NewNotification], channel: Channel) -> Vec<i64> {
    let over = new.iter().filter(|one| one.channels.contains(&channel));
    over.map(|one| one.user.0).collect::<BTreeSet<_>>().into_iter().collect()
}

async fn devices(database: &Database, users: &[i64]) -> Result<HashMap<i64, Vec<i64>>> {
    let mut devices: HashMap<i64, Vec<i64>> = HashMap::new();
    for list in padded(users) {
        let rows = device::Entity::find()
            .select_only()
            .columns([device::Column::UserId, device::Column::Id])
            .filter(device::Column::UserId.is_in(list));
        for (user, id) in rows.into_tuple::<(i64, i64)>().all(database.read_patiently()).await.map_err(failed)? {
            devices.entry(user).or_default().push(id);
        }
    }
    Ok(devices)
}

async fn with_phone(database: &Database, users: &[i64]) -> Result<HashSet<i64>> {
    let mut phones = HashSet::new();
    for list in padded(users) {
        let rows = user_phone::Entity::find()
            .select_only()
            .column(user_phone::Column::UserId)
            .filter(user_phone::Column::UserId.is_in(list))
            .filter(user_phone::Column::ProvedAt.is_not_null());
        phones.extend(rows.into_tuple::<i64>().all(database.read_patiently()).await.map_err(failed)?);
    }
    Ok(phones)
}
