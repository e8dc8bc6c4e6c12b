//! Handing what comes due to a queue.

use std::sync::Arc;

use florin_domain::notification::Channel;

use crate::error::Result;
use crate::port::DeliveryQueue;

use super::{Shared, wait};

/// How many of one channel may wait in the queue. The others wait in the outbox, where they keep.
const MOST_WAITING: u64 = 1000;
/// The most that are handed over at once.
const BATCH: u64 = 200;

/// Hands over what comes due on a channel, until it is told to stop.
pub(super) async fn run(shared: Arc<Shared>, channel: Channel, queue: Arc<dyn DeliveryQueue>) {
    let (mut stopped, mut woken) = (shared.stopped.subscribe(), shared.woken.subscribe());
    while !shared.is_stopped() {
        let rest = match hand_over(&shared, channel, &queue).await {
            Ok(rest) => rest,
            Err(error) => {
                tracing::warn!(channel = channel.as_str(), %error, "the relay waits for storage or the queue");
                shared.policy.poll_millis.max(1)
            }
        };
        if rest > 0 {
            tokio::select! {
                () = wait::rest(rest) => {}
                _ = woken.changed() => {}
                _ = stopped.changed() => {}
            }
        }
    }
}

/// Hands over what is due, as far as the queue has room; for how many milliseconds to rest then.
async fn hand_over(shared: &Shared, channel: Channel, queue: &Arc<dyn DeliveryQueue>) -> Result<u64> {
    // Asked first: while the queue is away, nothing is leased.
    let room = MOST_WAITING.saturating_sub(queue.waiting(channel).await?);
    if room == 0 {
        return Ok(shared.policy.poll_millis.max(1));
    }
    let outbox = &shared.ports.outbox;
    let now = shared.now();
    let until = now.plus_millis(shared.policy.lease_millis);
    let leased = outbox.hand_over(channel, now, until, room.min(BATCH)).await?;
    if leased.is_empty() {
        return Ok(shared.rest_until(outbox.next_due(channel).await?));
    }
    if let Err(error) = queue.publish(channel, &leased).await {
        outbox.hand_back(&leased, now).await?;
        return Err(error.into());
    }
    Ok(0)
}
