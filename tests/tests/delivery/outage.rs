//! Channels that are down for a while, ask for patience, or refuse for good.

use std::sync::Arc;

use acceptance::outbox::{Outbox, POLICY};
use acceptance::sink::{Act, Sink, later};
use florin_app::deliveries::DeliveryPolicy;
use florin_domain::id::DeliveryId;
use florin_domain::notification::Channel::{Email, Webhook};
use florin_domain::notification::delivery::{Backoff, State};
use florin_domain::repository::OutboxRepository;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_minutes_of_outage_lose_nothing_and_cost_few_tries() {
    let outbox = Outbox::new().await;
    outbox.tell(40, &[Webhook, Email]).await;
    let begun = outbox.clock.millis();
    let minute = 60_000;
    let clock = outbox.clock.clone();
    let webhook = Sink::new(move |_| if clock.millis() < begun + 10 * minute { later(None) } else { Act::Take });
    let email = Sink::taking();
    let process = outbox.process(&[(Webhook, &webhook), (Email, &email)], POLICY).await;
    process.deliveries.drain().await.unwrap();
    email.assert_each_once(40);
    let mut tries_at_the_end_of_it = 0;
    let mut all_there = None;
    while outbox.clock.millis() < begun + 30 * minute {
        outbox.clock.advance_seconds(5);
        process.deliveries.drain().await.unwrap();
        if outbox.clock.millis() == begun + 10 * minute - 5000 {
            tries_at_the_end_of_it = webhook.tries();
        }
        if all_there.is_none() && webhook.taken().len() == 40 {
            all_there = Some(outbox.clock.millis() - begun);
        }
    }
    webhook.assert_each_once(40);
    outbox.assert_all(&process, Webhook, State::Delivered).await;
    // The first ones at once, then one at a time after pauses of up to a minute.
    assert!((POLICY.parallel..=45).contains(&tries_at_the_end_of_it), "{tries_at_the_end_of_it} tries for nothing");
    assert!(process.entries(Webhook).await.iter().all(|entry| entry.attempts < POLICY.backoff.max_attempts / 2 + 4));
    // Whoever was not tried goes as soon as the channel is seen to be back; the few that were, when their own wait ends.
    assert!(all_there.unwrap() <= 21 * minute, "{all_there:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_asks_for_patience_is_left_alone() {
    let outbox = Outbox::new().await;
    outbox.tell(30, &[Webhook]).await;
    let begun = outbox.clock.millis();
    let clock = outbox.clock.clone();
    let sink = Sink::new(move |_| if clock.millis() == begun { later(Some(90_000)) } else { Act::Take });
    let process = outbox.process(&[(Webhook, &sink)], POLICY).await;
    process.deliveries.drain().await.unwrap();
    let asked = sink.tries();
    assert!((1..=POLICY.parallel).contains(&asked), "{asked}");
    for _ in 0..89 {
        outbox.clock.advance_seconds(1);
        process.deliveries.drain().await.unwrap();
    }
    assert_eq!(sink.tries(), asked, "not even for those that were never tried");
    let untried = process.entries(Webhook).await.into_iter().filter(|entry| entry.attempts == 0).count();
    assert_eq!(untried, 30 - asked);
    outbox.clock.advance_seconds(1);
    process.deliveries.drain().await.unwrap();
    sink.assert_each_once(30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_always_fails_is_given_up_and_can_be_tried_again() {
    let outbox = Outbox::new().await;
    outbox.tell(10, &[Webhook]).await;
    let works = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mended = Arc::clone(&works);
    let sink = Sink::new(move |leased| {
        let poison = leased.notification.id.0 == 4 && !mended.load(std::sync::atomic::Ordering::SeqCst);
        if poison { later(None) } else { Act::Take }
    });
    let policy = DeliveryPolicy { backoff: Backoff { max_attempts: 3, ..POLICY.backoff }, ..POLICY };
    let process = outbox.process(&[(Webhook, &sink)], policy).await;
    for _ in 0..10 {
        process.deliveries.drain().await.unwrap();
        outbox.clock.advance_seconds(3600);
    }
    assert_eq!(sink.tries(), 9 + 3);
    assert_eq!(process.count(Webhook, State::Delivered).await, 9);
    let dead = process.outbox.entry(DeliveryId(4)).await.unwrap().unwrap();
    assert_eq!((dead.state, dead.attempts, dead.last_error.as_deref()), (State::Dead, 3, Some("answered 503")));
    assert!(process.outbox.revive(DeliveryId(4), dead.settled_at.unwrap()).await.unwrap());
    process.deliveries.drain().await.unwrap();
    assert_eq!(process.outbox.entry(DeliveryId(4)).await.unwrap().unwrap().attempts, 1);
    works.store(true, std::sync::atomic::Ordering::SeqCst);
    outbox.clock.advance_seconds(3600);
    process.deliveries.drain().await.unwrap();
    sink.assert_each_once(10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_longer_true_is_not_sent_and_its_key_is_free() {
    let outbox = Outbox::new().await;
    outbox.tell(3, &[Webhook]).await;
    outbox.database.execute("UPDATE user_login SET disabled_at = 1 WHERE id = 2").await;
    let sink = Sink::taking();
    let process = outbox.process(&[(Webhook, &sink)], POLICY).await;
    let counts = process.deliveries.drain().await.unwrap();
    assert_eq!((counts.delivered, counts.cancelled), (2, 1));
    assert_eq!(sink.taken().into_keys().collect::<Vec<_>>(), [1, 3]);
    let keys = outbox.database.texts("SELECT dedupe_key FROM notification WHERE cancelled_at IS NOT NULL").await;
    assert_eq!(keys, ["inactivity:2:0:6#2"]);
}
