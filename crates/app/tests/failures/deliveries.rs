//! Deliveries when storage, a channel or a queue fails.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use florin_app::deliveries::{Delivered, Deliveries, DeliveryPolicy, DeliveryPorts};
use florin_app::error::AppError;
use florin_app::port::{
    DeliveryQueue, Handed, MockDeliveryQueue, MockNotificationSink, MockRandom, NotificationSink, PortError, SinkError,
};
use florin_domain::id::{DeliveryId, DeviceId, NotificationId, Seq, UserId};
use florin_domain::notification::delivery::{Address, Backoff, Leased, Outcome};
use florin_domain::notification::{Channel, Inactivity, Notice, Notification};
use florin_domain::repository::{MockOutboxRepository, MockReachRepository, RepositoryError};

use super::{NOW, clock};

const POLICY: DeliveryPolicy = DeliveryPolicy {
    parallel: 4,
    lease_millis: 60_000,
    backoff: Backoff { first_millis: 5000, most_millis: 3_600_000, max_attempts: 3 },
    poll_millis: 1,
};

fn leased(id: i64, attempt: u32, address: Address) -> Leased {
    let notice = Notice::Inactivity(Inactivity { last: Seq::ZERO, days: 6, stage: 6 });
    let notification = Notification { id: NotificationId(id), user: UserId(7), created_at: NOW, read_at: None, notice };
    Leased { id: DeliveryId(id), fence: 9, attempt, channel: Channel::Push, address, notification }
}

fn unavailable() -> RepositoryError {
    RepositoryError::Unavailable("away".into())
}

type Settled = Arc<Mutex<Vec<(DeliveryId, i64, Outcome)>>>;

/// An outbox in which these are due, once, and what is settled in it.
fn outbox(due: Vec<Leased>) -> (MockOutboxRepository, Settled) {
    let mut outbox = outbox_without_settle(due);
    let settled = Settled::default();
    let kept = Arc::clone(&settled);
    outbox.expect_settle().returning(move |ended, _| {
        kept.lock().unwrap().extend_from_slice(ended);
        Ok(())
    });
    (outbox, settled)
}

fn outbox_without_settle(due: Vec<Leased>) -> MockOutboxRepository {
    let mut outbox = MockOutboxRepository::new();
    let mut due = Some(due);
    outbox.expect_lease().returning(move |_, _, _, _| Ok(due.take().unwrap_or_default()));
    outbox.expect_next_due().returning(|_| Ok(None));
    outbox.expect_still_true().returning(|leased| Ok(leased.iter().map(|leased| leased.id).collect()));
    outbox
}

fn deliveries(
    outbox: MockOutboxRepository,
    reach: MockReachRepository,
    sink: impl NotificationSink + 'static,
) -> Deliveries {
    deliveries_with(outbox, reach, sink, POLICY)
}

fn deliveries_with(
    outbox: MockOutboxRepository,
    reach: MockReachRepository,
    sink: impl NotificationSink + 'static,
    policy: DeliveryPolicy,
) -> Deliveries {
    let mut random = MockRandom::new();
    random.expect_number().return_const(0_u64);
    let sinks: BTreeMap<Channel, Arc<dyn NotificationSink>> = BTreeMap::from([(Channel::Push, Arc::new(sink) as _)]);
    let (outbox, reach, clock, random) = (Arc::new(outbox), Arc::new(reach), Arc::new(clock()), Arc::new(random));
    Deliveries::new(DeliveryPorts { outbox, reach, clock, random, sinks }, policy)
}

fn answering(answer: Result<(), SinkError>) -> MockNotificationSink {
    let mut sink = MockNotificationSink::new();
    sink.expect_deliver().returning(move |_| answer.clone());
    sink
}

fn later() -> SinkError {
    SinkError::Later { reason: "answered 503".into(), after_millis: None }
}

/// What becomes of a first try that the sink ends so.
async fn outcome(sink: impl NotificationSink + 'static, policy: DeliveryPolicy) -> Outcome {
    let (outbox, settled) = outbox(vec![leased(1, 1, Address::None)]);
    deliveries_with(outbox, MockReachRepository::new(), sink, policy).drain().await.unwrap();
    let settled = settled.lock().unwrap();
    assert_eq!((settled.len(), settled[0].0, settled[0].1), (1, DeliveryId(1), 9));
    settled[0].2.clone()
}

