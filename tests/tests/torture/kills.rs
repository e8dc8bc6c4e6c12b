//! kill -9 of servers under load.

use std::time::Duration;

use acceptance::database::TestDatabase;
use acceptance::random::Random;
use acceptance::torture::{Fleet, figure, fleet, seed, size};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_has_lost_nothing_that_it_acknowledged() {
    let kills = size(2, 8, 50);
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 2).await;
    let mut people = fleet.people(8, seed()).await;
    let mut random = Random::new(seed());
    let mut slowest = Duration::ZERO;
    for round in 0..kills {
        // Both servers take writes; one of them dies somewhere in the middle.
        let working = tokio::spawn(fleet::work(people, usize::MAX));
        tokio::time::sleep(Duration::from_millis(150 + random.below(600))).await;
        let victim = round % fleet.len();
        fleet.kill(victim).await;
        people = working.await.unwrap().into_iter().map(|(person, _)| person).collect();
        slowest = slowest.max(fleet.restart(victim).await);
        fleet::reconcile(&mut people).await;
    }
    fleet.verify();
    assert!(slowest < Duration::from_secs(2), "ready after {slowest:?}");
    let acknowledged: usize = people.iter().map(|person| person.acknowledged).sum();
    let resolved = people.iter().fold((0, 0), |(a, b), person| (a + person.resolved.0, b + person.resolved.1));
    figure(
        "kill -9 of the server under load",
        &format!(
            "{kills} kills, {acknowledged} acknowledged, 0 lost, 0 partial; of {} unacknowledged {} were there, whole; ready in {slowest:?}",
            resolved.0 + resolved.1,
            resolved.0
        ),
    );
}
