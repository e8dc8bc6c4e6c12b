//! The list of one's own notifications, and marking them as read.

use acceptance::category::FOOD;
use acceptance::notifications::Told;
use acceptance::{App, User, Value, json, spawn};

fn ids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

/// So many notifications of somebody, a second apart; the latest first.
async fn told(app: &App, user: &User, count: i64) -> Vec<i64> {
    let mut told = Vec::new();
    for days in 6..6 + count {
        app.clock.advance_seconds(1);
        told.insert(0, app.tell(user.id, Told::Inactivity(days)).await);
    }
    told
}

#[tokio::test]
async fn each_says_all_that_there_is_to_say() {
    let app = spawn().await;
    let user = app.user().await;
    let of_category = app.tell(user.id, Told::Overspend(Some((FOOD, "Food")))).await;
    let overall = app.tell(user.id, Told::Overspend(None)).await;
    let silence = app.tell(user.id, Told::Inactivity(7)).await;
    let created_at = app.clock.text();
    let unread = json!({"created_at": created_at, "user_id": user.id, "read": false, "read_at": null});
    let with = |details: Value| {
        let mut whole = unread.clone();
        whole.as_object_mut().unwrap().extend(details.as_object().unwrap().clone());
        whole
    };
    let limit = json!({"type": "overspend", "month": "2026-03", "limit": "100.00", "spent": "85.00", "currency": "INR",
                       "level": 80});
    let rows = user.get("/notifications").await.expect(200);
    assert_eq!(rows["next_cursor"], json!(null));
    let expected = with(json!({
        "id": silence, "type": "inactivity", "category_id": null, "month": null, "limit": null, "spent": null,
        "currency": null, "level": null, "code": "inactive", "params": {"days": 7, "stage": 6},
        "message": "You have not logged any expenses for 7 days.",
    }));
    assert_eq!(rows.data()[0], expected);
    let mut total = rows.data()[1].clone();
    let (message, params) = (total["message"].take(), total["params"].take());
    assert!(message.as_str().unwrap().contains("85 %"), "{message}");
    assert_eq!((&params["spent"], &params["limit"]), (&json!("85.00"), &json!("100.00")));
    let details =
        json!({"id": overall, "category_id": null, "code": "total_limit_near", "message": null, "params": null});
    let mut expected = with(limit.clone());
    expected.as_object_mut().unwrap().extend(details.as_object().unwrap().clone());
    assert_eq!(total, expected);
    let food = &rows.data()[2];
    assert_eq!((&food["id"], &food["category_id"]), (&json!(of_category), &json!(FOOD)));
    assert_eq!(food["code"], "category_limit_near");
    assert!(food["message"].as_str().unwrap().contains("Food"), "{food}");
}

#[tokio::test]
async fn pages_and_filters() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    told(&app, &other, 2).await;
    let all = told(&app, &user, 7).await;
    let taken_back = app.tell(user.id, Told::Overspend(None)).await;
    app.database.execute(&format!("UPDATE notification SET cancelled_at = 1 WHERE id = {taken_back}")).await;
    for id in [all[1], all[4]] {
        user.call("POST", &format!("/notifications/{id}/read")).await.expect(200);
    }
    let found = async |query: &str, limit| ids(&user.all(&format!("/notifications{query}"), limit).await);
    let unread: Vec<i64> = all.iter().copied().filter(|id| ![all[1], all[4]].contains(id)).collect();
    for limit in [1, 2, 3, 200] {
        assert_eq!(found("", limit).await, all, "by {limit}");
        assert_eq!(found("?unread=true", limit).await, unread, "by {limit}");
        assert_eq!(found("?unread=false", limit).await, [all[1], all[4]], "by {limit}");
    }
    let cursor = user.get("/notifications?limit=1").await.expect(200).text("next_cursor");
    user.get(&format!("/notifications?cursor={cursor}&limit=3")).await.expect(200);
    for list in ["/notifications?unread=true&cursor=", "/expenses?cursor=", "/auth/login-events?cursor="] {
        user.get(&format!("{list}{cursor}")).await.invalid(&["/cursor invalid_cursor"]);
    }
    let wrong = user.get("/notifications?unread=1&limit=0&q=x").await;
    wrong.invalid(&["/unread wrong_type", "/limit out_of_range", "/q unknown_field"]);
    app.client.get("/notifications").await.refused(401, "invalid_token");
}

