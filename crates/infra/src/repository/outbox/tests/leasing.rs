//! Who gets what, and when.

use std::sync::Arc;

use florin_domain::id::DeviceId;
use florin_domain::notification::delivery::Address;
use tokio::sync::Barrier;

use super::*;
use crate::entity::{device, user_phone};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_five_at_once_each_delivery_is_leased_by_one() {
    let place = Arc::new(Outbox::new().await);
    let user = place.spender().await;
    let told = place.tell(user, near_limit(), &[]).await;
    for target in 0..200 {
        place.deliver(told.0, user, Channel::Log, target).await;
    }
    let barrier = Arc::new(Barrier::new(5));
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            let (place, barrier) = (Arc::clone(&place), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                let mut got = Vec::new();
                loop {
                    let leased = place.outbox.lease(Channel::Log, START, at(1), 16).await.unwrap();
                    // Outrun by the others, or at the end.
                    if leased.is_empty() && place.outbox.next_due(Channel::Log).await.unwrap() > Some(START) {
                        return got;
                    }
                    assert!(leased.len() <= 16);
                    got.extend(leased);
                }
            })
        })
        .collect();
    let mut times: BTreeMap<DeliveryId, u32> = BTreeMap::new();
    for task in tasks {
        for leased in task.await.unwrap() {
            assert_eq!((leased.fence, leased.attempt), (1, 1));
            *times.entry(leased.id).or_default() += 1;
        }
    }
    assert_eq!(times.len(), 200);
    assert!(times.values().all(|times| *times == 1));
}

#[tokio::test]
async fn what_is_reported_under_an_older_lease_is_ignored() {
    let place = Outbox::new().await;
    let user = place.spender().await;
    let told = place.tell(user, near_limit(), &[Channel::Log]).await;
    let first = place.one(Channel::Log, START).await;
    assert!(place.lease(Channel::Log, START).await.is_empty(), "it is leased");
    // The lease ends, and with it the right to say what became of it. The notification is the same.
    let second = place.one(Channel::Log, at(1)).await;
    assert_eq!((second.id, &second.notification), (first.id, &first.notification));
    assert_eq!(second.notification.id, told);
    assert!(second.fence > first.fence);
    assert_eq!(second.attempt, 2);
    for late in [Outcome::Delivered, again(9), Outcome::Cancelled, Outcome::Released { at: START }] {
        place.settle(&first, late, at(1)).await;
        let entry = place.entry(&first).await;
        assert_eq!((entry.state, entry.attempts, entry.next_at), (State::Pending, 2, Some(at(2))));
        assert_eq!(place.stored(told).await.cancelled_at, None);
    }
    place.settle(&second, Outcome::Delivered, at(1)).await;
    let entry = place.entry(&second).await;
    assert_eq!((entry.state, entry.next_at, entry.settled_at), (State::Delivered, None, Some(at(1))));
    place.settle(&second, Outcome::Dead { reason: "twice".to_owned() }, at(2)).await;
    assert_eq!(place.entry(&second).await, entry, "settled is settled");
}

