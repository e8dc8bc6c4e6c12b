//! A relay, workers, and what may become of either and of Redis between them.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use acceptance::outbox::{Deliverer, LEASE_SECONDS, Outbox, POLICY, process_on};
use acceptance::sink::{Act, Sink, later};
use acceptance::size;
use florin_app::port::DeliveryQueue;
use florin_domain::notification::Channel::{Log, Webhook};
use florin_domain::notification::delivery::State;
use florin_domain::repository::OutboxRepository;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::server::{DEAD_AFTER, Redis};

fn relay(deliverer: &Deliverer, queue: Arc<dyn DeliveryQueue>) -> JoinHandle<()> {
    let deliveries = Arc::clone(&deliverer.deliveries);
    tokio::spawn(async move { deliveries.relay(&queue).await })
}

fn work(deliverer: &Deliverer, queue: Arc<dyn DeliveryQueue>) -> JoinHandle<()> {
    let deliveries = Arc::clone(&deliverer.deliveries);
    tokio::spawn(async move { deliveries.work(&queue).await })
}

async fn end(running: Vec<(&Deliverer, JoinHandle<()>)>) {
    for (deliverer, _) in &running {
        deliverer.deliveries.stop();
    }
    for (_, task) in running {
        task.await.unwrap();
    }
}

