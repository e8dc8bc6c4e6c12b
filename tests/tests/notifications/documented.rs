//! What is answered about notifications is what the OpenAPI document promises.

use acceptance::notifications::Told;
use acceptance::schema::Document;
use acceptance::{Answer, json, spawn};

#[tokio::test]
async fn the_answers_are_as_documented() {
    let app = spawn().await;
    let document = Document::new(app.client.at("GET", "/openapi.json").await.expect(200).json);
    let as_promised = |answer: Answer| {
        let asked: Vec<&str> = answer.asked.split_whitespace().take(2).collect();
        let path = asked[1].split('?').next().unwrap();
        let media_type = answer.header("content-type").unwrap_or_default();
        let differences = document.differences(asked[0], path, answer.status, media_type, &answer.json);
        assert!(differences.is_empty(), "not as documented: {differences:?}\n{answer:?}");
        answer
    };
    let (admin, user) = (app.admin().await, app.user().await);
    let told = app.tell(user.id, Told::Overspend(Some((1, "Food")))).await;
    app.tell(user.id, Told::Overspend(None)).await;
    app.tell(user.id, Told::Inactivity(6)).await;
    let (dead, pending) = (app.deliver(user.id, told, "push", 2).await, app.deliver(user.id, told, "log", 0).await);
    as_promised(user.get("/notifications").await.expect(200));
    as_promised(user.get("/notifications?unread=x").await.expect(422));
    as_promised(user.call("POST", &format!("/notifications/{told}/read")).await.expect(200));
    as_promised(user.call("POST", "/notifications/8000000000/read").await.expect(404));
    as_promised(user.call("POST", "/notifications/read-all").await.expect(200));
    let preferences = as_promised(user.get("/notification-preferences").await.expect(200));
    as_promised(user.get("/notification-preferences").header("if-none-match", &preferences.etag()).await.expect(304));
    as_promised(user.put("/notification-preferences", &json!({"channels": []})).await.expect(200));
    let stale = user.put("/notification-preferences", &json!({})).header("if-match", &preferences.etag());
    as_promised(stale.await.expect(412));
    let device = json!({"token": "t", "platform": "web"});
    let made = as_promised(user.post("/devices", &device).await.expect(201));
    as_promised(user.post("/devices", &device).await.expect(200));
    as_promised(user.get("/devices").await.expect(200));
    as_promised(user.delete(&format!("/devices/{}", made.id())).await.expect(204));
    as_promised(user.delete(&format!("/devices/{}", made.id())).await.expect(404));
    let run = "INSERT INTO job_run (id, job, instance, started_at, seen_at, outcome, decided, unreadable) \
               VALUES (1, 'overspend', 'one', 1, 2, 'running', 0, 0)";
    app.database.execute(run).await;
    as_promised(admin.get("/admin/jobs").await.expect(200));
    as_promised(admin.get("/admin/outbox").await.expect(200));
    as_promised(admin.call("POST", &format!("/admin/outbox/{dead}/retry")).await.expect(200));
    as_promised(admin.call("POST", &format!("/admin/outbox/{pending}/retry")).await.expect(409));
    as_promised(user.get("/admin/outbox").await.expect(403));
}