#[tokio::test]
async fn a_channel_that_panics_or_never_ends_has_failed() {
    let mut sink = MockNotificationSink::new();
    sink.expect_deliver().returning(|_| panic!("a defect"));
    let at = NOW.plus_millis(2500);
    assert_eq!(outcome(sink, POLICY).await, Outcome::Again { at, reason: "the channel panicked".into() });

    struct Stuck;
    #[async_trait]
    impl NotificationSink for Stuck {
        async fn deliver(&self, _: &Leased) -> Result<(), SinkError> {
            std::future::pending().await
        }
    }
    let reason = "the channel did not answer within the lease".to_owned();
    assert_eq!(outcome(Stuck, DeliveryPolicy { lease_millis: 20, ..POLICY }).await, Outcome::Again { at, reason });
}

#[tokio::test]
async fn failures_end_as_they_are_meant_to() {
    assert_eq!(outcome(answering(Ok(())), POLICY).await, Outcome::Delivered);
    let reason = "answered 400".to_owned();
    let refused = answering(Err(SinkError::Refused { reason: reason.clone() }));
    assert_eq!(outcome(refused, POLICY).await, Outcome::Dead { reason });
    let at = NOW.plus_millis(2500);
    assert_eq!(outcome(answering(Err(later())), POLICY).await, Outcome::Again { at, reason: "answered 503".into() });
    let asked = SinkError::Later { reason: "answered 429".into(), after_millis: Some(90_000) };
    let at = NOW.plus_millis(90_000);
    assert_eq!(outcome(answering(Err(asked)), POLICY).await, Outcome::Again { at, reason: "answered 429".into() });
    let absurd = SinkError::Later { reason: String::new(), after_millis: Some(i64::MAX) };
    let at = NOW.plus_millis(24 * 60 * 60 * 1000);
    assert_eq!(outcome(answering(Err(absurd)), POLICY).await, Outcome::Again { at, reason: String::new() });
}

#[tokio::test]
async fn what_failed_for_the_last_time_is_dead_and_what_never_ended_is_not_tried() {
    let due = vec![leased(1, 3, Address::None), leased(2, 4, Address::None), leased(3, 1, Address::Gone)];
    let (outbox, settled) = outbox(due);
    let mut sink = MockNotificationSink::new();
    sink.expect_deliver().times(1).withf(|leased| leased.id == DeliveryId(1)).returning(|_| Err(later()));
    let deliveries = deliveries(outbox, MockReachRepository::new(), sink);
    let counts = deliveries.drain().await.unwrap();
    assert_eq!(counts, Delivered { delivered: 0, again: 0, dead: 2, cancelled: 1 });
    assert_eq!(deliveries.tallies()[&Channel::Push], counts);
    let mut settled = settled.lock().unwrap().clone();
    settled.sort_by_key(|(id, _, _)| *id);
    let dead = |reason: &str| Outcome::Dead { reason: reason.into() };
    let outcomes: Vec<_> = settled.into_iter().map(|(_, _, outcome)| outcome).collect();
    assert_eq!(outcomes, [dead("answered 503"), dead("no try came to an end"), Outcome::Cancelled]);
}

#[tokio::test]
async fn a_device_whose_token_is_dead_is_forgotten() {
    let address = Address::Device { device: DeviceId(5), token: "registration".into() };
    let (outbox, settled) = outbox(vec![leased(1, 1, address)]);
    let mut reach = MockReachRepository::new();
    // It stays dead even if that fails: the next one says so again.
    let is_it = |device: &DeviceId, token: &str| *device == DeviceId(5) && token == "registration";
    reach.expect_forget_dead().times(1).withf(is_it).returning(|_, _| Err(unavailable()));
    let sink = answering(Err(SinkError::Gone { reason: "answered 404".into() }));
    deliveries(outbox, reach, sink).drain().await.unwrap();
    assert_eq!(settled.lock().unwrap()[0].2, Outcome::Dead { reason: "the device is gone".into() });
}

#[tokio::test]
async fn what_cannot_be_looked_at_again_is_released_untried() {
    let mut outbox = MockOutboxRepository::new();
    outbox.expect_lease().times(1).returning(|_, _, _, _| Ok(vec![leased(1, 1, Address::None)]));
    outbox.expect_still_true().returning(|_| Err(unavailable()));
    let released = |ended: &[(DeliveryId, i64, Outcome)]| ended[0].2 == Outcome::Released { at: NOW };
    outbox.expect_settle().times(1).withf(move |ended, _| released(ended)).returning(|_, _| Ok(()));
    let drained = deliveries(outbox, MockReachRepository::new(), MockNotificationSink::new()).drain().await;
    assert!(matches!(drained, Err(AppError::Unavailable(_))));
}

