//! Entity tags and conditional requests.

use acceptance::{json, spawn};

#[tokio::test]
async fn each_change_makes_a_new_version() {
    let app = spawn().await;
    let user = app.user().await;
    let created = user.create_expense(&json!({"amount": "1"})).await.expect(201);
    let id = created.id();
    assert_eq!(created.etag(), "\"1\"");
    assert_eq!(user.expense(id).await.expect(200).etag(), "\"1\"");
    let patched = user.patch_expense(id, &json!({"amount": "2"})).await.expect(200);
    assert_eq!((patched.etag().as_str(), &patched["version"]), ("\"2\"", &json!(2)));
    let same = user.patch_expense(id, &json!({"amount": "2.00"})).await.expect(200);
    assert_eq!((same.etag().as_str(), &same.json), ("\"2\"", &patched.json));
    user.delete_expense(id).await.expect(204);
    user.undo().await.expect(200);
    let back = user.expense(id).await.expect(200);
    assert!(back["version"].as_i64().unwrap() > 2, "a version is never used twice: {back:?}");
}

#[tokio::test]
async fn a_stale_version_is_refused_and_nothing_written() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1"})).await;
    let now = user.patch_expense(id, &json!({"amount": "2"})).await.expect(200).json;
    let body = json!({"amount": "9", "date": "2026-03-01"});
    for stale in ["\"1\"", "\"3\"", "W/\"2\"", "\"x\"", "\"02\"", "\"1\", \"7\"", "\"\""] {
        user.patch_expense(id, &body).header("if-match", stale).await.refused(412, "precondition_failed");
        user.put_expense(id, &body).header("if-match", stale).await.refused(412, "precondition_failed");
        user.delete_expense(id).header("if-match", stale).await.refused(412, "precondition_failed");
    }
    for malformed in ["2", "\"2", "2\"", ",", "\"1\" \"2\""] {
        assert_eq!(user.patch_expense(id, &body).header("if-match", malformed).await.status, 400, "{malformed}");
    }
    assert_eq!(user.expense(id).await.expect(200).json, now);
    assert_eq!(user.all("/actions", 50).await.len(), 2);
}

#[tokio::test]
async fn the_present_version_is_let_through() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1"})).await;
    let etag = user.expense(id).await.etag();
    let patched = user.patch_expense(id, &json!({"amount": "2"})).header("if-match", &etag).await.expect(200);
    let put = json!({"amount": "3", "date": "2026-03-01"});
    let put = user.put_expense(id, &put).header("if-match", &format!("\"1\", {}", patched.etag())).await.expect(200);
    user.patch_expense(id, &json!({"amount": "4"})).header("if-match", "*").await.expect(200);
    user.delete_expense(id).header("if-match", &put.etag()).await.refused(412, "precondition_failed");
    let etag = user.expense(id).await.etag();
    user.delete_expense(id).header("if-match", &etag).await.expect(204);
    // What is gone is absent, whatever the condition.
    user.patch_expense(id, &json!({"amount": "4"})).header("if-match", &etag).await.refused(404, "not_found");
    user.delete_expense(id).header("if-match", "*").await.refused(404, "not_found");
    user.delete_expense(id).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_known_version_is_not_sent_again() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1"})).await;
    for known in ["\"1\"", "W/\"1\"", "\"9\", \"1\"", "*"] {
        let answer = user.expense(id).header("if-none-match", known).await.expect(304);
        assert_eq!((answer.body.len(), answer.etag().as_str()), (0, "\"1\""), "{known}");
    }
    for unknown in ["\"2\"", "\"x\""] {
        user.expense(id).header("if-none-match", unknown).await.expect(200);
    }
    user.patch_expense(id, &json!({"amount": "2"})).await.expect(200);
    assert_eq!(user.expense(id).header("if-none-match", "\"1\"").await.expect(200)["amount"], "2.00");
}

#[tokio::test]
async fn no_write_ignores_if_match() {
    let app = spawn().await;
    let user = app.user().await;
    let stale = "\"12345\"";
    for (method, path, body) in [
        ("PATCH", "/me", json!({"name": "Ana"})),
        ("PUT", "/categories/1/keywords", json!({"keywords": ["dosa"]})),
        ("PUT", "/budgets/1", json!({"limit": "5"})),
        ("PUT", "/budgets/total", json!({"limit": "5"})),
        ("PATCH", "/tags/work", json!({"name": "job"})),
    ] {
        user.call(method, path).json(&body).header("If-Match", stale).await.refused(412, "precondition_failed");
    }
    for path in ["/budgets/1", "/budgets/total", "/tags/work"] {
        user.delete(path).header("If-Match", stale).await.refused(412, "precondition_failed");
    }
    for (method, path, body) in
        [("PATCH", "/me", json!({"name": "Ana"})), ("PUT", "/categories/1/keywords", json!({"keywords": ["dosa"]}))]
    {
        let known = user.get(path).await.expect(200).etag();
        user.get(path).header("If-None-Match", &known).await.expect(304);
        let changed = user.call(method, path).json(&body).header("If-Match", &known).await.expect(200).etag();
        assert_ne!(changed, known, "{path}");
        user.call(method, path).json(&body).header("If-Match", &known).await.refused(412, "precondition_failed");
        assert_eq!(user.get(path).await.expect(200).etag(), changed);
    }
}
