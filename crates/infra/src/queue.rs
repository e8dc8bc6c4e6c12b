//! Handing deliveries to other processes over Redis: a stream a channel, `florin:deliveries:{channel}`, read by one group.
//!
//! Nothing depends on what Redis keeps. Entries that it loses are published again when their leases in the outbox end, and of
//! those that it hands over twice only one is taken over there.

mod connection;
mod entry;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use florin_app::port::{DeliveryQueue, Handed, PortError};
use florin_domain::id::DeliveryId;
use florin_domain::notification::Channel;
use redis::streams::{StreamAutoClaimReply, StreamReadReply};
use redis::{RedisError, RedisResult, cmd, pipe};

use connection::Connection;

/// The group that all who deliver belong to.
const GROUP: &str = "florin";
/// About how many entries a stream keeps at most. Beyond it the oldest go, and are published again when their leases end.
const MOST_ENTRIES: usize = 10_000;
/// How long an answer of Redis may take, besides what it was asked to wait.
const ANSWER: Duration = Duration::from_secs(3);

/// Why a queue cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The address cannot be read. The reason is left out: it could quote a password.
    #[error("the address of Redis must be redis:// or rediss://, with what is special in a password percent-encoded")]
    MalformedAddress,
}

/// A queue in Redis 6.2 or later. It is first reached by the first use, and reached again after it was away.
#[derive(Debug)]
pub struct RedisQueue {
    /// For all that is answered at once.
    quick: Connection,
    /// For waiting: whoever waits on a connection keeps everybody else on it waiting too.
    waiting: BTreeMap<Channel, Connection>,
    consumer: String,
    dead_after: Duration,
}

impl RedisQueue {
    /// A queue at that address, for a process that nobody else is called like. Entries that somebody took and was not done with
    /// after `dead_after` are handed to somebody else: as long as a delivery is leased.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn new(url: &str, instance: &str, dead_after: Duration) -> Result<Self, QueueError> {
        let connection = || Connection::new(url).map_err(|_| QueueError::MalformedAddress);
        let waiting = Channel::ALL.into_iter().map(|channel| Ok((channel, connection()?)));
        let waiting = waiting.collect::<Result<_, QueueError>>()?;
        Ok(Self { quick: connection()?, waiting, consumer: instance.to_owned(), dead_after })
    }

    /// Reaches Redis once.
    ///
    /// # Errors
    /// [`PortError::Failed`] when it does not answer.
    pub async fn ping(&self) -> Result<(), PortError> {
        let ping = self.quick.with(ANSWER, async |mut redis| cmd("PING").query_async::<()>(&mut redis).await);
        ping.await.map_err(failed)
    }

    /// Takes what dead processes left.
    async fn claim(&self, channel: Channel, most: usize) -> RedisResult<Vec<Handed>> {
        let mut command = cmd("XAUTOCLAIM");
        let idle = u64::try_from(self.dead_after.as_millis()).unwrap_or(u64::MAX);
        command.arg(stream(channel)).arg(GROUP).arg(&self.consumer).arg(idle).arg("0-0").arg("COUNT").arg(most);
        let reply: StreamAutoClaimReply =
            self.quick.with(ANSWER, async |mut redis| command.query_async(&mut redis).await).await?;
        self.read(channel, reply.claimed).await
    }

    /// Takes new ones, and waits for the first.
    async fn read_new(&self, channel: Channel, most: usize, wait_millis: u64) -> RedisResult<Vec<Handed>> {
        let mut command = cmd("XREADGROUP");
        command.arg("GROUP").arg(GROUP).arg(&self.consumer).arg("COUNT").arg(most);
        if wait_millis > 0 {
            // 0 would mean for ever.
            command.arg("BLOCK").arg(wait_millis);
        }
        command.arg("STREAMS").arg(stream(channel)).arg(">");
        let connection = self.waiting.get(&channel).unwrap_or(&self.quick);
        let wait = ANSWER.saturating_add(Duration::from_millis(wait_millis));
        let reply: Option<StreamReadReply> =
            connection.with(wait, async |mut redis| command.query_async(&mut redis).await).await?;
        let entries = reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids);
        self.read(channel, entries.collect()).await
    }

    /// Entries as deliveries. Those that nobody of us made are taken out.
    async fn read(&self, channel: Channel, entries: Vec<redis::streams::StreamId>) -> RedisResult<Vec<Handed>> {
        let (handed, strange) = entry::read(entries);
        if !strange.is_empty() {
            tracing::warn!(channel = channel.as_str(), entries = strange.len(), "entries of a stream cannot be read");
            self.remove(channel, &strange).await?;
        }
        Ok(handed)
    }

    async fn remove(&self, channel: Channel, receipts: &[String]) -> RedisResult<()> {
        let mut commands = pipe();
        commands.cmd("XACK").arg(stream(channel)).arg(GROUP).arg(receipts).ignore();
        commands.cmd("XDEL").arg(stream(channel)).arg(receipts).ignore();
        self.quick.with(ANSWER, async |mut redis| commands.query_async(&mut redis).await).await
    }

    /// Makes the group, and the stream, unless they are there.
    async fn make_group(&self, channel: Channel) -> RedisResult<()> {
        let mut command = cmd("XGROUP");
        command.arg("CREATE").arg(stream(channel)).arg(GROUP).arg("0").arg("MKSTREAM");
        let made = self.quick.with(ANSWER, async |mut redis| command.query_async::<()>(&mut redis).await).await;
        match made {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
            _ => Ok(()),
        }
    }

    async fn take_once(&self, channel: Channel, most: usize, wait_millis: u64) -> RedisResult<Vec<Handed>> {
        let mut handed = self.claim(channel, most).await?;
        let left = most.saturating_sub(handed.len());
        if left > 0 {
            let wait_millis = if handed.is_empty() { wait_millis } else { 0 };
            match self.read_new(channel, left, wait_millis).await {
                Ok(new) => handed.extend(new),
                // What was claimed is this process's now.
                Err(error) if handed.is_empty() => return Err(error),
                Err(error) => tracing::warn!(channel = channel.as_str(), %error, "a stream cannot be read"),
            }
        }
        Ok(handed)
    }
}

