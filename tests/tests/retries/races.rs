//! Many at once under one key, on one server and on two: one effect, one answer.

use acceptance::{Answer, Client, User, json, spawn};
use futures::future::join_all;

fn rounds() -> usize {
    if std::env::var("FLORIN_TEST_FULL").is_ok_and(|full| full == "1") { 100 } else { 5 }
}

/// Sends the same request 64 times at once, over several servers, until each has its answer.
async fn all_at_once(clients: &[Client], ask: impl AsyncFn(&Client) -> Answer) -> Vec<Answer> {
    let ask = &ask;
    join_all((0..64).map(|n| async move {
        loop {
            let answer = ask(&clients[n % clients.len()]).await;
            if answer.status != 409 {
                return answer;
            }
            assert_eq!(answer["code"], "idempotency_in_progress", "{answer:?}");
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
    }))
    .await
}

#[track_caller]
fn assert_one(answers: &[Answer]) {
    let originals = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
    assert!(originals <= 1, "{originals} were first");
    let bodies: std::collections::BTreeSet<_> = answers.iter().map(|answer| (answer.status, &answer.body)).collect();
    assert_eq!(bodies.len(), 1, "{answers:?}");
}

async fn live(user: &User) -> usize {
    acceptance::books::assert_sound(user).await.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_has_an_effect() {
    let mut app = spawn().await;
    let user = app.user().await;
    let there = app.another_instance().await.with_token(user.token().unwrap());
    let clients = [(*user).clone(), there];
    for round in 0..rounds() {
        let key = format!("create {round}").replace(' ', "-");
        let body = json!({"amount": round + 1});
        let created =
            all_at_once(&clients, async |client| client.create_expense(&body).header("idempotency-key", &key).await);
        let created = created.await;
        assert_eq!(created[0].status, 201);
        assert_one(&created);
        let key = format!("undo-{round}");
        let undone = all_at_once(&clients, async |client| client.undo().header("idempotency-key", &key).await).await;
        assert_eq!(undone[0].status, 200);
        assert_one(&undone);
        let key = format!("category-{round}");
        let category = json!({"name": format!("Mine {round}")});
        let made = all_at_once(&clients, async |client| {
            client.create_category(&category).header("idempotency-key", &key).await
        });
        let made = made.await;
        assert_eq!(made[0].status, 201, "{:?}", made[0]);
        assert_one(&made);
    }
    assert_eq!(live(&user).await, 0);
    assert_eq!(user.all("/actions", 200).await.len(), 2 * rounds());
}
