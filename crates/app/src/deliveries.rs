//! Delivering what was decided: leased from the outbox, looked at once more, sent over its channel, and settled.
//!
//! Delivery is at least once. What is lost between sending and settling is sent again when its lease ends, under the same
//! notification's identifier. Each channel works by itself, in tasks of its own, so that one that is slow or dead delays no other.
//! Nothing is dropped half-way: database work runs to its end, and so do tries, within the time that the sinks allow themselves.

mod gate;
mod lane;
mod relay;
mod source;
mod try_once;
mod wait;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use florin_domain::calendar::Timestamp;
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::{Backoff, Outcome};
use florin_domain::repository::{OutboxRepository, ReachRepository};
use tokio::sync::watch;

use crate::error::{AppError, Result};
use crate::port::{Clock, DeliveryQueue, NotificationSink, Random};

use gate::Gate;
use lane::{Lane, Until};
use source::Source;

/// How many lines the log channel takes at once: it waits for nobody.
const LOG_BATCH: usize = 64;

/// The ports that [`Deliveries`] works with.
#[derive(Clone)]
pub struct DeliveryPorts {
    /// What is to be delivered.
    pub outbox: Arc<dyn OutboxRepository>,
    /// Where devices whose tokens are dead are forgotten.
    pub reach: Arc<dyn ReachRepository>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What spreads tries.
    pub random: Arc<dyn Random>,
    /// The channels that there are.
    pub sinks: BTreeMap<Channel, Arc<dyn NotificationSink>>,
}

/// How deliveries are made.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryPolicy {
    /// Tries of one channel at the same time, of one process.
    pub parallel: usize,
    /// For how many milliseconds a process has a delivery for itself: longer than any try lasts.
    pub lease_millis: i64,
    /// When to try again, and how often.
    pub backoff: Backoff,
    /// The most milliseconds between two looks at an outbox in which nothing is due, and after a failure of storage.
    pub poll_millis: u64,
}

/// How many tries ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// The channel took it.
    pub delivered: u64,
    /// It failed, and will be tried again.
    pub again: u64,
    /// It was given up.
    pub dead: u64,
    /// It was no longer true or wanted.
    pub cancelled: u64,
}

impl Delivered {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Delivered => self.delivered += 1,
            Outcome::Again { .. } => self.again += 1,
            Outcome::Dead { .. } => self.dead += 1,
            Outcome::Cancelled => self.cancelled += 1,
            Outcome::Released { .. } => {}
        }
    }

    fn add(&mut self, other: Self) {
        let Self { delivered, again, dead, cancelled } = other;
        self.delivered += delivered;
        self.again += again;
        self.dead += dead;
        self.cancelled += cancelled;
    }
}

/// What the tasks of all channels share.
struct Shared {
    ports: DeliveryPorts,
    policy: DeliveryPolicy,
    gates: BTreeMap<Channel, Mutex<Gate>>,
    tallies: Mutex<BTreeMap<Channel, Delivered>>,
    stopped: watch::Sender<bool>,
    woken: watch::Sender<()>,
}

impl Shared {
    fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    fn batch(&self, channel: Channel) -> usize {
        let parallel = self.policy.parallel.max(1);
        if channel == Channel::Log { parallel.max(LOG_BATCH) } else { parallel }
    }

    fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    /// Works with the gate of a channel, which all tasks of this process share.
    fn with_gate<T>(&self, channel: Channel, work: impl FnOnce(&mut Gate) -> T) -> T {
        match self.gates.get(&channel) {
            Some(gate) => work(&mut gate.lock().unwrap_or_else(PoisonError::into_inner)),
            None => work(&mut Gate::default()),
        }
    }

    fn count(&self, channel: Channel, outcome: &Outcome) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.entry(channel).or_default().count(outcome);
    }

    /// How long to rest before the outbox is looked into again, when its next delivery comes due then.
    fn rest_until(&self, due: Option<Timestamp>) -> u64 {
        let poll = self.policy.poll_millis.max(1);
        let left = due.map(|due| u64::try_from(due.0.saturating_sub(self.now().0)).unwrap_or_default());
        left.map_or(poll, |left| left.clamp(wait::SHORT_MILLIS.min(poll), poll))
    }
}

