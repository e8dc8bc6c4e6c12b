//! Clients that vanish in the middle of a request lose nobody's acknowledged write, and their own are whole or absent.

use std::collections::BTreeSet;
use std::time::Duration;

use acceptance::random::Random;
use acceptance::{User, json, raw, spawn};

fn request(user: &User, body: &str) -> Vec<u8> {
    format!(
        "POST /api/v1/expenses HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        user.token().unwrap(),
        body.len()
    )
    .into_bytes()
}

/// Waits until what was under way when its client vanished has ended by itself: three times in a row, no action more.
async fn settle(user: &User) {
    let (mut last, mut same) = (-1, 0);
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let actions = user.verify_books().await.expect(200)["actions"].as_i64().unwrap();
        same = if actions == last { same + 1 } else { 0 };
        last = actions;
        if same == 3 {
            return;
        }
    }
    panic!("requests of clients that are gone do not end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aborting_clients_lose_nobodys_writes() {
    let app = spawn().await;
    let (keeper, vanisher) = (app.user().await, app.user().await);
    let writing = async {
        let mut acknowledged = BTreeSet::new();
        for _ in 0..100 {
            acknowledged.insert(keeper.create_expense(&json!({"amount": "1"})).await.expect(201).id());
        }
        acknowledged
    };
    let vanishing = async {
        let mut random = Random::new(3);
        for n in 0..25 {
            let aborts = (0..16).map(|k| {
                let body = format!("{{\"amount\": \"2\", \"external_id\": \"a{n}-{k}\"}}");
                let pause = Duration::from_micros(random.below(4000));
                let base = vanisher.base().to_owned();
                let bytes = request(&vanisher, &body);
                async move { raw::abort(&base, &bytes, pause).await }
            });
            futures::future::join_all(aborts.collect::<Vec<_>>()).await;
        }
    };
    let (acknowledged, ()) = futures::join!(writing, vanishing);
    settle(&vanisher).await;
    let kept: BTreeSet<i64> =
        acceptance::books::assert_sound(&keeper).await.iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(kept, acknowledged);
    let whole = acceptance::books::assert_sound(&vanisher).await;
    assert!(!whole.is_empty(), "some requests arrived whole");
    keeper.create_expense(&json!({"amount": "1"})).await.expect(201);
}
