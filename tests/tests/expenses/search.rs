//! `q`: plain words, in any case, and no pattern whatever they hold.

use acceptance::{User, json, spawn};

async fn found(user: &User, q: &str) -> Vec<String> {
    let encoded: String = q.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let rows = user.all(&format!("/expenses?sort=date&q={encoded}"), 50).await;
    rows.iter().map(|row| row["notes"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn words_are_found_whole_and_in_any_case() {
    let app = spawn().await;
    let user = app.user().await;
    let all = [
        "Lunch with Ana",
        "UBER *TRIP 8005928996",
        "100% cotton",
        "1000 rupees",
        "a_b",
        "axb",
        "50 %",
        "Café Müller",
        "O'Neil's pub",
        "back\\slash",
        "日本 語",
        "ＦＵＬＬ width",
    ];
    for notes in all {
        user.record(&json!({"amount": "1", "notes": notes})).await;
    }
    for (q, expected) in [
        ("lunch", &["Lunch with Ana"][..]),
        ("ANA lunch", &["Lunch with Ana"]),
        ("lun", &[]),
        ("unch", &[]),
        ("uber trip", &["UBER *TRIP 8005928996"]),
        ("uber*", &["UBER *TRIP 8005928996"]),
        ("100%", &["100% cotton"]),
        ("100", &["100% cotton"]),
        ("10%", &[]),
        ("1%0", &[]),
        ("a_b", &["a_b"]),
        ("a%b", &["a_b"]),
        ("axb", &["axb"]),
        ("a_", &["a_b"]),
        ("CAFÉ", &["Café Müller"]),
        ("cafe\u{301}", &["Café Müller"]),
        ("cafe", &[]),
        ("oneils", &["O'Neil's pub"]),
        ("O'Neil's", &["O'Neil's pub"]),
        ("back\\slash", &["back\\slash"]),
        ("full", &["ＦＵＬＬ width"]),
        ("語", &["日本 語"]),
        ("' OR 1=1 --", &[]),
        ("lunch'; DROP TABLE expenses", &[]),
        ("lunch lunch ana", &["Lunch with Ana"]),
        ("ana uber", &[]),
    ] {
        assert_eq!(found(&user, q).await, expected, "{q:?}");
    }
}

#[tokio::test]
async fn a_search_follows_edits() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1", "notes": "before"})).await;
    user.patch_expense(id, &json!({"notes": "after"})).await.expect(200);
    assert_eq!(found(&user, "before").await, Vec::<String>::new());
    assert_eq!(found(&user, "after").await, ["after"]);
    user.undo().await.expect(200);
    assert_eq!(found(&user, "before").await, ["before"]);
    user.delete_expense(id).await.expect(204);
    assert_eq!(found(&user, "before").await, Vec::<String>::new());
}