/// The use case of delivering notifications. Any number of processes may be at it at once.
pub struct Deliveries {
    shared: Arc<Shared>,
}

impl Deliveries {
    /// A service over its ports.
    #[must_use]
    pub fn new(ports: DeliveryPorts, policy: DeliveryPolicy) -> Self {
        let gates = ports.sinks.keys().map(|channel| (*channel, Mutex::default())).collect();
        let (stopped, woken) = (watch::Sender::new(false), watch::Sender::new(()));
        let tallies = Mutex::default();
        Self { shared: Arc::new(Shared { ports, policy, gates, tallies, stopped, woken }) }
    }

    /// Makes every delivery that is due now, the channels side by side, and returns when none is due any more but those of
    /// channels that pause.
    ///
    /// # Errors
    /// The first failure of storage, after all that was under way has ended.
    pub async fn drain(&self) -> Result<Delivered> {
        let lanes: Vec<_> = self.lanes(&Source::Outbox, Until::Empty).map(|lane| tokio::spawn(lane.run())).collect();
        let (mut sum, mut failure) = (Delivered::default(), None);
        for lane in lanes {
            match lane.await {
                Ok(Ok(delivered)) => sum.add(delivered),
                Ok(Err(error)) => drop(failure.get_or_insert(error)),
                Err(error) => drop(failure.get_or_insert(AppError::Internal(error.into()))),
            }
        }
        failure.map_or(Ok(sum), Err)
    }

    /// Makes deliveries as they come due, until [`Self::stop`]. Dropping the returned future stops them too.
    pub async fn run(&self) {
        self.keep_up(&Source::Outbox).await;
    }

    /// Hands deliveries to a queue as they come due, for those who [work](Self::work), until [`Self::stop`].
    pub async fn relay(&self, queue: &Arc<dyn DeliveryQueue>) {
        let _stop = StopOnDrop(&self.shared);
        let relays: Vec<_> = self
            .shared
            .ports
            .sinks
            .keys()
            .map(|channel| tokio::spawn(relay::run(Arc::clone(&self.shared), *channel, Arc::clone(queue))))
            .collect();
        for relay in relays {
            if let Err(error) = relay.await {
                tracing::error!(%error, "a relay ended");
            }
        }
    }

    /// Makes deliveries that a queue hands over, until [`Self::stop`].
    pub async fn work(&self, queue: &Arc<dyn DeliveryQueue>) {
        self.keep_up(&Source::Queue(Arc::clone(queue))).await;
    }

    /// Has no further delivery leased. Tries that are under way end and are settled; what was leased and not tried is released.
    /// Whoever waits for [`Self::run`] and the like then knows that all is done. There is no way back.
    pub fn stop(&self) {
        self.shared.stopped.send_replace(true);
    }

    /// Has the outbox looked into at once: something was put there.
    pub fn wake(&self) {
        self.shared.woken.send_replace(());
    }

    /// How many tries of each channel ended how since this process began.
    #[must_use]
    pub fn tallies(&self) -> BTreeMap<Channel, Delivered> {
        self.shared.tallies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lanes(&self, source: &Source, until: Until) -> impl Iterator<Item = Lane> {
        let sinks = self.shared.ports.sinks.iter();
        sinks.map(move |(channel, sink)| Lane::new(&self.shared, *channel, Arc::clone(sink), source.clone(), until))
    }

    async fn keep_up(&self, source: &Source) {
        let _stop = StopOnDrop(&self.shared);
        let lanes: Vec<_> = self.lanes(source, Until::Stopped).map(|lane| tokio::spawn(lane::keep_up(lane))).collect();
        for lane in lanes {
            if let Err(error) = lane.await {
                tracing::error!(%error, "a channel's deliveries ended");
            }
        }
    }
}

/// Ends the tasks of whoever does not wait for them any more.
struct StopOnDrop<'a>(&'a Shared);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stopped.send_replace(true);
    }
}
