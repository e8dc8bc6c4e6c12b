//! Each channel goes on by itself, and each process beside the others.

use std::sync::Arc;

use acceptance::outbox::{Outbox, POLICY};
use acceptance::sink::{Act, Sink, later};
use acceptance::size;
use florin_app::deliveries::Delivered;
use florin_domain::notification::Channel::{Email, Log, Webhook};
use florin_domain::notification::delivery::State;
use futures::future::join_all;
use tokio::sync::Semaphore;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_hangs_delays_no_other() {
    let outbox = Outbox::new().await;
    outbox.tell(20, &[Webhook, Log, Email]).await;
    let permits = Arc::new(Semaphore::new(0));
    let (webhook, log) = (Sink::taking(), Sink::taking());
    let hanging = {
        let permits = Arc::clone(&permits);
        Sink::new(move |_| Act::TakeWhen(Arc::clone(&permits)))
    };
    // Mail needs an address; the webhook and the log none.
    let process = outbox.process(&[(Email, &hanging), (Webhook, &webhook), (Log, &log)], POLICY).await;
    let running = process.start();
    hanging.tried(POLICY.parallel).await;
    webhook.took(20).await;
    log.took(20).await;
    assert_eq!(hanging.taken().len(), 0, "the others are done while it hangs");
    assert_eq!(hanging.tries(), POLICY.parallel, "no more than may be under way at once");
    permits.add_permits(20);
    hanging.took(20).await;
    process.deliveries.stop();
    running.await.unwrap();
    for (channel, sink) in [(Email, hanging), (Webhook, webhook), (Log, log)] {
        sink.assert_each_once(20);
        outbox.assert_all(&process, channel, State::Delivered).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_fails_delays_no_other() {
    let outbox = Outbox::new().await;
    outbox.tell(20, &[Webhook, Email]).await;
    let (failing, email) = (Sink::new(|_| later(None)), Sink::taking());
    let process = outbox.process(&[(Webhook, &failing), (Email, &email)], POLICY).await;
    let counts = process.deliveries.drain().await.unwrap();
    email.assert_each_once(20);
    assert!(failing.tries() <= POLICY.parallel, "then it pauses");
    let again = u64::try_from(failing.tries()).unwrap();
    assert_eq!(counts, Delivered { delivered: 20, again, dead: 0, cancelled: 0 });
    assert_eq!(process.count(Webhook, State::Pending).await, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_put_there_later_is_found_when_it_is_told_of() {
    let outbox = Outbox::new().await;
    let sink = Sink::taking();
    // It would not look again by itself within this test.
    let policy = florin_app::deliveries::DeliveryPolicy { poll_millis: 600_000, ..POLICY };
    let process = outbox.process(&[(Log, &sink)], policy).await;
    let running = process.start();
    outbox.tell(3, &[Log]).await;
    // Told of until it hears: it may be in the midst of its first look.
    while sink.taken().len() < 3 {
        process.deliveries.wake();
        tokio::task::yield_now().await;
    }
    process.deliveries.stop();
    running.await.unwrap();
    sink.assert_each_once(3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_five_processes_one_delivers_each() {
    let outbox = Outbox::new().await;
    let people = size(200, 1000);
    outbox.tell(people, &[Log, Webhook]).await;
    let (log, webhook) = (Sink::taking(), Sink::taking());
    let mut processes = Vec::new();
    for _ in 0..5 {
        processes.push(outbox.process(&[(Log, &log), (Webhook, &webhook)], POLICY).await);
    }
    let drained = join_all(processes.iter().map(|process| process.deliveries.drain())).await;
    let delivered: u64 = drained.into_iter().map(|counts| counts.unwrap().delivered).sum();
    assert_eq!(delivered, u64::try_from(people * 2).unwrap());
    log.assert_each_once(people);
    webhook.assert_each_once(people);
}
