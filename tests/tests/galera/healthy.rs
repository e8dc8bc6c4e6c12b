//! Nothing is wrong, and everybody writes everywhere at once.

use std::collections::{BTreeMap, BTreeSet};

use acceptance::torture::{Outcome, fleet, seed, size};
use acceptance::{Client, json};
use futures::future::join_all;

use crate::{assert_whole, figure, three};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_histories_through_three_nodes_keep_the_books() {
    let operations = size(15, 120, 1500);
    let (cluster, mut fleet) = three().await;
    let people = fleet.people(9, seed()).await;
    let mut done = Vec::new();
    for (person, outcome) in fleet::work(people, operations).await {
        assert_eq!(outcome, Outcome::Acknowledged, "nothing is in the way: {person:?}");
        done.push(person);
    }
    fleet::reconcile(&mut done).await;
    // Identifiers come in blocks that the servers take from one row: no two people were given the same.
    let ids: Vec<i64> = done.iter().flat_map(|person| person.model.ids.values().copied()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an identifier was handed out twice");
    let rows = assert_whole(&cluster, &fleet).await;
    let acknowledged: usize = done.iter().map(|person| person.acknowledged).sum();
    figure(
        "any history",
        &format!(
            "{acknowledged} random operations of {} people through three nodes, 0 differences; {rows} rows alike on each",
            done.len()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflicts_between_nodes_are_retried_inside() {
    // Two clients at each node write for one person, and more people do the same beside them: so nodes are in each other's way at the
    // head of a chain, at totals, and at the rows that identifiers are taken from.
    let (people, writes, keyed) = (size(2, 3, 4), size(8, 60, 400), size(4, 20, 100));
    let (cluster, mut fleet) = three().await;
    let conflicts =
        async || cluster.counted("wsrep_local_cert_failures").await + cluster.counted("wsrep_local_bf_aborts").await;
    let before = conflicts().await;
    let mut users = Vec::new();
    for _ in 0..people {
        users.push(fleet.user().await);
    }
    let (answers, again) = {
        let write = async |writes, is_keyed| {
            let mut writers = Vec::new();
            for user in &users {
                for n in 0..2 * fleet.len() {
                    let client = fleet.client(n % fleet.len()).with_token(user.token().unwrap());
                    writers.push(tokio::spawn(write(client, n, writes, is_keyed)));
                }
            }
            let mut answers = BTreeMap::<u16, usize>::new();
            for written in join_all(writers).await {
                for status in written.unwrap() {
                    *answers.entry(status).or_default() += 1;
                }
            }
            answers
        };
        (write(writes, false).await, write(keyed, true).await)
    };
    let happened = conflicts().await - before;

    // Without a key, 503 leaves it open whether it was done; with one, it is done once.
    let certain = 2 * fleet.len() * people * (writes + keyed) - answers.get(&503).copied().unwrap_or_default();
    let open = answers.get(&503).copied().unwrap_or_default();
    let mut found = 0;
    for user in &users {
        let mut counts = BTreeSet::new();
        for n in 0..fleet.len() {
            let client = fleet.client(n).with_token(user.token().unwrap());
            counts.insert(acceptance::books::assert_sound(&client).await.len());
        }
        assert_eq!(counts.len(), 1, "each server tells of as many: {counts:?}");
        found += counts.first().unwrap();
    }
    assert!(
        (certain..=certain + open).contains(&found),
        "{found} found, {certain} acknowledged, {answers:?}, {again:?}"
    );
    assert_whole(&cluster, &fleet).await;
    let asked: usize = answers.values().sum();
    let acknowledged = answers.get(&201).copied().unwrap_or_default();
    assert!(happened > 0, "no conflict: this test shows nothing");
    assert!(acknowledged * 1000 >= asked * 999, "{answers:?}, {happened} conflicts");
    figure(
        "deadlock, serialization",
        &format!(
            "{} writers of {people} people at three nodes: {happened} conflicts between nodes, {acknowledged} of {asked} answers 2xx, rest \
             503; the same with a key each, one effect each: {again:?}",
            2 * fleet.len() * people
        ),
    );
}

/// Writes expenses. With keys, each is asked for again until it is done. Returns every answer's status.
async fn write(client: Client, writer: usize, writes: usize, is_keyed: bool) -> Vec<u16> {
    let mut answers = Vec::new();
    for n in 0..writes {
        let tags = [format!("w{writer}n{n}")];
        let body = json!({"amount": "1.01", "date": "2026-01-02", "category_id": 1, "tags": tags});
        loop {
            let call = client.create_expense(&body);
            let answer = if is_keyed { call.header("idempotency-key", &format!("{writer}-{n}")) } else { call }.await;
            answers.push(answer.status);
            assert!([201, 503].contains(&answer.status), "{answer:?}");
            if answer.status == 201 || !is_keyed {
                break;
            }
        }
    }
    answers
}
