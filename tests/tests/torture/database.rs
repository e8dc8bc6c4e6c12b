//! The database crashes, restarts and hangs under load of two servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use acceptance::Client;
use acceptance::database::Engine;
use acceptance::random::Random;
use acceptance::torture::{DatabaseServer, Fleet, Outcome, Person, figure, fleet, seed, size};
use futures::future::join_all;

/// Within this a client has an answer, whatever the database does.
const ANSWERED: Duration = Duration::from_secs(5);
/// Within this readiness is answered.
const READINESS: Duration = Duration::from_secs(3);
/// After this the servers work again, once the database does.
const RECOVERED: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy)]
enum Fault {
    /// All its processes are killed, and it is started a while later.
    Crash,
    /// It does nothing for a while, and closes nothing.
    Hang,
    /// It is stopped as an administrator does, and started at once.
    Restart,
    /// One process that serves a connection is killed, upon which PostgreSQL ends all others and recovers by itself.
    Backend,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_hangs_or_restarts_has_lost_nothing_that_was_acknowledged() {
    let faults: &[Fault] = match Engine::chosen() {
        // Its database is a file of the servers' own: see the kills.
        Engine::Sqlite => return,
        Engine::MySql(_) => &[Fault::Crash, Fault::Hang, Fault::Restart],
        Engine::Postgres(_) => &[Fault::Crash, Fault::Hang, Fault::Restart, Fault::Backend],
    };
    // At its full size each fault comes ten times: twenty crashes and restarts, and as many others.
    let rounds = size(2, 8, 10 * faults.len());
    let mut database = DatabaseServer::start().await;
    let mut fleet = Fleet::start(&database.url(), 2).await;
    let mut people = fleet.people(8, seed()).await;
    let reader = fleet.people(1, seed()).await.pop().unwrap();
    let mut random = Random::new(seed());
    let mut slowest_recovery = Duration::ZERO;
    let mut reads = Reads::default();
    for round in 0..rounds {
        let fault = faults[round % faults.len()];
        let over = Arc::new(AtomicBool::new(false));
        let working = tokio::spawn(work_until(people, Arc::clone(&over)));
        let reading = tokio::spawn(read_until(reader.clients.clone(), Arc::clone(&over)));
        tokio::time::sleep(Duration::from_millis(300 + random.below(500))).await;
        let pause = Duration::from_millis(random.below(2000));
        match fault {
            Fault::Crash => {
                database.kill();
                is_away(&fleet).await;
                tokio::time::sleep(pause).await;
                database.restart().await;
            }
            Fault::Hang => {
                database.freeze();
                is_away(&fleet).await;
                tokio::time::sleep(pause).await;
                database.thaw();
            }
            Fault::Restart => {
                database.stop();
                database.restart().await;
            }
            Fault::Backend => database.kill_one_backend(),
        }
        let recovery = works_again(&fleet, &reader).await;
        assert!(recovery < RECOVERED, "{fault:?}: {recovery:?}");
        slowest_recovery = slowest_recovery.max(recovery);
        // Whoever was served all the time goes on for a while.
        tokio::time::sleep(Duration::from_millis(300)).await;
        over.store(true, Ordering::Release);
        people = working.await.unwrap();
        reads.add(&reading.await.unwrap());
        // A COMMIT that was sent before the database hung may be done by it afterwards.
        tokio::time::sleep(Duration::from_millis(700)).await;
        fleet::reconcile(&mut people).await;
        for n in 0..fleet.len() {
            assert!(fleet.server_mut(n).child.try_wait().unwrap().is_none(), "{fault:?}: the server lives");
        }
    }
    fleet.verify();
    let slowest = people.iter().map(|person| person.slowest).max().unwrap_or_default();
    assert!(slowest < ANSWERED, "an answer took {slowest:?}");
    assert!(reads.unavailable > 0, "the database was away, and somebody noticed");
    for n in 0..fleet.len() {
        let log = fleet.stop(n).await;
        let panics: Vec<&String> = log.iter().filter(|line| line.contains("panicked")).collect();
        assert!(panics.is_empty(), "{panics:#?}");
    }
    let acknowledged: usize = people.iter().map(|person| person.acknowledged).sum();
    let resolved = people.iter().fold((0, 0), |(a, b), person| (a + person.resolved.0, b + person.resolved.1));
    figure(
        "the database killed or restarted under load",
        &format!(
            "{rounds} faults ({faults:?} in turn), {acknowledged} acknowledged, 0 lost, 0 partial; of {} unacknowledged {} were \
             there, whole; slowest answer {slowest:?}; {} reads, of them 503 {}, slowest {:?}; served again {slowest_recovery:?} \
             after the database",
            resolved.0 + resolved.1,
            resolved.0,
            reads.served + reads.unavailable,
            reads.unavailable,
            reads.slowest,
        ),
    );
}

/// Everybody works until their first operation that is not acknowledged, or until it is over.
pub(super) async fn work_until(people: Vec<Person>, over: Arc<AtomicBool>) -> Vec<Person> {
    let work = |mut person: Person| {
        let over = Arc::clone(&over);
        tokio::spawn(async move {
            while !over.load(Ordering::Acquire) && person.step().await == Outcome::Acknowledged {}
            person
        })
    };
    join_all(people.into_iter().map(work).collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).collect()
}

/// What somebody got who only reads.
#[derive(Debug, Default)]
pub(super) struct Reads {
    pub(super) served: usize,
    pub(super) unavailable: usize,
    pub(super) slowest: Duration,
}

impl Reads {
    pub(super) fn add(&mut self, other: &Self) {
        self.served += other.served;
        self.unavailable += other.unavailable;
        self.slowest = self.slowest.max(other.slowest);
    }
}

/// Reads from every server in turn until it is over.
pub(super) async fn read_until(clients: Vec<Client>, over: Arc<AtomicBool>) -> Reads {
    let mut reads = Reads::default();
    while !over.load(Ordering::Acquire) {
        for client in &clients {
            for path in ["/expenses?limit=20", "/summary?month=2026-01"] {
                let began = Instant::now();
                let answer = client.get(path).await;
                reads.slowest = reads.slowest.max(began.elapsed());
                assert!(reads.slowest < ANSWERED, "{:?}: {answer:?}", reads.slowest);
                match answer.status {
                    200 => reads.served += 1,
                    503 => reads.unavailable += 1,
                    _ => panic!("{answer:?}"),
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    reads
}

/// While the database is away every server lives, and says in time that it is not ready.
pub(super) async fn is_away(fleet: &Fleet) {
    let look = |n| async move {
        fleet.client(n).at("GET", "/livez").await.expect(200);
        let began = Instant::now();
        fleet.client(n).at("GET", "/readyz").await.expect(503);
        assert!(began.elapsed() < READINESS, "readiness took {:?}", began.elapsed());
        fleet.client(n).at("GET", "/livez").await.expect(200);
    };
    join_all((0..fleet.len()).map(look)).await;
}

/// Waits until every server is ready and serves. Returns how long that took.
pub(super) async fn works_again(fleet: &Fleet, reader: &Person) -> Duration {
    let began = Instant::now();
    for (n, client) in reader.clients.iter().enumerate() {
        let answers = async || {
            fleet.client(n).at("GET", "/readyz").await.status == 200
                && client.get("/expenses?limit=20").await.status == 200
        };
        while !answers().await {
            assert!(began.elapsed() < Duration::from_mins(1), "server {n} does not recover");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    began.elapsed()
}
