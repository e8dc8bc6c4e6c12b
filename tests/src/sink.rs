//! A channel that remembers what it was given, and does with it what a test wants.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use florin_app::port::{NotificationSink, SinkError};
use florin_domain::notification::delivery::Leased;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

/// What a channel does with a delivery.
#[derive(Debug, Clone)]
pub enum Act {
    /// It takes it.
    Take,
    /// It fails.
    Fail(SinkError),
    /// It takes it once there is a permit.
    TakeWhen(Arc<Semaphore>),
    /// The other side takes it, and the answer never comes.
    TakeAndHang,
}

/// How long a test waits for a channel: on the slowest machine longer than all that is rightly waited for.
const PATIENCE: Duration = Duration::from_secs(120);

type Behaviour = Box<dyn Fn(&Leased) -> Act + Send + Sync>;

/// A channel.
pub struct Sink {
    behaviour: Behaviour,
    taken: Mutex<Vec<i64>>,
    tries: watch::Sender<usize>,
    number_taken: watch::Sender<usize>,
}

impl Sink {
    /// One that does that.
    pub fn new(behaviour: impl Fn(&Leased) -> Act + Send + Sync + 'static) -> Arc<Self> {
        let (tries, number_taken) = (watch::Sender::new(0), watch::Sender::new(0));
        Arc::new(Self { behaviour: Box::new(behaviour), taken: Mutex::default(), tries, number_taken })
    }

    /// One that takes all.
    #[must_use]
    pub fn taking() -> Arc<Self> {
        Self::new(|_| Act::Take)
    }

    /// How often it was tried.
    #[must_use]
    pub fn tries(&self) -> usize {
        *self.tries.borrow()
    }

    /// The notifications that it took, with how often.
    #[must_use]
    pub fn taken(&self) -> BTreeMap<i64, usize> {
        let mut taken = BTreeMap::new();
        for notification in self.taken.lock().unwrap().iter() {
            *taken.entry(*notification).or_default() += 1;
        }
        taken
    }

    /// Fails unless it took each of the notifications from 1 to that one, once.
    pub fn assert_each_once(&self, people: usize) {
        let taken = self.taken();
        assert_eq!(taken.len(), people, "{taken:?}");
        assert!(taken.values().all(|times| *times == 1), "{taken:?}");
    }

    /// Waits until it was tried so often.
    pub async fn tried(&self, times: usize) {
        self.reach(&self.tries, times, "tries").await;
    }

    /// Waits until it took so many.
    pub async fn took(&self, times: usize) {
        self.reach(&self.number_taken, times, "taken").await;
    }

    async fn reach(&self, counted: &watch::Sender<usize>, times: usize, what: &str) {
        let mut counted = counted.subscribe();
        let reached = timeout(PATIENCE, counted.wait_for(|number| *number >= times)).await;
        assert!(reached.is_ok(), "{what}: {} and not {times} after {PATIENCE:?}: {:?}", self.tries(), self.taken());
    }

    fn take(&self, leased: &Leased) {
        self.taken.lock().unwrap().push(leased.notification.id.0);
        self.number_taken.send_modify(|number| *number += 1);
    }
}

#[async_trait]
impl NotificationSink for Sink {
    async fn deliver(&self, leased: &Leased) -> Result<(), SinkError> {
        let act = (self.behaviour)(leased);
        self.tries.send_modify(|tries| *tries += 1);
        match act {
            Act::Take => self.take(leased),
            Act::Fail(error) => return Err(error),
            Act::TakeWhen(permits) => {
                permits.acquire().await.expect("the semaphore is open").forget();
                self.take(leased);
            }
            Act::TakeAndHang => {
                self.take(leased);
                std::future::pending::<()>().await;
            }
        }
        Ok(())
    }
}

/// A failure that may pass.
#[must_use]
pub fn later(after_millis: Option<i64>) -> Act {
    Act::Fail(SinkError::Later { reason: "answered 503".to_owned(), after_millis })
}
