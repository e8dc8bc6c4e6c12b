//! What admins see of the scheduler.

use acceptance::notifications::Told;
use acceptance::{App, Value, json, spawn};

fn ids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

async fn run(app: &App, id: i64, job: &str, outcome: &str) {
    let now = app.clock.millis();
    let sql = format!(
        "INSERT INTO job_run (id, job, instance, started_at, seen_at, finished_at, outcome, decided, unreadable, error) \
         VALUES ({id}, '{job}', 'one', {now}, {now}, NULL, '{outcome}', 3, 1, 'no room')"
    );
    assert_eq!(app.database.execute(&sql).await, 1);
}

#[tokio::test]
async fn runs_of_jobs_are_listed() {
    let app = spawn().await;
    let admin = app.admin().await;
    for (id, job) in [(1, "overspend"), (2, "inactivity"), (3, "overspend")] {
        run(&app, id, job, "failed").await;
    }
    let now = app.clock.text();
    let expected = json!({"id": 3, "job": "overspend", "instance": "one", "started_at": now, "seen_at": now,
                          "finished_at": null, "outcome": "failed", "decided": 3, "unreadable": 1, "error": "no room"});
    assert_eq!(admin.get("/admin/jobs").await.expect(200).data()[0], expected);
    for limit in [1, 2, 50] {
        assert_eq!(ids(&admin.all("/admin/jobs", limit).await), [3, 2, 1]);
        assert_eq!(ids(&admin.all("/admin/jobs?job=overspend", limit).await), [3, 1]);
    }
    let cursor = admin.get("/admin/jobs?limit=1").await.expect(200).text("next_cursor");
    admin.get(&format!("/admin/jobs?job=inactivity&cursor={cursor}")).await.invalid(&["/cursor invalid_cursor"]);
    admin.get(&format!("/admin/outbox?cursor={cursor}")).await.invalid(&["/cursor invalid_cursor"]);
    admin.get("/admin/jobs?job=x&y=1").await.invalid(&["/job unknown_value", "/y unknown_field"]);
}

#[tokio::test]
async fn deliveries_are_listed_without_what_they_say() {
    let app = spawn().await;
    let (admin, user) = (app.admin().await, app.user().await);
    let spent = app.tell(user.id, Told::Overspend(Some((1, "secretcategory")))).await;
    let silent = app.tell(user.id, Told::Inactivity(6)).await;
    let mut made = Vec::new();
    for (told, channel, state) in [(spent, "email", 2), (spent, "push", 1), (silent, "email", 0), (silent, "sms", 3)] {
        made.push(app.deliver(user.id, told, channel, state).await);
    }
    let now = app.clock.text();
    let rows = admin.all("/admin/outbox", 50).await;
    let newest_first: Vec<i64> = made.iter().rev().copied().collect();
    assert_eq!(ids(&rows), newest_first);
    assert_eq!(ids(&admin.all("/admin/outbox", 1).await), newest_first);
    let dead = json!({"id": made[0], "notification_id": spent, "user_id": user.id, "type": "overspend", "channel": "email",
                      "state": "dead", "attempts": 8, "created_at": now, "next_at": null, "settled_at": now,
                      "last_error": "the other side said no"});
    assert_eq!(rows[3], dead);
    let (state, next_at) = (&rows[1]["state"], &rows[1]["next_at"]);
    assert_eq!((state, next_at, &rows[1]["type"]), (&json!("pending"), &json!(now), &json!("inactivity")));
    let text = json!(rows).to_string();
    for said in ["secretcategory", "100.00", "85.00", &user.email] {
        assert!(!text.contains(said), "{said}: {text}");
    }
    for (query, expected) in [
        ("?state=dead", vec![made[0]]),
        ("?state=cancelled", vec![made[3]]),
        ("?channel=email", vec![made[2], made[0]]),
        ("?channel=email&state=pending", vec![made[2]]),
        ("?channel=log", vec![]),
    ] {
        assert_eq!(ids(&admin.all(&format!("/admin/outbox{query}"), 1).await), expected, "{query}");
    }
    let cursor = admin.get("/admin/outbox?limit=1").await.expect(200).text("next_cursor");
    admin.get(&format!("/admin/outbox?state=dead&cursor={cursor}")).await.invalid(&["/cursor invalid_cursor"]);
    let wrong = admin.get("/admin/outbox?state=lost&channel=pigeon").await;
    wrong.invalid(&["/state unknown_value", "/channel unknown_value"]);
}

#[tokio::test]
async fn only_a_dead_delivery_is_tried_again() {
    let app = spawn().await;
    let (admin, user) = (app.admin().await, app.user().await);
    let told = app.tell(user.id, Told::Inactivity(6)).await;
    let dead = app.deliver(user.id, told, "email", 2).await;
    app.clock.advance_seconds(60);
    let retry = async |id: i64| admin.call("POST", &format!("/admin/outbox/{id}/retry")).await;
    let again = retry(dead).await.expect(200);
    assert_eq!((&again["id"], &again["state"], &again["settled_at"]), (&json!(dead), &json!("pending"), &json!(null)));
    assert_eq!((&again["next_at"], &again["attempts"]), (&json!(app.clock.text()), &json!(0)));
    retry(dead).await.refused(409, "not_dead");
    for (channel, state) in [("push", 1), ("sms", 3), ("webhook", 0)] {
        let id = app.deliver(user.id, told, channel, state).await;
        retry(id).await.refused(409, "not_dead");
    }
    retry(8_000_000_000).await.refused(404, "not_found");
}

#[tokio::test]
async fn it_is_for_admins_who_are_logged_in() {
    let app = spawn().await;
    let (admin, user) = (app.admin().await, app.user().await);
    let told = app.tell(user.id, Told::Inactivity(6)).await;
    let dead = app.deliver(user.id, told, "email", 2).await;
    let script = admin.personal_token(&["read", "write"]).await.0;
    let asks = [
        ("GET", "/admin/jobs".to_owned()),
        ("GET", "/admin/outbox".to_owned()),
        ("POST", format!("/admin/outbox/{dead}/retry")),
    ];
    for (method, path) in &asks {
        user.call(method, path).await.refused(403, "forbidden");
        script.call(method, path).await.refused(403, "session_required");
        app.client.call(method, path).await.refused(401, "invalid_token");
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM notification_delivery WHERE state = 2").await, 1);
}
