//! What is stored, and that it is stored once.

use florin_domain::repository::ErasureRepository;
use sea_orm::PaginatorTrait;

use super::*;
use crate::entity::{device, notification, notification_delivery, user_phone};
use crate::repository::SqlErasureRepository;
use crate::repository::token::tests::event;

impl Checks {
    async fn device(&self, user: UserId, id: i64) {
        self.put(device::Model {
            id,
            user_id: user.0,
            platform: "android".to_owned(),
            name: String::new(),
            token: "token".to_owned(),
            token_hash: crate::repository::account::tests::hash().to_vec(),
            created_at: 1,
            seen_at: 1,
        })
        .await;
    }

    async fn phone(&self, user: UserId, proved_at: Option<i64>) {
        let number = "+919876543210".to_owned();
        self.put(user_phone::Model { user_id: user.0, number, added_at: 1, proved_at }).await;
    }

    async fn deliveries(&self) -> Vec<notification_delivery::Model> {
        let all = notification_delivery::Entity::find().order_by_asc(notification_delivery::Column::Id);
        all.all(self.place.database.read()).await.unwrap()
    }

    async fn notifications(&self) -> Vec<notification::Model> {
        let all = notification::Entity::find().order_by_asc(notification::Column::Id);
        all.all(self.place.database.read()).await.unwrap()
    }
}

#[tokio::test]
async fn a_notification_is_stored_as_it_was_decided_with_a_delivery_for_each_place() {
    let checks = Checks::new().await;
    let (ana, ben) = (checks.person().await, checks.person().await);
    checks.device(ana, 7).await;
    checks.device(ana, 8).await;
    checks.device(UserId(99), 9).await;
    checks.phone(ana, Some(1)).await;
    checks.phone(ben, None).await;
    let everywhere = Channel::ALL.to_vec();
    let first = NewNotification { channels: everywhere.clone(), ..over(ana, 1, 1000, 100) };
    let second = NewNotification { channels: everywhere, ..silence(ben, 3, 6) };
    let third = NewNotification { channels: vec![], ..over(ben, 0, 1000, 80) };
    let at = START.plus_millis(5);
    let new = [first.clone(), second.clone(), third.clone()];
    let mut stored = checks.checks.insert(&new, at).await.unwrap();
    let mut keys: Vec<_> = new.iter().map(|new| new.notice.dedupe_key(new.user)).collect();
    stored.sort_unstable();
    keys.sort_unstable();
    assert_eq!(stored, keys);

    let rows = checks.notifications().await;
    let (of_ana, of_ben): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.user_id == ana.0);
    let read = crate::repository::notification::notification_of(of_ana[0].clone()).unwrap();
    assert_eq!((read.user, read.created_at, read.read_at, &read.notice), (ana, at, None, &first.notice));
    let notices: Vec<_> = of_ben
        .iter()
        .map(|row| crate::repository::notification::notification_of(row.clone()).unwrap().notice)
        .collect();
    assert!(notices.contains(&second.notice) && notices.contains(&third.notice));

    let deliveries = checks.deliveries().await;
    let places = |id: i64| {
        let mut places: Vec<_> = deliveries
            .iter()
            .filter(|delivery| delivery.notification_id == id)
            .map(|delivery| (delivery.channel.as_str(), delivery.target))
            .collect();
        places.sort_unstable();
        places
    };
    let expected = [("email", 0), ("log", 0), ("push", 7), ("push", 8), ("sms", 0), ("webhook", 0)];
    assert_eq!(places(of_ana[0].id), expected);
    let silent = of_ben.iter().find(|row| row.kind == "inactivity").unwrap();
    assert_eq!(places(silent.id), [("email", 0), ("log", 0), ("webhook", 0)], "no device, no proved number");
    assert_eq!(deliveries.len(), 9);
    for row in &deliveries {
        assert_eq!((row.state, row.attempts, row.fence, row.leased_by), (0, 0, 0, None));
        assert_eq!((row.next_at, row.created_at, row.settled_at, row.last_error.clone()), (at.0, at.0, None, None));
        assert_eq!(row.user_id == ana.0, row.notification_id == of_ana[0].id);
    }
}

