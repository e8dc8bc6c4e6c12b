//! Processes that are told to stop, and processes that die.

use std::sync::Arc;
use std::thread;

use acceptance::outbox::{LEASE_SECONDS, Outbox, POLICY, process_on};
use acceptance::sink::{Act, Sink};
use florin_domain::notification::Channel::Webhook;
use florin_domain::notification::delivery::State;
use tokio::sync::Semaphore;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_stops_leaves_nothing_half_done() {
    let outbox = Outbox::new().await;
    outbox.tell(50, &[Webhook]).await;
    let permits = Arc::new(Semaphore::new(11));
    let slow = {
        let permits = Arc::clone(&permits);
        Sink::new(move |_| Act::TakeWhen(Arc::clone(&permits)))
    };
    let process = outbox.process(&[(Webhook, &slow)], POLICY).await;
    let running = process.start();
    slow.took(11).await;
    slow.tried(11 + POLICY.parallel).await;
    process.deliveries.stop();
    assert!(!running.is_finished(), "what is under way is waited for");
    permits.add_permits(50);
    running.await.unwrap();
    let tried = slow.tries();
    assert_eq!(tried, 11 + POLICY.parallel, "nothing new is begun");
    assert_eq!(slow.taken().len(), tried);
    let now = outbox.clock.millis();
    let mut due = 0;
    for entry in process.entries(Webhook).await {
        if entry.state == State::Pending {
            assert_eq!((entry.attempts, entry.next_at.map(|at| at.0)), (0, Some(now)), "{entry:?}");
            due += 1;
        }
    }
    assert_eq!(due, 50 - tried);
    // So another one goes on at once.
    let next = Sink::taking();
    outbox.process(&[(Webhook, &next)], POLICY).await.deliveries.drain().await.unwrap();
    assert_eq!(next.taken().len(), 50 - tried);
    assert!(next.taken().keys().all(|id| !slow.taken().contains_key(id)));
    outbox.assert_all(&process, Webhook, State::Delivered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_between_sending_and_noting_it_has_it_sent_again_under_the_same_id() {
    let outbox = Outbox::new().await;
    outbox.tell(5, &[Webhook]).await;
    let dying = Sink::new(|_| Act::TakeAndHang);
    let (url, clock, sink) = (outbox.database.url().to_owned(), outbox.clock.clone(), Arc::clone(&dying));
    // A process of its own, as far as its tasks and connections go: they end where they are.
    let process = thread::spawn(move || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let process = process_on(&url, &clock, &[(Webhook, &sink)], POLICY).await;
            let deliveries = Arc::clone(&process.deliveries);
            tokio::spawn(async move { deliveries.run().await });
            sink.took(5).await;
        });
        runtime.shutdown_background();
    });
    process.join().unwrap();
    let sink = Sink::taking();
    let process = outbox.process(&[(Webhook, &sink)], POLICY).await;
    outbox.clock.advance_seconds(LEASE_SECONDS - 1);
    process.deliveries.drain().await.unwrap();
    assert_eq!(sink.tries(), 0, "they are leased to it");
    outbox.clock.advance_seconds(1);
    process.deliveries.drain().await.unwrap();
    assert_eq!(sink.taken(), dying.taken(), "none is missing, and the receiver knows them again");
    assert!(process.entries(Webhook).await.iter().all(|entry| entry.attempts == 2));
}