#[tokio::test]
async fn what_became_of_a_try_is_kept_until_storage_takes_it() {
    let mut outbox = outbox_without_settle(vec![leased(1, 1, Address::None)]);
    let (mut failures, stop) = (7, Arc::new(tokio::sync::Notify::new()));
    let settled = Arc::clone(&stop);
    outbox.expect_settle().times(8).returning(move |ended, _| {
        assert_eq!(ended, [(DeliveryId(1), 9, Outcome::Delivered)]);
        failures -= 1;
        if failures >= 0 {
            return Err(unavailable());
        }
        settled.notify_one();
        Ok(())
    });
    let mut sink = MockNotificationSink::new();
    sink.expect_deliver().times(1).returning(|_| Ok(()));
    let deliveries = Arc::new(deliveries(outbox, MockReachRepository::new(), sink));
    let running = {
        let deliveries = Arc::clone(&deliveries);
        tokio::spawn(async move { deliveries.run().await })
    };
    stop.notified().await;
    deliveries.stop();
    running.await.unwrap();
    assert_eq!(deliveries.tallies()[&Channel::Push].delivered, 1);
}

#[tokio::test]
async fn storage_that_stays_away_does_not_keep_a_process_from_ending() {
    let mut outbox = outbox_without_settle(vec![leased(1, 1, Address::None)]);
    outbox.expect_settle().times(5).returning(|_, _| Err(unavailable()));
    let drained = deliveries(outbox, MockReachRepository::new(), answering(Ok(()))).drain().await;
    assert!(matches!(drained, Err(AppError::Unavailable(_))));
}

#[tokio::test]
async fn a_queue_that_is_away_costs_no_lease() {
    let mut outbox = MockOutboxRepository::new();
    let handed = || vec![(DeliveryId(1), 4)];
    outbox.expect_hand_over().times(1).returning(move |_, _, _, _| Ok(handed()));
    let back = Arc::new(tokio::sync::Notify::new());
    let given_back = Arc::clone(&back);
    outbox.expect_hand_back().times(1).withf(move |back, at| back == handed() && *at == NOW).returning(move |_, _| {
        given_back.notify_one();
        Ok(())
    });
    let away = || PortError::Failed("away".into());
    let mut queue = MockDeliveryQueue::new();
    // Away, then there, then away again between the two.
    let mut asked = 0;
    queue.expect_waiting().returning(move |_| {
        asked += 1;
        if asked == 2 { Ok(999) } else { Err(away()) }
    });
    queue.expect_publish().times(1).returning(move |_, _| Err(away()));
    let deliveries = Arc::new(deliveries(outbox, MockReachRepository::new(), MockNotificationSink::new()));
    let queue: Arc<dyn DeliveryQueue> = Arc::new(queue);
    let relay = {
        let deliveries = Arc::clone(&deliveries);
        tokio::spawn(async move { deliveries.relay(&queue).await })
    };
    back.notified().await;
    deliveries.stop();
    relay.await.unwrap();
}

#[tokio::test]
async fn a_worker_tries_what_it_took_over_and_is_done_with_the_rest() {
    let handed =
        |delivery, fence, receipt: &str| Handed { delivery: DeliveryId(delivery), fence, receipt: receipt.into() };
    let mut outbox = MockOutboxRepository::new();
    outbox.expect_take_over().returning(|_, _, _| Ok(vec![leased(1, 1, Address::None)]));
    outbox.expect_still_true().returning(|leased| Ok(leased.iter().map(|leased| leased.id).collect()));
    outbox.expect_settle().times(1).returning(|_, _| Ok(()));
    let mut queue = MockDeliveryQueue::new();
    let mut first = Some(vec![handed(1, 2, "a"), handed(1, 3, "b"), handed(2, 1, "c")]);
    queue.expect_take().returning(move |_, _, _| Ok(first.take().unwrap_or_default()));
    let (done, seen) = (Arc::new(Mutex::new(Vec::new())), Arc::new(tokio::sync::Notify::new()));
    let (kept, all_seen) = (Arc::clone(&done), Arc::clone(&seen));
    queue.expect_done().returning(move |_, handed| {
        let mut kept = kept.lock().unwrap();
        kept.extend(handed.iter().map(|handed| handed.receipt.clone()));
        if kept.len() == 3 {
            all_seen.notify_one();
        }
        Ok(())
    });
    let mut sink = MockNotificationSink::new();
    sink.expect_deliver().times(1).returning(|_| Ok(()));
    let deliveries = Arc::new(deliveries(outbox, MockReachRepository::new(), sink));
    let queue: Arc<dyn DeliveryQueue> = Arc::new(queue);
    let work = {
        let deliveries = Arc::clone(&deliveries);
        tokio::spawn(async move { deliveries.work(&queue).await })
    };
    seen.notified().await;
    deliveries.stop();
    work.await.unwrap();
    assert_eq!(*done.lock().unwrap(), ["a", "c", "b"], "the one of the lease last");
}
