//! Counts and verification.

use acceptance::{json, spawn};

#[tokio::test]
async fn everything_is_counted() {
    let app = spawn().await;
    let (admin, user, gone) = (app.admin().await, app.user().await, app.user().await);
    for amount in ["1", "2"] {
        user.record(&json!({"amount": amount})).await;
    }
    user.undo().await.expect(200);
    app.client
        .register(&json!({"email": "unproved@example.com", "password": "a password of many words"}))
        .await
        .expect(202);
    app.database.execute(&format!("UPDATE user_login SET erased_at = 1 WHERE id = {}", gone.id)).await;
    let stats = admin.get("/admin/stats").await.expect(200);
    let engine = acceptance::database::Engine::chosen().name();
    let users = json!({"total": 3, "verified": 2, "disabled": 0, "erased": 1, "active_30_days": 2});
    let expected = json!({"users": users, "sessions": 3, "expenses": 1, "actions": 3, "database": engine});
    assert_eq!(stats.json, expected);

    admin.patch_account(user.id, &json!({"disabled": true})).await.expect(200);
    let stats = admin.get("/admin/stats").await.expect(200);
    assert_eq!((&stats["users"]["disabled"], &stats["sessions"]), (&json!(1), &json!(2)));
    app.clock.advance_days(31);
    let again = admin.another_session().await;
    let stats = again.get("/admin/stats").await.expect(200);
    assert_eq!(stats["users"]["active_30_days"], 1);
    again.get("/admin/stats?x=1").await.refused(422, "invalid");
}

#[tokio::test]
async fn everybodys_books_are_verified() {
    let app = spawn().await;
    let (admin, user, other) = (app.admin().await, app.user().await, app.user().await);
    user.record(&json!({"amount": "12345.67", "date": "2026-03-01", "category_id": 1})).await;
    other.record(&json!({"amount": "1", "date": "2026-03-01"})).await;
    let verify = async || admin.call("POST", "/admin/verify").await.expect(200);
    let sound = json!({"users": 3, "actions": 2, "totals_checked": 2, "ok": true, "bad_users": 0, "bad": []});
    assert_eq!(verify().await.json, sound);

    let tampered = format!("UPDATE monthly_expense SET total = total + 7 WHERE user_id = {}", user.id);
    assert_eq!(app.database.execute(&tampered).await, 1);
    let found = verify().await;
    let place = json!({"kind": "total", "month": "2026-03", "category_id": 1});
    assert_eq!((&found["ok"], &found["bad_users"]), (&json!(false), &json!(1)));
    assert_eq!(found["bad"], json!([{"user_id": user.id, "first_bad": place}]));
    assert!(!String::from_utf8_lossy(&found.body).contains("12345"), "no amount: {found:?}");
    let altered = format!("UPDATE user_action SET at = at + 1 WHERE user_id = {}", other.id);
    assert_eq!(app.database.execute(&altered).await, 1);
    let found = verify().await;
    assert_eq!(found["bad_users"], 2);
    assert_eq!(found["bad"][1], json!({"user_id": other.id, "first_bad": {"kind": "action", "seq": 1}}));
}
