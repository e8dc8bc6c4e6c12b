//! What was acknowledged at one node is seen at every other, at once.

use std::future::IntoFuture;

use acceptance::json;
use acceptance::torture::galera::Cluster;
use acceptance::torture::size;

use crate::{assert_whole, figure, three};

/// Rows that keep another node busy for a while after they were changed here.
const ROWS: usize = 60_000;

async fn make_burden(cluster: &Cluster) {
    cluster.execute(0, "CREATE DATABASE burden").await;
    cluster.execute(0, "CREATE TABLE burden.burden (id INT PRIMARY KEY, n INT NOT NULL)").await;
    cluster.execute(0, &format!("INSERT INTO burden.burden SELECT seq, 0 FROM seq_1_to_{ROWS}")).await;
    cluster.execute(0, "CREATE TABLE burden.mark (id INT PRIMARY KEY, n INT NOT NULL)").await;
    cluster.execute(0, "INSERT INTO burden.mark VALUES (1, 0)").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lags_behind_waits_before_it_answers() {
    let rounds = size(2, 5, 20);
    let (cluster, mut fleet) = three().await;
    let user = fleet.user().await;
    let here = fleet.client(0).with_token(user.token().unwrap());
    let there = fleet.client(1).with_token(user.token().unwrap());
    make_burden(&cluster).await;
    let mut lagged = 0;
    for round in 0..rounds {
        // One applier's work, and then what depends on it in the order of commits.
        cluster.execute(0, "UPDATE burden.burden SET n = n + 1").await;
        cluster.execute(0, &format!("UPDATE burden.mark SET n = {}", round + 1)).await;
        let created =
            here.create_expense(&json!({"amount": "1", "date": "2026-01-02", "category_id": 1})).await.expect(201);
        // A session with the server's defaults still sees what was before.
        let seen = cluster.ask(1, "SELECT CAST(n AS CHAR) FROM burden.mark", 0).await.unwrap();
        lagged += usize::from(seen == [round.to_string()]);
        let read = there.get(&format!("/expenses/{}", created.id())).await.expect(200);
        assert_eq!(read["amount"], "1.00");

        // Not only reads: a write that rests on it, too.
        cluster.execute(0, "UPDATE burden.burden SET n = n + 1").await;
        let patched = here.patch_expense(created.id(), &json!({"amount": "2"})).await.expect(200);
        let again = there.patch_expense(created.id(), &json!({"amount": "3"})).header("if-match", &patched.etag());
        again.await.expect(200);
        cluster.execute(0, "UPDATE burden.burden SET n = n + 1").await;
        here.patch_expense(created.id(), &json!({"amount": "4"})).await.expect(200);
        there
            .patch_expense(created.id(), &json!({"amount": "5"}))
            .header("if-match", &patched.etag())
            .await
            .expect(412);
        there.undo().await.expect(200);
        let read = here.get(&format!("/expenses/{}", created.id())).await.expect(200);
        assert_eq!(read["amount"], "3.00", "undone at another node: what was done last");
    }
    assert!(lagged > 0, "the other node never lagged behind: this test shows nothing");
    assert_whole(&cluster, &fleet).await;
    figure(
        "concurrent edits",
        &format!(
            "{rounds} rounds at two nodes, one of which lagged behind in {lagged}: every read, If-Match and undo there was current"
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_conditions_retries_and_undo_work_at_any_other_node() {
    let rounds = size(20, 150, 500);
    let (cluster, mut fleet) = three().await;
    let user = fleet.user().await;
    let clients: Vec<_> = (0..3).map(|n| fleet.client(n).with_token(user.token().unwrap())).collect();
    for round in 0..rounds {
        let [a, b, c] = [round, round + 1, round + 2].map(|n| &clients[n % 3]);
        let (body, key) = (json!({"amount": "1", "date": "2026-01-02", "category_id": 1}), format!("round-{round}"));
        let created = a.create_expense(&body).header("idempotency-key", &key).await.expect(201);
        let id = created.id();
        let read = b.get(&format!("/expenses/{id}")).await.expect(200);
        assert_eq!(read["id"], created["id"]);
        let repeated = c.create_expense(&body).header("idempotency-key", &key).await.expect(201);
        assert_eq!((repeated.header("idempotency-replayed"), &repeated["id"]), (Some("true"), &created["id"]));
        let patched = b.patch_expense(id, &json!({"amount": "2"})).header("if-match", &read.etag()).await.expect(200);
        c.patch_expense(id, &json!({"amount": "9"})).header("if-match", &read.etag()).await.expect(412);
        let again = c.patch_expense(id, &json!({"amount": "3"})).header("if-match", &patched.etag()).await.expect(200);
        assert_eq!(again["amount"], "3.00");
        a.undo().await.expect(200);
        assert_eq!(b.get(&format!("/expenses/{id}")).await.expect(200)["amount"], "2.00");
        // Eight at once with one key, at every node.
        let key = format!("parallel-{round}");
        let asked = (0..8).map(|n| clients[n % 3].create_expense(&body).header("idempotency-key", &key).into_future());
        let answers = futures::future::join_all(asked).await;
        let done: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert!(!done.is_empty() && done.iter().all(|answer| answer["id"] == done[0]["id"]), "{answers:?}");
        assert!(answers.iter().all(|answer| [201, 409, 503].contains(&answer.status)), "{answers:?}");
    }
    assert_eq!(clients[0].all("/expenses", 200).await.len(), 2 * rounds);
    let rows = assert_whole(&cluster, &fleet).await;
    figure(
        "retries",
        &format!(
            "{rounds} rounds of 8 in parallel with one key at three nodes: 1 effect; reads, If-Match and undo at any other node current; {rows} rows alike"
        ),
    );
}