#[tokio::test]
async fn a_key_is_stored_once_and_given_back_by_cancelling() {
    let checks = Checks::new().await;
    let ana = checks.person().await;
    let new = [over(ana, 1, 1000, 80), over(ana, 3, 1000, 100)];
    assert_eq!(checks.checks.insert(&new[..1], START).await.unwrap().len(), 1);
    assert_eq!(checks.checks.insert(&new, START.plus_millis(1)).await.unwrap(), [new[1].notice.dedupe_key(ana)]);
    assert_eq!(checks.checks.insert(&new, START).await.unwrap(), [""; 0]);
    assert_eq!(checks.checks.insert(&[], START).await.unwrap(), [""; 0]);
    assert_eq!((checks.notifications().await.len(), checks.deliveries().await.len()), (2, 2));
    let cancelled =
        "UPDATE notification SET cancelled_at = 1, dedupe_key = CONCAT(dedupe_key, '#', id) WHERE level = 80";
    checks.execute(cancelled).await;
    assert_eq!(checks.checks.insert(&new, START).await.unwrap(), [new[0].notice.dedupe_key(ana)]);
    // Twice in one call.
    let twice = [over(ana, 2, 10, 80), over(ana, 2, 10, 80)];
    assert_eq!(checks.checks.insert(&twice, START).await.unwrap().len(), 1);
    assert_eq!((checks.notifications().await.len(), checks.deliveries().await.len()), (4, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_level_is_not_told_after_a_higher_one() {
    let checks = Checks::new().await;
    let (ana, ben) = (checks.person().await, checks.person().await);
    let insert = async |new: &[NewNotification]| checks.checks.insert(new, START).await.unwrap().len();
    assert_eq!(insert(&[over(ana, 1, 1000, 100)]).await, 1);
    // Decided before, by a process that was slower.
    assert_eq!(insert(&[over(ana, 1, 1000, 80)]).await, 0);
    let mut other_month = over(ana, 1, 1000, 80);
    if let Notice::Overspend(overspend) = &mut other_month.notice {
        overspend.month = month(202_604);
    }
    let others = [over(ana, 2, 1000, 80), over(ana, 0, 1000, 80), over(ana, 1, 2000, 80), over(ben, 1, 1000, 80)];
    assert_eq!(insert(&others).await + insert(&[other_month]).await, 5, "another limit");
    checks.execute("UPDATE notification SET cancelled_at = 1 WHERE level = 100").await;
    assert_eq!(insert(&[over(ana, 1, 1000, 80)]).await, 1, "the higher one was taken back");

    for _ in 0..20 {
        let user = checks.person().await;
        let store = |level| {
            let repository = checks.checks.clone();
            tokio::spawn(async move { repository.insert(&[over(user, 1, 1000, level)], START).await.unwrap() })
        };
        let (low, high) = (store(80), store(100));
        low.await.unwrap();
        assert_eq!(high.await.unwrap().len(), 1);
        let mut levels: Vec<_> = checks.notifications().await;
        levels.retain(|row| row.user_id == user.0);
        // Not in the order of identifiers, which are reserved before.
        assert!((1..=2).contains(&levels.len()) && levels.iter().any(|row| row.level == 100));
    }
}

#[tokio::test]
async fn nothing_is_stored_for_who_is_gone() {
    let checks = Checks::new().await;
    let (erased, disabled, there) = (checks.person().await, checks.person().await, checks.person().await);
    let gone = event(erased, florin_domain::login_event::EventKind::Erasure);
    SqlErasureRepository::new(checks.place.database.clone()).erase(erased, &gone).await.unwrap();
    checks.place.disable(disabled).await;
    let new: Vec<_> = [erased, disabled, there, UserId(9_999_999)].map(|user| over(user, 1, 10, 100)).into();
    assert_eq!(checks.checks.insert(&new, START).await.unwrap(), [new[2].notice.dedupe_key(there)]);
    let rows = checks.notifications().await;
    assert_eq!(rows.iter().map(|row| row.user_id).collect::<Vec<_>>(), [there.0]);
    assert_eq!(checks.deliveries().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_five_who_store_the_same_each_is_stored_by_one() {
    let checks = Checks::new().await;
    let mut users = Vec::new();
    for _ in 0..40 {
        users.push(checks.person().await);
    }
    for user in &users {
        checks.device(*user, user.0).await;
    }
    let mut new: Vec<NewNotification> = (1..=10)
        .flat_map(|category| users.iter().map(move |user| over(*user, category, 1000, 100)))
        .map(|new| NewNotification { channels: vec![Channel::Log, Channel::Push], ..new })
        .collect();
    let mut tasks = Vec::new();
    for n in 0..5 {
        // Each in an order of its own.
        new.rotate_left(37 * n);
        let (repository, new) = (checks.checks.clone(), new.clone());
        tasks.push(tokio::spawn(async move { repository.insert(&new, START).await.unwrap() }));
    }
    let mut stored = Vec::new();
    for task in tasks {
        stored.extend(task.await.unwrap());
    }
    let count = stored.len();
    stored.sort_unstable();
    stored.dedup();
    assert_eq!((count, stored.len()), (400, 400), "each key is answered to one of them");
    assert_eq!(notification::Entity::find().count(checks.place.database.read()).await.unwrap(), 400);
    let mut places: Vec<_> =
        checks.deliveries().await.into_iter().map(|row| (row.notification_id, row.channel, row.target)).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 800);
    assert_eq!(checks.deliveries().await.len(), 800);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn erasing_and_storing_at_once_leaves_nothing_that_came_later() {
    let checks = Checks::new().await;
    for _ in 0..10 {
        let (user, other) = (checks.person().await, checks.person().await);
        let repository = checks.checks.clone();
        let storing = tokio::spawn(async move {
            let new = [over(user, 1, 10, 100), over(other, 1, 10, 100)];
            repository.insert(&new, START).await.unwrap().len()
        });
        let erasure = SqlErasureRepository::new(checks.place.database.clone());
        let gone = event(user, florin_domain::login_event::EventKind::Erasure);
        let erasing = tokio::spawn(async move { erasure.erase(user, &gone).await.unwrap() });
        let stored = storing.await.unwrap();
        erasing.await.unwrap();
        assert!((1..=2).contains(&stored));
        let rows = checks.notifications().await;
        assert!(rows.iter().any(|row| row.user_id == other.0));
        // It was there before the erasure, or it is not there.
        assert_eq!(checks.checks.insert(&[over(user, 2, 10, 100)], START).await.unwrap(), [""; 0]);
    }
}