#[tokio::test]
async fn one_is_read_once_and_only_by_its_owner() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    let mine = told(&app, &user, 2).await;
    let read = async |user: &User, id: i64| user.call("POST", &format!("/notifications/{id}/read")).await;
    app.clock.advance_seconds(5);
    let first = read(&user, mine[0]).await.expect(200);
    assert_eq!((&first["read"], &first["read_at"]), (&json!(true), &json!(app.clock.text())));
    app.clock.advance_seconds(5);
    assert_eq!(read(&user, mine[0]).await.expect(200).body, first.body, "it stays as it was");
    assert_eq!(user.get("/notifications").await.data()[0], first.json);

    let absent = read(&other, 8_000_000_000).await.refused(404, "not_found");
    assert_eq!(read(&other, mine[1]).await.refused(404, "not_found").anonymous(), absent.anonymous());
    app.database.execute(&format!("UPDATE notification SET cancelled_at = 1 WHERE id = {}", mine[1])).await;
    assert_eq!(read(&user, mine[1]).await.refused(404, "not_found").anonymous(), absent.anonymous());
    assert_eq!(app.database.number("SELECT COUNT(*) FROM notification WHERE read_at IS NOT NULL").await, 1);
    user.call("POST", &format!("/notifications/{}/read", mine[0])).header("if-match", "\"1\"").await.expect(412);
    user.get(&format!("/notifications/{}/read", mine[0])).await.expect(405);
}

#[tokio::test]
async fn all_are_read_at_once() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    let mine = told(&app, &user, 5).await;
    told(&app, &other, 2).await;
    user.call("POST", &format!("/notifications/{}/read", mine[2])).await.expect(200);
    assert_eq!(user.call("POST", "/notifications/read-all").await.expect(200).json, json!({"read": 4}));
    assert_eq!(user.call("POST", "/notifications/read-all").await.expect(200).json, json!({"read": 0}));
    assert_eq!(user.all("/notifications?unread=true", 50).await.len(), 0);
    assert_eq!(other.all("/notifications?unread=true", 50).await.len(), 2);
}

#[tokio::test]
async fn a_token_reads_by_one_scope_and_marks_by_the_other() {
    let app = spawn().await;
    let user = app.user().await;
    let mine = told(&app, &user, 1).await[0];
    let (reader, writer) = (user.personal_token(&["read"]).await.0, user.personal_token(&["write"]).await.0);
    assert_eq!(reader.get("/notifications").await.expect(200).data().len(), 1);
    reader.get("/notification-preferences").await.expect(200);
    writer.get("/notifications").await.refused(403, "insufficient_scope");
    writer.get("/notification-preferences").await.refused(403, "insufficient_scope");
    for path in [format!("/notifications/{mine}/read"), "/notifications/read-all".to_owned()] {
        reader.call("POST", &path).await.refused(403, "insufficient_scope");
        writer.call("POST", &path).await.expect(200);
    }
    reader.put("/notification-preferences", &json!({})).await.refused(403, "insufficient_scope");
    writer.put("/notification-preferences", &json!({})).await.expect(200);
    // Whoever registers a device is sent what the account is told.
    for script in [&reader, &writer] {
        script.get("/devices").await.refused(403, "session_required");
        script.post("/devices", &json!({"token": "t", "platform": "web"})).await.refused(403, "session_required");
        script.delete("/devices/1").await.refused(403, "session_required");
    }
}
