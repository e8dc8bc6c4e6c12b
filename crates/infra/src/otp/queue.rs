//! Messages that wait to be sent, so that nobody who asks for one waits for a mail server, nor learns from the time whether
//! there was somebody to send to.
//!
//! The queue is in memory and bounded. What is lost with the process is a code that its owner can ask for again.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use florin_app::port::{CodeMessage, OtpSender, PortError, SinkError};
use florin_domain::session::{CODE_LIFETIME_MILLIS, CodePurpose};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::post::{Courier, new_name};

/// How many messages may wait.
const MOST: usize = 1000;
/// How many are sent at the same time.
const WORKERS: usize = 4;
/// The pace of production.
const PACE: Pace = Pace {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(60),
    lifetime: Duration::from_millis(CODE_LIFETIME_MILLIS.unsigned_abs()),
};

/// Takes messages at once, and sends them one after another in the background.
pub struct QueuedOtpSender {
    queue: Arc<Queue>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

impl fmt::Debug for QueuedOtpSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuedOtpSender").finish_non_exhaustive()
    }
}

/// How what failed is tried again.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// The first wait after a failure; it doubles from try to try.
    first: Duration,
    /// The longest wait.
    longest: Duration,
    /// How long a message is of use.
    lifetime: Duration,
}

struct Queue {
    pace: Pace,
    courier: Box<dyn Courier>,
    waiting: Mutex<VecDeque<Waiting>>,
    /// Something was put, or the queue closes.
    changed: Notify,
    is_closing: AtomicBool,
}

struct Waiting {
    message: CodeMessage,
    /// The same at every try.
    name: String,
    /// From when on it is tried.
    due: Instant,
    /// How long the next wait is.
    wait: Duration,
    /// Until when it is of use.
    until: Instant,
}

/// What a worker does next.
enum Next {
    Send(Waiting),
    Wait(Option<Instant>),
    Stop,
}

impl QueuedOtpSender {
    /// Sends by that courier.
    pub(super) fn new(courier: impl Courier + 'static) -> Self {
        Self::with(courier, PACE)
    }

    fn with(courier: impl Courier + 'static, pace: Pace) -> Self {
        let queue = Arc::new(Queue {
            pace,
            courier: Box::new(courier),
            waiting: Mutex::new(VecDeque::new()),
            changed: Notify::new(),
            is_closing: AtomicBool::new(false),
        });
        let work = |_| tokio::spawn(Arc::clone(&queue).work());
        let workers = Mutex::new((0..WORKERS).map(work).collect());
        Self { queue, workers }
    }

    /// Tries once more whatever waits, for as long as that, and ends.
    pub async fn close(&self, within: Duration) {
        self.queue.is_closing.store(true, Ordering::SeqCst);
        self.queue.changed.notify_waiters();
        let workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        let until = Instant::now() + within;
        for mut worker in workers {
            if tokio::time::timeout_at(until, &mut worker).await.is_err() {
                worker.abort();
            }
        }
        let left = self.queue.lock().len();
        if left > 0 {
            tracing::warn!(left, "messages with codes were not sent before the end");
        }
    }
}

impl Queue {
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, waiting: Waiting) {
        let dropped = {
            let mut queue = self.lock();
            queue.push_back(waiting);
            if queue.len() > MOST { queue.pop_front() } else { None }
        };
        if dropped.is_some() {
            tracing::warn!(most = MOST, "too many messages with codes wait; the oldest is dropped");
        }
        self.changed.notify_one();
    }

    fn next(&self) -> Next {
        let now = Instant::now();
        let is_closing = self.is_closing.load(Ordering::SeqCst);
        let mut queue = self.lock();
        let before = queue.len();
        queue.retain(|waiting| waiting.until > now);
        let expired = before - queue.len();
        if expired > 0 {
            tracing::error!(expired, "messages with codes could not be sent before the codes expired");
        }
        let due = queue.iter().enumerate().filter(|(_, waiting)| is_closing || waiting.due <= now);
        // What was tried least goes first: what fails time and again, perhaps after a long wait each, holds up nothing new.
        let first = due.min_by_key(|(_, waiting)| waiting.wait).map(|(at, _)| at);
        match first.and_then(|at| queue.remove(at)) {
            Some(waiting) => Next::Send(waiting),
            None if is_closing => Next::Stop,
            None => Next::Wait(queue.iter().map(|waiting| waiting.due.min(waiting.until)).min()),
        }
    }

    async fn work(self: Arc<Self>) {
        loop {
            // Asked for before the queue is looked at, so that nothing that is put in between is overlooked.
            let changed = self.changed.notified();
            match self.next() {
                Next::Send(waiting) => self.send(waiting).await,
                Next::Wait(None) => changed.await,
                Next::Wait(Some(until)) => {
                    let _ = tokio::time::timeout_at(until, changed).await;
                }
                Next::Stop => return,
            }
        }
    }

    async fn send(&self, waiting: Waiting) {
        match self.courier.carry(&waiting.message, &waiting.name).await {
            Ok(()) => {}
            Err(SinkError::Later { reason, after_millis }) if !self.is_closing.load(Ordering::SeqCst) => {
                let asked_for = after_millis.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis);
                let wait = waiting.wait.max(asked_for.unwrap_or_default());
                tracing::warn!(reason, wait_ms = wait.as_millis(), "a message with a code is tried again");
                let next = (waiting.wait * 2).min(self.pace.longest);
                self.put(Waiting { due: Instant::now() + wait, wait: next, ..waiting });
            }
            Err(error) => tracing::error!(reason = %error, "a message with a code is given up"),
        }
    }
}

/// Whether the code of an older message is of no use any more once there is that newer one. Codes that verify an address stay in
/// force beside each other, each for its sign-up.
fn replaces(newer: &CodeMessage, older: &CodeMessage) -> bool {
    match (newer, older) {
        (
            CodeMessage::Code { email, purpose, .. },
            CodeMessage::Code { email: old_email, purpose: old_purpose, .. },
        ) => email == old_email && purpose == old_purpose && *purpose != CodePurpose::Verify,
        _ => false,
    }
}

#[async_trait]
impl OtpSender for QueuedOtpSender {
    async fn send(&self, message: &CodeMessage) -> Result<(), PortError> {
        let now = Instant::now();
        let Pace { first, lifetime, .. } = self.queue.pace;
        let (message, name) = (message.clone(), new_name());
        self.queue.lock().retain(|waiting| !replaces(&message, &waiting.message));
        self.queue.put(Waiting { message, name, due: now, wait: first, until: now + lifetime });
        Ok(())
    }

    fn reaches_phones(&self) -> bool {
        self.queue.courier.reaches_phones()
    }
}

#[cfg(test)]
mod tests;
