//! The caller's own profile.

use acceptance::{json, spawn};

#[tokio::test]
async fn a_profile_is_changed_field_by_field() {
    let app = spawn().await;
    let user = app.user().await;
    let before = user.me().await.expect(200).json;
    assert_eq!(user.patch_me(&json!({})).await.expect(200).json, before);
    let named = user.patch_me(&json!({"name": "Ana “🦀” O'Neil"})).await.expect(200);
    assert_eq!((&named["name"], &named["timezone"]), (&json!("Ana “🦀” O'Neil"), &before["timezone"]));
    let zoned = user.patch_me(&json!({"timezone": "Pacific/Kiritimati", "currency": "JPY"})).await.expect(200);
    assert_eq!((&zoned["timezone"], &zoned["currency"]), (&json!("Pacific/Kiritimati"), &json!("JPY")));
    assert_eq!(user.me().await.expect(200).json, zoned.json);
    assert_eq!(user.patch_me(&json!({"name": null})).await.expect(200)["name"], "");
}

#[tokio::test]
async fn every_wrong_field_of_a_profile_is_named() {
    let app = spawn().await;
    let user = app.user().await;
    let before = user.me().await.expect(200).json;
    let bad = json!({"name": "x".repeat(101), "currency": "inr", "timezone": "India"});
    let answer = user.patch_me(&bad).await.refused(422, "invalid");
    for pointer in ["/name ", "/currency ", "/timezone "] {
        assert!(answer.faults().iter().any(|fault| fault.starts_with(pointer)), "{pointer}: {answer:?}");
    }
    user.patch_me(&json!({"currency": null})).await.invalid(&["/currency required"]);
    user.patch_me(&json!({"timezone": null})).await.invalid(&["/timezone required"]);
    user.patch_me(&json!({"name": 7})).await.invalid(&["/name wrong_type"]);
    user.patch_me(&json!([])).await.refused(422, "invalid");
    assert_eq!(user.me().await.expect(200).json, before);
}

#[tokio::test]
async fn the_currency_is_locked_once_there_is_an_expense() {
    let app = spawn().await;
    let user = app.user().await;
    user.patch_me(&json!({"currency": "EUR"})).await.expect(200);
    let id = user.record(&json!({"amount": "12.50"})).await;
    assert_eq!(user.expense(id).await["currency"], "EUR");
    user.patch_me(&json!({"currency": "USD"})).await.refused(409, "currency_locked");
    user.patch_me(&json!({"currency": "EUR", "name": "the same currency"})).await.expect(200);
    // A deleted expense can come back, so it counts too.
    user.delete_expense(id).await.expect(204);
    user.patch_me(&json!({"currency": "USD"})).await.refused(409, "currency_locked");
    assert_eq!(user.me().await["currency"], "EUR");
}

#[tokio::test]
async fn a_first_expense_and_a_change_of_currency_never_both_win_with_different_currencies() {
    let app = spawn().await;
    for _ in 0..10 {
        let user = app.user().await;
        let (expense, body) = (json!({"amount": "12.50"}), json!({"currency": "JPY"}));
        let (created, changed) =
            futures::join!(async { user.create_expense(&expense).await }, async { user.patch_me(&body).await });
        let currency = user.me().await["currency"].clone();
        // JPY has no decimals: 12.50 is accepted only while the currency is INR.
        match (created.status, changed.status) {
            (201, 409) => assert_eq!(currency, "INR"),
            (422, 200) => assert_eq!(currency, "JPY"),
            both => panic!("{both:?}: {created:?} {changed:?}"),
        }
    }
}
