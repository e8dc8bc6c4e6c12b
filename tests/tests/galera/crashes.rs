//! Nodes are killed under load, one of them or all.

use std::time::Duration;

use acceptance::Client;
use acceptance::random::Random;
use acceptance::torture::{fleet, seed, size};

use crate::living::{Living, at, until_served};
use crate::{assert_whole, figure, three};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_node_takes_nothing_with_it_and_the_others_go_on() {
    let kills = size(2, 5, 20);
    let (mut cluster, mut fleet) = three().await;
    let every: Vec<Client> = (0..3).map(|n| fleet.client(n).clone()).collect();
    let mut people = fleet.people(9, seed()).await;
    let token = people[0].user.token().unwrap().to_owned();
    let mut random = Random::new(seed());
    let (mut refused, mut paused, mut back, mut recovered) = (0, Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for round in 0..kills {
        let victim = round % 3;
        let others: Vec<usize> = (0..3).filter(|n| *n != victim).collect();
        // Some come to every server, until the first that cannot do it; others only to those whose nodes live.
        let elsewhere = people.split_off(5).into_iter().map(|person| at(person, &every, &others)).collect();
        let living = Living::start(elsewhere);
        let working = tokio::spawn(fleet::work(people, usize::MAX));
        tokio::time::sleep(Duration::from_millis(500 + random.below(1000))).await;
        cluster.kill(&[victim]);

        // The dead node's server says so; the others go on.
        every[victim].at("GET", "/readyz").await.expect(503);
        paused = paused.max(living.until_each_did(3).await);
        let mine = every[victim].with_token(&token);
        let answer = mine.get("/me").await.expect(503);
        assert!(answer.header("retry-after").is_some(), "{answer:?}");

        back = back.max(cluster.restart(&[victim]).await);
        recovered = recovered.max(until_served(&mine).await);
        living.until_each_did(3).await;
        refused += living.refused.load(std::sync::atomic::Ordering::Relaxed);
        let elsewhere = living.stop().await;
        people = working.await.unwrap().into_iter().map(|(person, _)| person).collect();
        people.extend(elsewhere.into_iter().map(|person| at(person, &every, &[0, 1, 2])));
        fleet::reconcile(&mut people).await;
    }
    let rows = assert_whole(&cluster, &fleet).await;
    let acknowledged: usize = people.iter().map(|person| person.acknowledged).sum();
    let resolved = people.iter().fold((0, 0), |(a, b), person| (a + person.resolved.0, b + person.resolved.1));
    figure(
        "the database killed or restarted under load",
        &format!(
            "{kills} kills of one node of three, {acknowledged} acknowledged, 0 lost; of {} unacknowledged {} were there, whole; \
             the others went on after at most {paused:?} and answered {refused} times 503; back in the cluster after at most {back:?}, \
             its server serving {recovered:?} later; {rows} rows alike on each",
            resolved.0 + resolved.1,
            resolved.0
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_nodes_killed_at_once_have_lost_nothing_that_was_acknowledged() {
    let rounds = size(1, 2, 5);
    let (mut cluster, mut fleet) = three().await;
    let mut people = fleet.people(9, seed()).await;
    let mut random = Random::new(seed());
    let mut back = Duration::ZERO;
    for round in 0..rounds {
        let working = tokio::spawn(fleet::work(people, usize::MAX));
        tokio::time::sleep(Duration::from_millis(500 + random.below(1000))).await;
        cluster.kill(&[0, 1, 2]);
        people = working.await.unwrap().into_iter().map(|(person, _)| person).collect();
        for n in 0..3 {
            fleet.client(n).at("GET", "/readyz").await.expect(503);
        }
        // They find each other again by themselves; where that is not wanted, an operator begins with the one that has most.
        if round % 2 == 0 {
            back = back.max(cluster.restart(&[0, 1, 2]).await);
        } else {
            cluster.bootstrap().await;
        }
        for client in &people[0].clients {
            until_served(client).await;
        }
        fleet::reconcile(&mut people).await;
    }
    let rows = assert_whole(&cluster, &fleet).await;
    let acknowledged: usize = people.iter().map(|person| person.acknowledged).sum();
    figure(
        "the database killed or restarted under load",
        &format!(
            "{rounds} times all three nodes killed at once, {acknowledged} acknowledged, 0 lost; together again after at most {back:?}; \
             {rows} rows alike on each"
        ),
    );
}
