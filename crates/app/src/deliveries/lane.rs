//! One channel's deliveries: so many under way at once, settled in groups as they end.

use std::pin::Pin;
use std::sync::Arc;

use florin_domain::id::DeviceId;
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::{Address, Outcome};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::Sleep;

use crate::error::{AppError, Result};
use crate::port::{NotificationSink, SinkError};

use super::source::{Due, Ended, Fetched, Source, fetch};
use super::{Delivered, Shared, gate, try_once, wait};

/// How often storage may fail to take what became of tries, once no more are made. What it does not take comes due again.
const LAST_TRIES: u32 = 5;

/// How long a channel's deliveries go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Until nothing is due, or the channel pauses, or storage fails.
    Empty,
    /// Until they are told to stop.
    Stopped,
}

type Tried = (Due, std::result::Result<(), SinkError>);
type Landed = std::result::Result<Result<Fetched>, JoinError>;

/// The deliveries of one channel.
pub(super) struct Lane {
    shared: Arc<Shared>,
    channel: Channel,
    sink: Arc<dyn NotificationSink>,
    source: Source,
    until: Until,
    tries: JoinSet<Tried>,
    fetch: Option<JoinHandle<Result<Fetched>>>,
    /// To be settled.
    ended: Vec<Ended>,
    /// Whose tokens are dead.
    dead_devices: Vec<(DeviceId, String)>,
    /// Until this is over, nothing is asked for.
    rest: Option<Pin<Box<Sleep>>>,
    /// Nothing more is to be asked for.
    over: bool,
    failed_settlements: u32,
    failure: Option<AppError>,
    counts: Delivered,
}

/// Runs a lane, and another one in its place should it panic, until it is told to stop.
pub(super) async fn keep_up(mut lane: Lane) {
    loop {
        let next = lane.another();
        let Err(error) = tokio::spawn(lane.run()).await else { return };
        tracing::error!(channel = next.channel.as_str(), %error, "the deliveries of a channel broke off");
        if next.shared.is_stopped() {
            return;
        }
        wait::rest(next.shared.policy.poll_millis.max(1)).await;
        lane = next;
    }
}