/// Until that holds: it depends on Redis's own clock.
async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    for _ in 0..2000 {
        if holds().await {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_workers_one_delivers_each_and_nothing_is_left_in_redis() {
    let (outbox, redis) = (Outbox::new().await, Redis::start().await);
    let people = size(300, 2000);
    outbox.tell(people, &[Webhook, Log]).await;
    let (webhook, log) = (Sink::taking(), Sink::taking());
    let sinks = [(Webhook, &webhook), (Log, &log)];
    let (first, second) = (outbox.process(&sinks, POLICY).await, outbox.process(&sinks, POLICY).await);
    let relaying = outbox.process(&sinks, POLICY).await;
    let running = vec![
        (&first, work(&first, redis.shared_queue("first"))),
        (&second, work(&second, redis.shared_queue("second"))),
        (&relaying, relay(&relaying, redis.shared_queue("relay"))),
    ];
    webhook.took(people).await;
    log.took(people).await;
    end(running).await;
    webhook.assert_each_once(people);
    log.assert_each_once(people);
    outbox.assert_all(&first, Webhook, State::Delivered).await;
    let shares = [&first, &second].map(|worker| worker.deliveries.tallies()[&Webhook].delivered);
    assert_eq!(shares.iter().sum::<u64>(), u64::try_from(people).unwrap());
    let queue = redis.queue("looking");
    assert_eq!((queue.waiting(Webhook).await.unwrap(), queue.waiting(Log).await.unwrap()), (0, 0));
    assert!(first.entries(Webhook).await.iter().all(|entry| entry.attempts == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_worker_took_and_did_not_begin_is_reclaimed() {
    let (outbox, redis) = (Outbox::new().await, Redis::start().await);
    outbox.tell(5, &[Webhook]).await;
    let sink = Sink::taking();
    let relaying = outbox.process(&[(Webhook, &sink)], POLICY).await;
    let relay = relay(&relaying, redis.shared_queue("relay"));
    let dead = redis.queue("dead");
    let taken = dead.take(Webhook, 5, 5000).await.unwrap();
    assert!(!taken.is_empty());
    // It dies here. Another one finds what it took, once it has been silent for long enough; the leases have not ended.
    let worker = outbox.process(&[(Webhook, &sink)], POLICY).await;
    let working = work(&worker, redis.shared_queue("living"));
    sink.took(5).await;
    end(vec![(&relaying, relay), (&worker, working)]).await;
    sink.assert_each_once(5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_worker_was_at_when_it_died_is_tried_again_when_its_lease_ends() {
    let (outbox, redis) = (Outbox::new().await, Redis::start().await);
    outbox.tell(5, &[Webhook]).await;
    let (dying, sink) = (Sink::new(|_| Act::TakeAndHang), Sink::taking());
    let relaying = outbox.process(&[(Webhook, &sink)], POLICY).await;
    let relay = relay(&relaying, redis.shared_queue("relay"));
    let (url, clock, its_sink) = (outbox.database.url().to_owned(), outbox.clock.clone(), Arc::clone(&dying));
    let its_queue = redis.shared_queue("dead");
    let process = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let process = process_on(&url, &clock, &[(Webhook, &its_sink)], POLICY).await;
            work(&process, its_queue);
            its_sink.took(5).await;
        });
        runtime.shutdown_background();
    });
    process.join().unwrap();
    let worker = outbox.process(&[(Webhook, &sink)], POLICY).await;
    let working = work(&worker, redis.shared_queue("living"));
    // Long enough for what it took to be claimed, if that were allowed: it is not, for somebody has the lease.
    sleep(DEAD_AFTER * 2).await;
    assert_eq!(sink.tries(), 0);
    outbox.clock.advance_seconds(LEASE_SECONDS);
    sink.took(5).await;
    end(vec![(&relaying, relay), (&worker, working)]).await;
    assert_eq!(sink.taken(), dying.taken());
    assert_eq!(redis.queue("looking").waiting(Webhook).await.unwrap(), 0, "what the dead one left is gone too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_redis_loses_nothing() {
    let (outbox, redis) = (Outbox::new().await, Redis::start().await);
    outbox.tell(50, &[Webhook]).await;
    let sink = Sink::taking();
    let relaying = outbox.process(&[(Webhook, &sink)], POLICY).await;
    let relay = relay(&relaying, redis.shared_queue("relay"));
    let queue = redis.queue("looking");
    until("all are published", async || queue.waiting(Webhook).await.unwrap() == 50).await;
    redis.command(&["FLUSHALL"]).await;
    let worker = outbox.process(&[(Webhook, &sink)], POLICY).await;
    let working = work(&worker, redis.shared_queue("worker"));
    outbox.clock.advance_seconds(LEASE_SECONDS);
    sink.took(50).await;
    // Emptied again while they wait on the stream: the group is gone under them.
    redis.command(&["FLUSHALL"]).await;
    assert!(worker.outbox.next_due(Webhook).await.unwrap().is_none_or(|due| due.0 > outbox.clock.millis()));
    outbox.database.execute("UPDATE notification_delivery SET state = 0, next_at = 0 WHERE id = 1").await;
    relaying.deliveries.wake();
    sink.took(51).await;
    end(vec![(&relaying, relay), (&worker, working)]).await;
    assert_eq!(sink.taken().len(), 50);
    assert_eq!(sink.tries(), 51);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_away_costs_nothing_but_time() {
    let (outbox, mut redis) = (Outbox::new().await, Redis::start().await);
    let sink = Sink::taking();
    let (relaying, worker) =
        (outbox.process(&[(Webhook, &sink)], POLICY).await, outbox.process(&[(Webhook, &sink)], POLICY).await);
    let running = vec![
        (&relaying, relay(&relaying, redis.shared_queue("relay"))),
        (&worker, work(&worker, redis.shared_queue("worker"))),
    ];
    redis.kill();
    outbox.tell(20, &[Webhook]).await;
    relaying.deliveries.wake();
    sleep(POLICY_RESTS).await;
    let entries = worker.entries(Webhook).await;
    assert!(entries.iter().all(|entry| entry.state == State::Pending && entry.attempts == 0));
    let now = outbox.clock.millis();
    assert!(entries.iter().all(|entry| entry.next_at.is_some_and(|at| at.0 <= now)), "nothing is leased for nobody");
    redis.start_again().await;
    sink.took(20).await;
    end(running).await;
    sink.assert_each_once(20);
}

/// A few rests of those who wait for Redis.
const POLICY_RESTS: Duration = Duration::from_millis(10 * POLICY.poll_millis);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_workers_nothing_is_used_up() {
    let (outbox, redis) = (Outbox::new().await, Redis::start().await);
    outbox.tell(3, &[Webhook]).await;
    let sink = Sink::new(|leased| if leased.attempt == 1 { later(None) } else { Act::Take });
    let relaying = outbox.process(&[(Webhook, &sink)], POLICY).await;
    let relay = relay(&relaying, redis.shared_queue("relay"));
    let queue = redis.queue("looking");
    for times in 1..=20 {
        until("they are published again", async || queue.waiting(Webhook).await.unwrap() == 3 * times).await;
        outbox.clock.advance_seconds(LEASE_SECONDS);
    }
    let worker = outbox.process(&[(Webhook, &sink)], POLICY).await;
    let working = work(&worker, redis.shared_queue("worker"));
    sink.tried(3).await;
    assert!(sink.taken().is_empty());
    // All of them: what were noted after the clock moved would be tried again after the clock stood still for good.
    until("what failed is noted", async || {
        worker.entries(Webhook).await.iter().all(|entry| entry.last_error.is_some())
    })
    .await;
    outbox.clock.advance_seconds(5);
    sink.took(3).await;
    end(vec![(&relaying, relay), (&worker, working)]).await;
    sink.assert_each_once(3);
    assert!(worker.entries(Webhook).await.iter().all(|entry| entry.attempts == 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strange_entries_are_passed_over() {
    let (outbox, redis) = (Outbox::new().await, Redis::start().await);
    outbox.tell(1, &[Log]).await;
    redis.command(&["XADD", "florin:deliveries:log", "*", "id", "many", "fence", "1"]).await;
    redis.command(&["XADD", "florin:deliveries:log", "*", "id", "99", "fence", "1"]).await;
    let sink = Sink::taking();
    let process = outbox.process(&[(Log, &sink)], POLICY).await;
    let (queue, relay) = (redis.queue("looking"), relay(&process, redis.shared_queue("relay")));
    let working = work(&process, redis.shared_queue("worker"));
    sink.took(1).await;
    until("the stream is empty", async || queue.waiting(Log).await.unwrap() == 0).await;
    process.deliveries.stop();
    relay.await.unwrap();
    working.await.unwrap();
    sink.assert_each_once(1);
}
