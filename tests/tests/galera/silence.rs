//! Nodes that are cut off: one stands still, or two of three are gone and the third may not go on alone.

use std::time::Duration;

use acceptance::torture::{Fleet, Person, seed, size};
use acceptance::{Answer, Client, Value, json};

use crate::living::{Living, at, until_served};
use crate::{assert_whole, figure, three};

fn expense() -> Value {
    json!({"amount": "1", "date": "2026-01-02", "category_id": 1})
}

/// Writes an expense.
async fn record(client: &Client, key: &str) -> Answer {
    client.create_expense(&expense()).header("idempotency-key", key).await
}

/// How many expenses a server tells of, when it does.
async fn count(client: Client) -> Option<usize> {
    let answer = client.get("/expenses?limit=200").await;
    assert!([200, 503].contains(&answer.status), "{answer:?}");
    (answer.status == 200).then(|| answer.data().len())
}

async fn people_of_first_two(fleet: &mut Fleet) -> Vec<Person> {
    let every: Vec<Client> = (0..3).map(|n| fleet.client(n).clone()).collect();
    fleet.people(3, seed()).await.into_iter().map(|person| at(person, &every, &[0, 1])).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stood_still_answers_nothing_stale() {
    let rounds = size(1, 3, 20);
    let (mut cluster, mut fleet) = three().await;
    let token = fleet.user().await.token().unwrap().to_owned();
    let (living, silent) = (fleet.client(0).with_token(&token), fleet.client(2).with_token(&token));
    let mut people = people_of_first_two(&mut fleet).await;
    let (mut written, mut fresh, mut refused) = (0, 0, 0);
    for round in 0..rounds {
        let working = Living::start(people);
        cluster.pause(2);
        // Asked while it stands still: answered when it goes on.
        let reading = tokio::spawn(count(silent.clone()));
        let asked = tokio::spawn({
            let silent = silent.clone();
            async move { record(&silent, &format!("silent-{round}")).await }
        });
        let before = written;
        // Longer than the others wait for it.
        for n in 0..2 {
            tokio::time::sleep(Duration::from_secs(5)).await;
            record(&living, &format!("living-{round}-{n}")).await.expect(201);
            written += 1;
        }
        cluster.resume(2);
        // From the first moment on, what was acknowledged before the question is in the answer.
        for _ in 0..40 {
            match count(silent.clone()).await {
                Some(found) => {
                    assert!(found >= written, "stale: {found} of {written}");
                    fresh += 1;
                }
                None => refused += 1,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(reading.await.unwrap().is_none_or(|found| found >= before), "stale");
        let answer = asked.await.unwrap();
        assert!([201, 503].contains(&answer.status), "{answer:?}");
        cluster.until_synced(2).await;
        until_served(&silent).await;
        // Whether it was done may not be known; asked again with its key, at another node, it is done once.
        record(&living, &format!("silent-{round}")).await.expect(201);
        written += 1;
        assert_eq!(count(silent.clone()).await, Some(written));
        working.until_each_did(1).await;
        people = working.stop().await;
    }
    let rows = assert_whole(&cluster, &fleet).await;
    figure(
        "the database killed or restarted under load",
        &format!(
            "{rounds} times a node of three stood still for 10 s: {fresh} answers of its server right after, none stale, {refused} \
             times 503; {rows} rows alike on each"
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_of_three_alone_serves_nobody() {
    let rounds = size(1, 2, 5);
    let (mut cluster, mut fleet) = three().await;
    let token = fleet.user().await.token().unwrap().to_owned();
    let alone = fleet.client(0).with_token(&token);
    let mut written = 0;
    for round in 0..rounds {
        record(&alone, &format!("first-{round}")).await.expect(201);
        written += 1;
        cluster.kill(&[1, 2]);
        // It first waits for the others, then knows that it may not go on.
        let answer = record(&alone, &format!("cut-off-{round}")).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        cluster.until_ready_is(0, false).await;
        for path in ["/me", "/expenses", "/summary?month=2026-01", "/me/notifications"] {
            let answer = alone.get(path).await;
            assert!([503, 404].contains(&answer.status), "{answer:?}");
        }
        record(&alone, &format!("alone-{round}")).await.expect(503);
        alone.post("/actions/undo", &json!({})).await.expect(503);
        alone.at("GET", "/readyz").await.expect(503);
        alone.at("GET", "/livez").await.expect(200);

        cluster.restart(&[1, 2]).await;
        cluster.until_synced(0).await;
        for n in 0..3 {
            let client = fleet.client(n).with_token(&token);
            until_served(&client).await;
        }
        // Asked again with the same keys, at any node: done once.
        for (n, key) in [(1, "cut-off"), (2, "alone"), (0, "cut-off")] {
            record(&fleet.client(n).with_token(&token), &format!("{key}-{round}")).await.expect(201);
        }
        written += 2;
        for n in 0..3 {
            assert_eq!(count(fleet.client(n).with_token(&token)).await, Some(written), "at node {n}");
        }
    }
    let rows = assert_whole(&cluster, &fleet).await;
    figure(
        "the database killed or restarted under load",
        &format!(
            "{rounds} times two nodes of three killed: the third answers 503 and nothing else, until they are back; {rows} rows alike"
        ),
    );
}
