//! The contract of the outbox, on the database that `TEST_DATABASE` names.

mod cancelling;
mod leasing;

use std::collections::BTreeMap;

use florin_domain::budget::Scope;
use florin_domain::calendar::Month;
use florin_domain::id::{CategoryId, Seq, UserId};
use florin_domain::money::Currency;
use florin_domain::notification::{Inactivity, NewNotification, Notice, Overspend};
use sea_orm::ActiveValue::Set;

use super::*;
use crate::entity::{category_budget, monthly_expense, notification, notification_delivery};
use crate::id_allocator::{IdAllocator, Sequence};
use crate::repository::account::tests::{Place, START, somebody};
use crate::repository::notification::row_of;

use florin_domain::repository::{AccountRepository, NewAccount};

const FOOD: i64 = 1;
const MONTH: i32 = 202_609;
const MINUTE: i64 = 60_000;

/// A database with an outbox.
struct Outbox {
    place: Place,
    outbox: SqlOutboxRepository,
    ids: IdAllocator,
}

impl Outbox {
    async fn new() -> Self {
        let place = Place::new().await;
        let outbox = SqlOutboxRepository::new(place.database.clone());
        Self { ids: IdAllocator::new(place.database.clone()), place, outbox }
    }

    /// Somebody verified who spent 90.00 of a limit of 100.00 for food.
    async fn spender(&self) -> UserId {
        let new = NewAccount { verified_at: Some(START), ..somebody() };
        let user = self.place.accounts().create(&new).await.unwrap();
        let writing = self.place.database.writing();
        let limit = category_budget::ActiveModel {
            user_id: Set(user.0),
            category_id: Set(FOOD),
            from_month: Set(202_601),
            limit_minor: Set(Some(10_000)),
        };
        category_budget::Entity::insert(limit).exec_without_returning(writing).await.unwrap();
        let spent = monthly_expense::ActiveModel {
            user_id: Set(user.0),
            month: Set(MONTH),
            category_id: Set(FOOD),
            total: Set(9_000),
        };
        monthly_expense::Entity::insert(spent).exec_without_returning(writing).await.unwrap();
        user
    }

    /// Stores a notification and its deliveries, due at [`START`].
    async fn tell(&self, user: UserId, notice: Notice, channels: &[Channel]) -> NotificationId {
        let id = self.ids.next(Sequence::Notification).await.unwrap();
        let new = NewNotification { user, notice, channels: channels.to_vec() };
        let writing = self.place.database.writing();
        notification::Entity::insert(row_of(id, &new, START)).exec_without_returning(writing).await.unwrap();
        for channel in channels {
            self.deliver(id, user, *channel, 0).await;
        }
        NotificationId(id)
    }

    async fn deliver(&self, notification: i64, user: UserId, channel: Channel, target: i64) -> DeliveryId {
        let id = self.ids.next(Sequence::Delivery).await.unwrap();
        let row = notification_delivery::ActiveModel {
            id: Set(id),
            notification_id: Set(notification),
            user_id: Set(user.0),
            channel: Set(channel.as_str().to_owned()),
            target: Set(target),
            state: Set(0),
            attempts: Set(0),
            fence: Set(0),
            leased_by: Set(None),
            next_at: Set(START.0),
            created_at: Set(START.0),
            settled_at: Set(None),
            last_error: Set(None),
        };
        let writing = self.place.database.writing();
        notification_delivery::Entity::insert(row).exec_without_returning(writing).await.unwrap();
        DeliveryId(id)
    }

    async fn lease(&self, channel: Channel, at: Timestamp) -> Vec<Leased> {
        self.outbox.lease(channel, at, at.plus_millis(MINUTE), 100).await.unwrap()
    }

    async fn one(&self, channel: Channel, at: Timestamp) -> Leased {
        let mut leased = self.lease(channel, at).await;
        assert_eq!(leased.len(), 1, "{leased:?}");
        leased.remove(0)
    }

    async fn settle(&self, leased: &Leased, outcome: Outcome, at: Timestamp) {
        self.outbox.settle(&[(leased.id, leased.fence, outcome)], at).await.unwrap();
    }

    async fn entry(&self, leased: &Leased) -> OutboxEntry {
        self.outbox.entry(leased.id).await.unwrap().unwrap()
    }

    async fn stored(&self, notification: NotificationId) -> notification::Model {
        notification::Entity::find_by_id(notification.0).one(self.place.database.read()).await.unwrap().unwrap()
    }

    async fn is_true(&self, leased: &Leased) -> bool {
        self.outbox.still_true(std::slice::from_ref(leased)).await.unwrap() == [leased.id]
    }

    async fn execute(&self, sql: &str) {
        use sea_orm::ConnectionTrait;
        let done = self.place.database.writing().execute_unprepared(sql).await.unwrap();
        assert!(done.rows_affected() > 0, "{sql}");
    }
}

fn at(minutes: i64) -> Timestamp {
    START.plus_millis(minutes * MINUTE)
}

/// 90 % of 100.00 for food.
fn near_limit() -> Notice {
    Notice::Overspend(Overspend {
        scope: Scope::Category(CategoryId(FOOD)),
        category_name: "Food".to_owned(),
        month: Month::from_yyyymm(MONTH).unwrap(),
        limit: 10_000,
        spent: 9_000,
        currency: Currency::parse("INR").unwrap(),
        level: 80,
    })
}

fn silence() -> Notice {
    Notice::Inactivity(Inactivity { last: Seq::ZERO, days: 6, stage: 6 })
}

fn again(minutes: i64) -> Outcome {
    Outcome::Again { at: at(minutes), reason: "answered 503".to_owned() }
}