#[tokio::test]
async fn a_failure_is_due_again_when_it_says_and_a_release_does_not_count() {
    let place = Outbox::new().await;
    let user = place.spender().await;
    place.tell(user, near_limit(), &[Channel::Log]).await;
    let leased = place.one(Channel::Log, START).await;
    let reason = "ä".repeat(300);
    place.settle(&leased, Outcome::Again { at: at(5), reason }, START).await;
    assert_eq!(place.outbox.next_due(Channel::Log).await.unwrap(), Some(at(5)));
    assert_eq!(place.outbox.next_due(Channel::Sms).await.unwrap(), None);
    assert!(place.lease(Channel::Log, at(4)).await.is_empty());
    let leased = place.one(Channel::Log, at(5)).await;
    assert_eq!(leased.attempt, 2);
    place.settle(&leased, Outcome::Released { at: at(7) }, at(5)).await;
    // Reported once more, as nobody knew whether the first report was committed.
    place.settle(&leased, Outcome::Released { at: at(7) }, at(5)).await;
    let entry = place.entry(&leased).await;
    assert_eq!((entry.attempts, entry.next_at, entry.last_error), (1, Some(at(7)), Some("ä".repeat(200))));
    let leased = place.one(Channel::Log, at(7)).await;
    assert_eq!(leased.attempt, 2);
    place.settle(&leased, Outcome::Dead { reason: "refused".to_owned() }, at(7)).await;
    assert_eq!(place.entry(&leased).await.state, State::Dead);
    assert!(place.lease(Channel::Log, at(9999)).await.is_empty());
    // An admin has it tried again, from the first try on.
    assert!(place.outbox.revive(leased.id, at(8)).await.unwrap());
    assert!(!place.outbox.revive(leased.id, at(8)).await.unwrap(), "it is not dead any more");
    place.settle(&leased, Outcome::Dead { reason: "reported twice".to_owned() }, at(8)).await;
    let revived = place.one(Channel::Log, at(8)).await;
    assert_eq!((revived.attempt, revived.id), (1, leased.id));
    place.settle(&leased, Outcome::Dead { reason: "late".to_owned() }, at(8)).await;
    assert_eq!(place.entry(&revived).await.state, State::Pending, "of a lease before it was revived");
}

#[tokio::test]
async fn what_is_handed_over_is_taken_once_and_counts_when_it_is_tried() {
    let place = Outbox::new().await;
    let user = place.spender().await;
    place.tell(user, near_limit(), &[Channel::Log]).await;
    let handed = place.outbox.hand_over(Channel::Log, START, at(1), 10).await.unwrap();
    assert_eq!(handed.len(), 1);
    assert!(place.outbox.hand_over(Channel::Log, START, at(1), 10).await.unwrap().is_empty());
    assert_eq!(place.outbox.entry(handed[0].0).await.unwrap().unwrap().attempts, 0);
    place.outbox.hand_back(&handed, START).await.unwrap();
    let handed_again = place.outbox.hand_over(Channel::Log, START, at(1), 10).await.unwrap();
    assert_eq!(place.outbox.take_over(&handed, START, at(1)).await.unwrap(), [], "leased again since");
    // Long after the lease has ended, but nobody else had it.
    let taken = place.outbox.take_over(&handed_again, at(30), at(31)).await.unwrap();
    assert_eq!((taken.len(), taken[0].attempt), (1, 1));
    assert_eq!(place.outbox.take_over(&handed_again, at(30), at(31)).await.unwrap(), [], "taken over");
    place.outbox.hand_back(&handed_again, START).await.unwrap();
    assert_eq!(place.entry(&taken[0]).await.next_at, Some(at(31)), "it is somebody else's now");
    place.settle(&taken[0], Outcome::Released { at: at(40) }, at(30)).await;
    assert_eq!(place.entry(&taken[0]).await.attempts, 0);
    let handed = place.outbox.hand_over(Channel::Log, at(40), at(41), 10).await.unwrap();
    let taken = place.outbox.take_over(&handed, at(40), at(41)).await.unwrap();
    place.settle(&taken[0], Outcome::Delivered, at(40)).await;
    assert_eq!(place.outbox.take_over(&handed, at(40), at(41)).await.unwrap(), [], "settled");
}

