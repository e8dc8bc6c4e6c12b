//! `verify`: sound books pass, and whatever is altered behind the server's back is named.

use acceptance::category::{FOOD, TRAVEL};
use acceptance::{App, User, json, spawn};

async fn history(app: &App) -> (User, i64) {
    let user = app.user().await;
    let id = user.record(&json!({"amount": "10", "date": "2026-03-01", "category_id": FOOD})).await;
    user.record(&json!({"amount": "5", "date": "2026-03-02", "category_id": TRAVEL})).await;
    user.patch_expense(id, &json!({"amount": "11"})).await.expect(200);
    user.undo().await.expect(200);
    user.redo().await.expect(200);
    (user, id)
}

#[tokio::test]
async fn sound_books_are_walked_to_their_end() {
    let app = spawn().await;
    let (user, _) = history(&app).await;
    let verified = user.verify_books().await.expect(200);
    assert_eq!((&verified["ok"], &verified["actions"]), (&json!(true), &json!(5)));
    assert!(verified["totals_checked"].as_i64().unwrap() >= 2);
    let hash = verified.text("head_hash");
    assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
    user.record(&json!({"amount": "1"})).await;
    assert_ne!(user.verify_books().await["head_hash"], json!(hash));
    assert_eq!(app.user().await.verify_books().await.expect(200)["actions"], 0);
}

#[tokio::test]
async fn whatever_is_altered_is_named() {
    for (sql, kind) in [
        ("UPDATE monthly_expense SET total = total + 1 WHERE user_id = {user} AND category_id = 1", "total"),
        ("DELETE FROM monthly_expense WHERE user_id = {user} AND category_id = 2", "total"),
        ("INSERT INTO monthly_expense (user_id, month, category_id, total) VALUES ({user}, 202001, 3, 5)", "total"),
        ("UPDATE expenses SET amount = amount + 1 WHERE id = {id}", "expense"),
        ("UPDATE expenses SET live = 0 WHERE id = {id}", "expense"),
        ("UPDATE expenses SET notes = 'altered' WHERE id = {id}", "expense"),
        ("UPDATE user_action SET at = at + 1 WHERE user_id = {user} AND seq = 2", "action"),
        ("UPDATE user_action SET kind = 'delete' WHERE user_id = {user} AND seq = 1", "action"),
        (
            "UPDATE user_action SET payload = REPLACE(payload, '1000', '1001') WHERE user_id = {user} AND seq = 1",
            "action",
        ),
        ("UPDATE user_action SET reversed_by = NULL WHERE user_id = {user} AND seq = 4", "action"),
        ("DELETE FROM user_action WHERE user_id = {user} AND seq = 3", "action"),
        ("DELETE FROM user_action WHERE user_id = {user} AND seq = 5", ""),
    ] {
        let app = spawn().await;
        let (user, id) = history(&app).await;
        let sql = sql.replace("{user}", &user.id.to_string()).replace("{id}", &id.to_string());
        assert!(app.database.execute(&sql).await > 0, "{sql}");
        let verified = user.verify_books().await.expect(200);
        assert_eq!(verified["ok"], false, "{sql}");
        let found = verified["first_bad"]["kind"].as_str().unwrap();
        assert!(kind.is_empty() || found == kind, "{sql}: {verified:?}");
    }
}
