//! Two servers on one database, as behind a load balancer.

use acceptance::category::{FITNESS, TRAVEL};
use acceptance::{json, spawn};
use futures::future::join_all;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_did_the_other_knows_at_once() {
    let mut app = spawn().await;
    let user = app.user().await;
    let there = app.another_instance().await;
    let other = there.with_token(user.token().unwrap());
    // Categories and keywords are kept in memory by each.
    assert!(other.categorize(&json!({"notes": "zumba"})).await.expect(200)["category"]["id"].as_i64().is_some());
    user.put_keywords(TRAVEL, &["zumba"]).await.expect(200);
    assert_eq!(other.categorize(&json!({"notes": "zumba"})).await["category"]["id"], TRAVEL);
    other.put_keywords(FITNESS, &["zumba"]).await.expect(200);
    assert_eq!(user.create_expense(&json!({"amount": "1", "notes": "zumba"})).await["category"]["id"], FITNESS);
    let own = user.own_category("Mine").await;
    other.create_expense(&json!({"amount": "1", "category_id": own})).await.expect(201);
    other.archive_category(own).await.expect(204);
    user.create_expense(&json!({"amount": "1", "category_id": own})).await.invalid(&["/category_id category_archived"]);
    // Undo here takes back what was done there.
    let id = other.create_expense(&json!({"amount": "9"})).await.expect(201).id();
    assert_eq!(user.undo().await.expect(200)["changes"][0]["expense_id"], id);
    // And a log-out is a log-out everywhere.
    there.logout(&user.refresh_token).await.expect(204);
    user.me().await.refused(401, "invalid_token");
    other.me().await.refused(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_write_for_one_person_at_once() {
    let mut app = spawn().await;
    let user = app.user().await;
    let there = app.another_instance().await.with_token(user.token().unwrap());
    let clients = [(*user).clone(), there];
    let mut created = 0;
    for _ in 0..6 {
        let writes = join_all((0..12).map(|n| {
            let client = &clients[n % 2];
            async move { client.create_expense(&json!({"amount": n + 1})).await }
        }));
        for answer in writes.await {
            // A plan that is outrun time and again by the other server is given up, and nothing was done.
            assert!(answer.status == 201 || answer["code"] == "contended", "{answer:?}");
            created += usize::from(answer.status == 201);
        }
    }
    assert!(created >= 60, "{created} of 72");
    let rows = acceptance::books::assert_sound(&user).await;
    assert_eq!(rows.len(), created);
    let last = user.expenses("?limit=1&sort=-logged_at").await.expect(200);
    assert!(last.data()[0]["action"].as_i64().is_some());
    let undos = join_all((0..10).map(|n| {
        let client = &clients[n % 2];
        async move { client.undo().await }
    }));
    let undone = undos.await.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(acceptance::books::assert_sound(&user).await.len(), created - undone);
}