impl Lane {
    pub(super) fn new(
        shared: &Arc<Shared>,
        channel: Channel,
        sink: Arc<dyn NotificationSink>,
        source: Source,
        until: Until,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            channel,
            sink,
            source,
            until,
            tries: JoinSet::new(),
            fetch: None,
            ended: Vec::new(),
            dead_devices: Vec::new(),
            rest: None,
            over: false,
            failed_settlements: 0,
            failure: None,
            counts: Delivered::default(),
        }
    }

    fn another(&self) -> Self {
        Self::new(&self.shared, self.channel, Arc::clone(&self.sink), self.source.clone(), self.until)
    }

    /// Until it is over and all is settled.
    pub(super) async fn run(mut self) -> Result<Delivered> {
        let (mut stopped, mut woken) = (self.shared.stopped.subscribe(), self.shared.woken.subscribe());
        loop {
            while let Some(tried) = self.tries.try_join_next() {
                self.note(tried);
            }
            self.settle().await;
            self.over |= self.shared.is_stopped();
            self.ask_for_more();
            if self.over && self.tries.is_empty() && self.fetch.is_none() && self.ended.is_empty() {
                break;
            }
            tokio::select! {
                Some(tried) = self.tries.join_next() => self.note(tried),
                landed = landing(&mut self.fetch) => {
                    self.fetch = None;
                    self.begin(landed);
                }
                () = resting(&mut self.rest) => self.rest = None,
                _ = woken.changed() => self.rest = None,
                _ = stopped.changed(), if !self.over => {}
            }
        }
        self.failure.map_or(Ok(self.counts), Err)
    }

    /// Asks for as many as can be tried at once, unless they were asked for, or the channel pauses.
    fn ask_for_more(&mut self) {
        if self.over || self.fetch.is_some() || self.rest.is_some() || !self.ended.is_empty() {
            return;
        }
        let now = self.shared.now();
        let all = self.shared.batch(self.channel);
        let (pause, slots) = self.shared.with_gate(self.channel, |gate| (gate.pause(now), gate.slots(all)));
        if pause.is_some() {
            self.over |= self.until == Until::Empty;
            self.rest = Some(wait::rest(self.shared.rest_until(pause)));
            return;
        }
        let free = slots.saturating_sub(self.tries.len());
        if free > 0 {
            let (shared, source) = (Arc::clone(&self.shared), self.source.clone());
            self.fetch = Some(tokio::spawn(fetch(shared, self.channel, source, free)));
        }
    }

    /// Begins to try what was got, or releases it: as it is told to stop, or pauses since.
    fn begin(&mut self, landed: Landed) {
        let fetched = match landed.unwrap_or_else(|error| Err(AppError::Internal(error.into()))) {
            Ok(fetched) => fetched,
            Err(error) => return self.fail(error),
        };
        while let Some(tried) = self.tries.try_join_next() {
            self.note(tried);
        }
        self.ended.extend(fetched.ended);
        if fetched.rest_millis > 0 {
            self.rest = Some(wait::rest(fetched.rest_millis));
        }
        self.over |= fetched.nothing_due && self.until == Until::Empty;
        if let Some(error) = fetched.failure {
            self.fail(error);
        }
        let now = self.shared.now();
        let pause = self.shared.with_gate(self.channel, |gate| gate.pause(now));
        let late = self.shared.is_stopped() || fetched.until <= now;
        let release = if late { Some(now) } else { pause };
        let guard_millis = u64::try_from(self.shared.policy.lease_millis).unwrap_or(1).max(1);
        for due in fetched.due {
            if let Some(at) = release {
                self.ended.push(due.ended(Outcome::Released { at }));
                continue;
            }
            let sink = Arc::clone(&self.sink);
            self.tries.spawn(async move {
                let result = try_once::deliver(sink, due.leased.clone(), guard_millis).await;
                (due, result)
            });
        }
    }

    /// Notes how a try ended.
    fn note(&mut self, tried: std::result::Result<Tried, JoinError>) {
        // Nothing in such a task panics; should it, the delivery comes due again when its lease ends.
        let Ok((due, result)) = tried else { return };
        let now = self.shared.now();
        let outcome = match result {
            Ok(()) => {
                self.shared.with_gate(self.channel, gate::Gate::answered);
                Outcome::Delivered
            }
            Err(SinkError::Refused { reason }) => {
                self.shared.with_gate(self.channel, gate::Gate::answered);
                Outcome::Dead { reason }
            }
            Err(SinkError::Gone { .. }) => {
                self.shared.with_gate(self.channel, gate::Gate::answered);
                if let Address::Device { device, token } = &due.leased.address {
                    self.dead_devices.push((*device, token.clone()));
                }
                Outcome::Dead { reason: "the device is gone".to_owned() }
            }
            Err(SinkError::Later { reason, after_millis }) => {
                let asked = gate::asked(after_millis);
                let backoff = self.shared.policy.backoff;
                let random = &self.shared.ports.random;
                let (for_gate, for_delivery) = (random.number(), random.number());
                self.shared.with_gate(self.channel, |gate| gate.failed(now, asked, &backoff, for_gate));
                match backoff.wait(due.leased.attempt, asked, for_delivery) {
                    Some(millis) => Outcome::Again { at: now.plus_millis(millis), reason },
                    None => Outcome::Dead { reason },
                }
            }
        };
        if let Outcome::Again { reason, .. } | Outcome::Dead { reason } = &outcome {
            let (delivery, channel, attempt) = (due.leased.id.0, self.channel.as_str(), due.leased.attempt);
            let dead = matches!(outcome, Outcome::Dead { .. });
            tracing::warn!(delivery, channel, attempt, dead, reason, "a delivery failed");
        }
        self.ended.push(due.ended(outcome));
    }

    /// Settles all that has ended, in one transaction.
    async fn settle(&mut self) {
        if self.ended.is_empty() || self.rest.is_some() && self.failed_settlements > 0 {
            return;
        }
        for (device, token) in std::mem::take(&mut self.dead_devices) {
            if let Err(error) = self.shared.ports.reach.forget_dead(device, &token).await {
                tracing::warn!(device = device.0, %error, "a dead device is not forgotten yet");
            }
        }
        let settled: Vec<_> = self.ended.iter().map(|ended| (ended.id, ended.fence, ended.outcome.clone())).collect();
        if let Err(error) = self.shared.ports.outbox.settle(&settled, self.shared.now()).await {
            self.failed_settlements += 1;
            self.fail(error.into());
            if self.over && self.failed_settlements >= LAST_TRIES {
                tracing::error!(channel = self.channel.as_str(), tries = settled.len(), "tries end unsettled");
                self.ended.clear();
            }
            return;
        }
        self.failed_settlements = 0;
        let mut handed = Vec::new();
        for ended in std::mem::take(&mut self.ended) {
            self.counts.count(&ended.outcome);
            self.shared.count(self.channel, &ended.outcome);
            handed.extend(ended.handed);
        }
        if let Source::Queue(queue) = &self.source
            && !handed.is_empty()
            && let Err(error) = queue.done(self.channel, &handed).await
        {
            tracing::warn!(channel = self.channel.as_str(), %error, "the queue keeps what is done");
        }
    }

    /// Storage, or the queue, failed: a rest, and on.
    fn fail(&mut self, error: AppError) {
        tracing::warn!(channel = self.channel.as_str(), %error, "deliveries wait for storage");
        self.rest = Some(wait::rest(self.shared.policy.poll_millis.max(1)));
        if self.until == Until::Empty {
            self.over = true;
            self.failure.get_or_insert(error);
        }
    }
}

/// What was asked for, when it is there; never, when nothing was.
async fn landing(fetch: &mut Option<JoinHandle<Result<Fetched>>>) -> Landed {
    match fetch {
        Some(fetch) => fetch.await,
        None => std::future::pending().await,
    }
}

async fn resting(rest: &mut Option<Pin<Box<Sleep>>>) {
    match rest {
        Some(rest) => rest.await,
        None => std::future::pending().await,
    }
}