#[tokio::test]
async fn addresses_are_those_of_now() {
    let place = Outbox::new().await;
    let user = place.spender().await;
    let told = place.tell(user, near_limit(), &[Channel::Email, Channel::Sms, Channel::Webhook]).await;
    let writing = place.place.database.writing();
    let row = device::ActiveModel {
        id: Set(5),
        user_id: Set(user.0),
        platform: Set("ios".to_owned()),
        name: Set(String::new()),
        token: Set("registration".to_owned()),
        token_hash: Set(vec![1; 32]),
        created_at: Set(START.0),
        seen_at: Set(START.0),
    };
    device::Entity::insert(row).exec_without_returning(writing).await.unwrap();
    let row = user_phone::ActiveModel {
        user_id: Set(user.0),
        number: Set("+911234567890".to_owned()),
        added_at: Set(START.0),
        proved_at: Set(None),
    };
    user_phone::Entity::insert(row).exec_without_returning(writing).await.unwrap();
    place.deliver(told.0, user, Channel::Push, 5).await;
    place.deliver(told.0, user, Channel::Push, 6).await;
    let email = place.one(Channel::Email, START).await.address;
    assert!(matches!(email, Address::Email { name, .. } if name == "Ána 🌱"));
    assert_eq!(place.one(Channel::Webhook, START).await.address, Address::None);
    assert_eq!(place.one(Channel::Sms, START).await.address, Address::Gone, "not proved");
    place.execute("UPDATE user_phone SET proved_at = 1").await;
    assert_eq!(place.one(Channel::Sms, at(1)).await.address, Address::Phone("+911234567890".to_owned()));
    let push: Vec<_> = place.lease(Channel::Push, START).await.into_iter().map(|leased| leased.address).collect();
    let device = Address::Device { device: DeviceId(5), token: "registration".to_owned() };
    assert_eq!(push, [device, Address::Gone]);
}

#[tokio::test]
async fn what_cannot_be_read_is_given_up_and_the_others_go_on() {
    let place = Outbox::new().await;
    let user = place.spender().await;
    let broken = place.tell(user, silence(), &[Channel::Log]).await;
    let told = place.tell(user, near_limit(), &[Channel::Log]).await;
    place.execute(&format!("UPDATE notification SET days = NULL WHERE id = {}", broken.0)).await;
    assert_eq!(place.one(Channel::Log, START).await.notification.id, told);
    let entries = place.outbox.of_notification(broken).await.unwrap();
    assert_eq!((entries[0].state, entries[0].settled_at), (State::Dead, Some(START)));
}

#[tokio::test]
async fn operators_see_pages_and_counts() {
    let place = Outbox::new().await;
    let user = place.spender().await;
    let told = place.tell(user, near_limit(), &[Channel::Log, Channel::Email]).await;
    for target in 1..5 {
        place.deliver(told.0, user, Channel::Log, target).await;
    }
    let leased = place.outbox.lease(Channel::Log, START, at(1), 2).await.unwrap();
    place.settle(&leased[0], Outcome::Delivered, START).await;
    place.settle(&leased[1], Outcome::Dead { reason: "refused".to_owned() }, START).await;
    let counts = place.outbox.counts().await.unwrap();
    let expected = [
        (Channel::Log, State::Pending, 3),
        (Channel::Log, State::Delivered, 1),
        (Channel::Log, State::Dead, 1),
        (Channel::Email, State::Pending, 1),
    ];
    assert_eq!(counts, expected);
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = place.outbox.entries(OutboxFilter::default(), before, 4).await.unwrap();
        before = page.rows.last().map(|entry| entry.id);
        seen.extend(page.rows);
        if !page.more {
            break;
        }
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.is_sorted_by(|a, b| a.id > b.id), "newest first, each once");
    assert_eq!(place.outbox.of_notification(told).await.unwrap(), seen);
    let dead = OutboxFilter { state: Some(State::Dead), channel: Some(Channel::Log) };
    let dead = place.outbox.entries(dead, None, 4).await.unwrap().rows;
    assert_eq!((dead.len(), dead[0].last_error.as_deref(), dead[0].user), (1, Some("refused"), user));
    let none = OutboxFilter { state: Some(State::Dead), channel: Some(Channel::Email) };
    assert!(place.outbox.entries(none, None, 4).await.unwrap().rows.is_empty());
    assert_eq!(place.outbox.entry(DeliveryId(9999)).await.unwrap(), None);
}
