//! Where a channel's deliveries come from: the outbox itself, or a queue that stands before it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use florin_domain::calendar::Timestamp;
use florin_domain::id::DeliveryId;
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::{Address, Leased, Outcome};

use crate::error::{AppError, Result};
use crate::port::{DeliveryQueue, Handed};

use super::Shared;

/// A source of deliveries.
#[derive(Clone)]
pub(super) enum Source {
    /// What is due in the outbox.
    Outbox,
    /// What a relay found due and put into a queue.
    Queue(Arc<dyn DeliveryQueue>),
}

/// A delivery to be tried now.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) leased: Leased,
    pub(super) handed: Option<Handed>,
}

/// A delivery with which this process is done, or nearly so.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) id: DeliveryId,
    pub(super) fence: i64,
    pub(super) outcome: Outcome,
    pub(super) handed: Option<Handed>,
}

impl Due {
    pub(super) fn ended(self, outcome: Outcome) -> Ended {
        Ended { id: self.leased.id, fence: self.leased.fence, outcome, handed: self.handed }
    }
}

/// What was got.
pub(super) struct Fetched {
    /// To be tried, before the lease ends.
    pub(super) due: Vec<Due>,
    /// Until when they are leased.
    pub(super) until: Timestamp,
    /// To be settled without a try.
    pub(super) ended: Vec<Ended>,
    /// For how many milliseconds to rest before more is asked for; 0 to ask at once.
    pub(super) rest_millis: u64,
    /// Whether nothing was due.
    pub(super) nothing_due: bool,
    /// What failed after something was leased.
    pub(super) failure: Option<AppError>,
}

/// Gets up to `most` deliveries for this process alone, and looks whether they are still true.
pub(super) async fn fetch(shared: Arc<Shared>, channel: Channel, source: Source, most: usize) -> Result<Fetched> {
    let (leased, until) = match &source {
        Source::Outbox => {
            let now = shared.now();
            let until = now.plus_millis(shared.policy.lease_millis);
            let limit = u64::try_from(most).unwrap_or(u64::MAX);
            let leased = shared.ports.outbox.lease(channel, now, until, limit).await?;
            if leased.is_empty() {
                return nothing(&shared, channel, now).await;
            }
            (leased.into_iter().map(|leased| Due { leased, handed: None }).collect(), until)
        }
        Source::Queue(queue) => {
            let handed = queue.take(channel, most, shared.policy.poll_millis).await?;
            let now = shared.now();
            let until = now.plus_millis(shared.policy.lease_millis);
            (take_over(&shared, channel, queue, handed, now, until).await?, until)
        }
    };
    Ok(look_again(&shared, leased, until).await)
}

/// Nothing was got. Something may be due all the same: somebody else was quicker, and may have left some.
async fn nothing(shared: &Shared, channel: Channel, now: Timestamp) -> Result<Fetched> {
    let next = shared.ports.outbox.next_due(channel).await?;
    Ok(Fetched {
        due: Vec::new(),
        until: now,
        ended: Vec::new(),
        rest_millis: shared.rest_until(next),
        nothing_due: next.is_none_or(|next| now < next),
        failure: None,
    })
}

/// What a queue handed over, as far as its leases are still in force. With the others the queue is done.
async fn take_over(
    shared: &Shared,
    channel: Channel,
    queue: &Arc<dyn DeliveryQueue>,
    handed: Vec<Handed>,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Due>> {
    if handed.is_empty() {
        return Ok(Vec::new());
    }
    let leases: Vec<_> = handed.iter().map(|handed| (handed.delivery, handed.fence)).collect();
    let leased = shared.ports.outbox.take_over(&leases, now, until).await?;
    // Of one delivery there may be several, of leases that have ended: the one taken over has the highest number.
    let mut latest: BTreeMap<DeliveryId, Handed> = BTreeMap::new();
    let mut stale = Vec::new();
    for handed in handed {
        match latest.get(&handed.delivery) {
            Some(other) if other.fence >= handed.fence => stale.push(handed),
            _ => stale.extend(latest.insert(handed.delivery, handed)),
        }
    }
    let due = leased.into_iter().map(|leased| Due { handed: latest.remove(&leased.id), leased }).collect();
    stale.extend(latest.into_values());
    if !stale.is_empty()
        && let Err(error) = queue.done(channel, &stale).await
    {
        tracing::warn!(channel = channel.as_str(), %error, "the queue keeps what is done");
    }
    Ok(due)
}

/// Parts what is to be tried from what is to be settled without. What cannot be looked at is released.
async fn look_again(shared: &Shared, got: Vec<Due>, until: Timestamp) -> Fetched {
    let mut fetched =
        Fetched { due: Vec::new(), until, ended: Vec::new(), rest_millis: 0, nothing_due: false, failure: None };
    if got.is_empty() {
        return fetched;
    }
    let leased: Vec<Leased> = got.iter().map(|due| due.leased.clone()).collect();
    let still: BTreeSet<DeliveryId> = match shared.ports.outbox.still_true(&leased).await {
        Ok(still) => still.into_iter().collect(),
        Err(error) => {
            let at = shared.now();
            fetched.ended = got.into_iter().map(|due| due.ended(Outcome::Released { at })).collect();
            fetched.failure = Some(error.into());
            fetched.rest_millis = shared.policy.poll_millis.max(1);
            return fetched;
        }
    };
    for due in got {
        if !still.contains(&due.leased.id) || due.leased.address == Address::Gone {
            fetched.ended.push(due.ended(Outcome::Cancelled));
        } else if due.leased.attempt > shared.policy.backoff.max_attempts {
            // Each of its tries ended with the process that made it.
            let reason = "no try came to an end".to_owned();
            fetched.ended.push(due.ended(Outcome::Dead { reason }));
        } else {
            fetched.due.push(due);
        }
    }
    fetched
}
