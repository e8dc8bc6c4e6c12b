//! People whose servers' nodes live, while others' do not: they go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use acceptance::Client;
use acceptance::torture::{Outcome, Person};
use futures::future::join_all;
use tokio::task::JoinHandle;

/// How long a cluster may take to notice that a node is gone and to go on without it.
const GOES_ON_WITHIN: Duration = Duration::from_secs(60);

/// The same person, who knows only some of the servers.
pub(crate) fn at(mut person: Person, every: &[Client], servers: &[usize]) -> Person {
    let token = person.user.token().unwrap().to_owned();
    person.clients = servers.iter().map(|n| every[*n].with_token(&token)).collect();
    person
}

/// People at work until they are told to stop.
pub(crate) struct Living {
    working: Vec<JoinHandle<Person>>,
    stop: Arc<AtomicBool>,
    acknowledged: Vec<Arc<AtomicUsize>>,
    /// Answers 503 or none.
    pub(crate) refused: Arc<AtomicUsize>,
}

impl Living {
    pub(crate) fn start(people: Vec<Person>) -> Self {
        let (stop, refused) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut living = Self { working: Vec::new(), stop, acknowledged: Vec::new(), refused };
        for person in people {
            let acknowledged = Arc::<AtomicUsize>::default();
            living.acknowledged.push(Arc::clone(&acknowledged));
            let (stop, refused) = (Arc::clone(&living.stop), Arc::clone(&living.refused));
            living.working.push(tokio::spawn(go_on(person, stop, acknowledged, refused)));
        }
        living
    }

    /// Waits until each has been acknowledged that many more.
    ///
    /// # Panics
    /// When that takes too long.
    pub(crate) async fn until_each_did(&self, more: usize) -> Duration {
        let began = Instant::now();
        let counts = || self.acknowledged.iter().map(|count| count.load(Ordering::Relaxed)).collect::<Vec<_>>();
        let before = counts();
        while counts().iter().zip(&before).any(|(now, before)| now - before < more) {
            assert!(!self.working.iter().any(JoinHandle::is_finished), "somebody stopped");
            assert!(began.elapsed() < GOES_ON_WITHIN, "the living do not go on: {before:?} then {:?}", counts());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        began.elapsed()
    }

    pub(crate) async fn stop(self) -> Vec<Person> {
        self.stop.store(true, Ordering::Relaxed);
        join_all(self.working).await.into_iter().map(|done| done.unwrap()).collect()
    }
}

async fn go_on(
    mut person: Person,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
) -> Person {
    while !stop.load(Ordering::Relaxed) {
        match person.step().await {
            Outcome::Acknowledged => {
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Outcome::Refused => panic!("nothing is stale, no disk is full"),
            Outcome::Unknown => {
                refused.fetch_add(1, Ordering::Relaxed);
                for client in &person.clients {
                    until_served(client).await;
                }
                person.reconcile().await;
            }
        }
    }
    person
}

/// Waits until a server serves again.
///
/// # Panics
/// When it answers anything but 200 or 503, or that takes too long.
pub(crate) async fn until_served(client: &Client) -> Duration {
    let began = Instant::now();
    loop {
        let (ready, read) = (client.at("GET", "/readyz").await, client.get("/me").await);
        assert!([200, 503].contains(&ready.status) && [200, 503].contains(&read.status), "{ready:?} {read:?}");
        if ready.status == 200 && read.status == 200 {
            return began.elapsed();
        }
        assert!(began.elapsed() < GOES_ON_WITHIN, "{ready:?} {read:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
