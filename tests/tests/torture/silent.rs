//! The database's machine loses its power, or the network between: its connections are not closed, and nothing comes over them any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acceptance::database::{Engine, TestDatabase};
use acceptance::random::Random;
use acceptance::torture::silence::Silence;
use acceptance::torture::{Fleet, Outcome, figure, fleet, seed, size};

use super::database::{Reads, is_away, read_until, work_until, works_again};

/// After this the database has ended transactions whose client is silent.
const SESSIONS_END: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_falls_silent_is_answered_503_and_found_again() {
    if *Engine::chosen() == Engine::Sqlite {
        // There is no connection that could fall silent.
        return;
    }
    let rounds = size(1, 3, 10);
    let database = TestDatabase::migrated().await;
    let silence = Silence::before(port_of(database.url())).await;
    let mut fleet = Fleet::start(&through(database.url(), silence.port()), 2).await;
    let mut people = fleet.people(8, seed()).await;
    let reader = fleet.people(1, seed()).await.pop().unwrap();
    let mut random = Random::new(seed());
    let mut reads = Reads::default();
    let mut slowest_recovery = Duration::ZERO;
    for round in 0..rounds {
        let is_network = round % 2 == 1;
        let over = Arc::new(AtomicBool::new(false));
        let working = tokio::spawn(work_until(people, Arc::clone(&over)));
        let reading = tokio::spawn(read_until(reader.clients.clone(), Arc::clone(&over)));
        tokio::time::sleep(Duration::from_millis(300 + random.below(500))).await;
        if is_network {
            silence.lose_network()
        } else {
            silence.lose_power()
        }
        is_away(&fleet).await;
        tokio::time::sleep(Duration::from_millis(1500 + random.below(2000))).await;
        silence.come_back();
        let recovery = works_again(&fleet, &reader).await;
        assert!(recovery < Duration::from_secs(30), "{recovery:?}");
        slowest_recovery = slowest_recovery.max(recovery);
        over.store(true, Ordering::Release);
        people = working.await.unwrap();
        reads.add(&reading.await.unwrap());
        // Sessions that the database still has end by themselves, and give up what they have locked.
        tokio::time::sleep(if is_network { SESSIONS_END } else { Duration::from_millis(500) }).await;
        fleet::reconcile(&mut people).await;
        // And writes, unaided.
        let mut worked = Vec::new();
        for (person, outcome) in fleet::work(people, 3).await {
            assert_eq!(outcome, Outcome::Acknowledged, "{person:?}");
            worked.push(person);
        }
        people = worked;
    }
    fleet.verify();
    let slowest = people.iter().map(|person| person.slowest).max().unwrap_or_default();
    assert!(slowest < Duration::from_secs(5), "an answer took {slowest:?}");
    assert!(reads.unavailable > 0, "the database was away, and somebody noticed");
    for n in 0..fleet.len() {
        let log = fleet.stop(n).await;
        let panics: Vec<&String> = log.iter().filter(|line| line.contains("panicked")).collect();
        assert!(panics.is_empty(), "{panics:#?}");
    }
    let acknowledged: usize = people.iter().map(|person| person.acknowledged).sum();
    figure(
        "the database's connections fall silent",
        &format!(
            "{rounds} times, {acknowledged} acknowledged, 0 lost, 0 partial; slowest answer {slowest:?}, slowest read {:?}; served \
             again {slowest_recovery:?} after it was back",
            reads.slowest
        ),
    );
}

/// The port in a database's address.
fn port_of(url: &str) -> u16 {
    let (_, host) = url.rsplit_once('@').expect("a user in the address");
    let (host, _) = host.split_once('/').expect("a database in the address");
    host.rsplit_once(':').expect("a port in the address").1.parse().expect("a port")
}

/// The same database by another port.
fn through(url: &str, port: u16) -> String {
    let (before, after) = url.rsplit_once('@').expect("a user in the address");
    let (_, name) = after.split_once('/').expect("a database in the address");
    format!("{before}@127.0.0.1:{port}/{name}")
}
