use florin_domain::budget::Scope;
use florin_domain::calendar::Month;
use florin_domain::id::{CategoryId, Seq};
use florin_domain::money::Currency;
use florin_domain::notification::{Inactivity, NewNotification, Notice, Overspend};

use super::*;
use crate::repository::account::tests::{Place, START};
use crate::repository::notification::row_of;

/// A notification that was decided so long after the start.
async fn told(place: &Place, user: UserId, id: i64, after: i64, notice: Notice) -> NotificationId {
    let new = NewNotification { user, notice, channels: Vec::new() };
    let row = row_of(id, &new, START.plus_millis(after));
    Entity::insert(row).exec_without_returning(place.database.writing()).await.unwrap();
    NotificationId(id)
}

fn silence(last: i64) -> Notice {
    Notice::Inactivity(Inactivity { last: Seq(last), days: 7, stage: 6 })
}

fn spending(scope: Scope) -> Notice {
    Notice::Overspend(Overspend {
        scope,
        category_name: if scope == Scope::Total { String::new() } else { "Café ✓".to_owned() },
        month: Month::parse("2026-03").unwrap(),
        limit: 10_000,
        spent: 8_500,
        currency: Currency::parse("INR").unwrap(),
        level: 80,
    })
}

fn inbox(place: &Place) -> SqlInboxRepository {
    SqlInboxRepository::new(place.database.clone())
}

async fn ids(place: &Place, user: UserId, unread: Option<bool>, limit: u64) -> Vec<i64> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = inbox(place).notifications(user, unread, after, limit).await.unwrap();
        assert!(page.rows.len() as u64 <= limit);
        after = page.rows.last().map(|last| InboxCursor { at: last.created_at, id: last.id });
        found.extend(page.rows.iter().map(|row| row.id.0));
        if !page.more {
            return found;
        }
    }
}

#[tokio::test]
async fn they_come_newest_first_whichever_process_numbered_them() {
    let place = Place::new().await;
    let (ana, bob) = (place.somebody().await, place.somebody().await);
    // Numbers from the blocks of two processes.
    for (id, after) in [(1, 10), (1001, 5), (2, 20), (1002, 20), (3, 30)] {
        told(&place, ana, id, after, silence(id)).await;
    }
    told(&place, bob, 4, 15, silence(4)).await;
    let taken_back = told(&place, ana, 5, 40, silence(5)).await;
    let cancel = ActiveModel { cancelled_at: Set(Some(START.0)), ..Default::default() };
    let its_row = Entity::update_many().set(cancel).filter(Column::Id.eq(taken_back.0));
    its_row.exec(place.database.writing()).await.unwrap();
    for limit in [1, 2, 3, 100] {
        assert_eq!(ids(&place, ana, None, limit).await, [3, 1002, 2, 1, 1001], "by {limit}");
    }
    assert_eq!(ids(&place, bob, None, 10).await, [4]);

    let inbox = inbox(&place);
    let at = START.plus_millis(50);
    assert_eq!(inbox.read(ana, NotificationId(2), at).await.unwrap().unwrap().read_at, Some(at));
    let again = inbox.read(ana, NotificationId(2), at.plus_millis(9)).await.unwrap().unwrap();
    assert_eq!(again.read_at, Some(at), "only the first time says when");
    for absent in [NotificationId(4), taken_back, NotificationId(99)] {
        assert_eq!(inbox.read(ana, absent, at).await.unwrap(), None, "{absent}");
    }
    for limit in [1, 100] {
        assert_eq!(ids(&place, ana, Some(true), limit).await, [3, 1002, 1, 1001]);
        assert_eq!(ids(&place, ana, Some(false), limit).await, [2]);
    }
    assert_eq!(inbox.read_all(ana, at.plus_millis(10)).await.unwrap(), 4);
    assert_eq!(inbox.read_all(ana, at.plus_millis(11)).await.unwrap(), 0);
    let rows = inbox.notifications(ana, None, None, 10).await.unwrap().rows;
    let read: Vec<_> = rows.iter().map(|row| row.read_at.unwrap().0 - at.0).collect();
    assert_eq!(read, [10, 10, 0, 10, 10]);
    assert_eq!(ids(&place, bob, Some(true), 10).await, [4], "nobody else's");
}

#[tokio::test]
async fn what_was_said_comes_back_whole() {
    let place = Place::new().await;
    let ana = place.somebody().await;
    let said = [silence(0), silence(7), spending(Scope::Total), spending(Scope::Category(CategoryId(7)))];
    for (id, notice) in (1..).zip(&said) {
        told(&place, ana, id, id, notice.clone()).await;
    }
    let rows = inbox(&place).notifications(ana, None, None, 10).await.unwrap().rows;
    let found: Vec<_> = rows.into_iter().rev().map(|row| row.notice).collect();
    assert_eq!(found, said);
}