/// The stream of a channel.
fn stream(channel: Channel) -> String {
    format!("florin:deliveries:{}", channel.as_str())
}

/// Whether the group is gone, or went while it was waited on: Redis was emptied, or is another one.
fn is_group_gone(error: &RedisError) -> bool {
    matches!(error.code(), Some("NOGROUP" | "UNBLOCKED"))
}

fn failed(error: RedisError) -> PortError {
    PortError::Failed(error.into())
}

#[async_trait]
impl DeliveryQueue for RedisQueue {
    async fn publish(&self, channel: Channel, leased: &[(DeliveryId, i64)]) -> Result<(), PortError> {
        if leased.is_empty() {
            return Ok(());
        }
        let mut commands = pipe();
        for (delivery, fence) in leased {
            let add = commands.cmd("XADD").arg(stream(channel)).arg("MAXLEN").arg("~").arg(MOST_ENTRIES).arg("*");
            add.arg(entry::fields(*delivery, *fence).as_slice()).ignore();
        }
        self.quick.with(ANSWER, async |mut redis| commands.query_async(&mut redis).await).await.map_err(failed)
    }

    async fn waiting(&self, channel: Channel) -> Result<u64, PortError> {
        let mut length = cmd("XLEN");
        length.arg(stream(channel));
        self.quick.with(ANSWER, async |mut redis| length.query_async(&mut redis).await).await.map_err(failed)
    }

    async fn take(&self, channel: Channel, most: usize, wait_millis: u64) -> Result<Vec<Handed>, PortError> {
        match self.take_once(channel, most, wait_millis).await {
            Err(error) if is_group_gone(&error) => {
                self.make_group(channel).await.map_err(failed)?;
                self.take_once(channel, most, wait_millis).await.map_err(failed)
            }
            taken => taken.map_err(failed),
        }
    }

    async fn done(&self, channel: Channel, handed: &[Handed]) -> Result<(), PortError> {
        if handed.is_empty() {
            return Ok(());
        }
        let receipts: Vec<String> = handed.iter().map(|handed| handed.receipt.clone()).collect();
        self.remove(channel, &receipts).await.map_err(failed)
    }
}
