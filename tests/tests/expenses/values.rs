//! What is taken comes back as it was given.

use acceptance::category::{FITNESS, FOOD, UNCATEGORIZED};
use acceptance::{json, spawn};

/// Strings that break what is careless with them.
pub(crate) const HOSTILE: [&str; 24] = [
    "plain",
    "Ana's “quoted” \"notes\" \\ backslash / slash",
    "'; DROP TABLE expenses; --",
    "\" OR 1=1 --",
    "1); DELETE FROM user_login WHERE ('1'='1",
    "$1 ? :name %s %d {0} ${x} #{y} {{z}}",
    "100% _under_ [a-z]* (x|y) ^$.+?",
    "\\'; \\n \\0 \\x00 \\u0000",
    "🦀👩‍👩‍👧‍👦🇮🇳 ✓",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ﷽",
    "é (one) and e\u{301} (two)",
    "İstanbul ıslak ŞŞ ß ẞ ﬁ",
    "العربية עברית \u{202e}right to left",
    "日本語 한국어 ไทย हिन्दी",
    "zero\u{200b}width\u{feff}bom\u{ad}soft",
    "<script>alert(1)</script>&lt;&amp;",
    "line one\nline two\n\n\tindented",
    "  surrounded by blanks  ",
    "\u{a0}no-break\u{a0}",
    "null",
    "true",
    "{\"amount\": 1}",
    "../../etc/passwd %2e%2e%2f",
    "\u{10ffff}\u{e000}\u{fffd}",
];

#[tokio::test]
async fn an_expense_is_shown_as_the_contract_says() {
    let app = spawn().await;
    let user = app.user().await;
    let body = json!({"amount": "1250.75", "currency": "INR", "date": "2026-02-28", "notes": "lunch with Ana",
                      "tags": ["Work", "team  lunch", "work"], "external_id": "bank-1"});
    let created = user.create_expense(&body).await.expect(201);
    let id = created.id();
    assert_eq!(created.header("location"), Some(format!("/api/v1/expenses/{id}").as_str()));
    assert_eq!(created.etag(), "\"1\"");
    let mut shown = created.json.clone();
    let confidence = shown["categorization"]["confidence"].take();
    let model = shown["categorization"]["model"].clone();
    assert!(model.is_u64(), "{model}");
    assert!(confidence.is_number() || confidence.is_string(), "{confidence}");
    assert_eq!(
        shown,
        json!({"id": id, "amount": "1250.75", "currency": "INR", "date": "2026-02-28", "notes": "lunch with Ana",
               "category": {"id": 1, "name": "Food", "slug": "food"},
               "categorization": {"source": "model", "matched": "team lunch", "confidence": null, "suggested": false,
                                  "model": model},
               "tags": ["team lunch", "work"], "external_id": "bank-1", "version": 1,
               "logged_at": "2026-03-10T06:30:00.000Z", "updated_at": "2026-03-10T06:30:00.000Z", "action": 1})
    );
    assert_eq!(user.expense(id).await.expect(200).json, created.json);
    assert_eq!(user.all("/expenses", 50).await, [created.json]);
}

#[tokio::test]
async fn amounts_are_read_exactly_from_text_and_number() {
    let app = spawn().await;
    let user = app.user().await;
    for (sent, shown) in [
        ("\"12.50\"", "12.50"),
        ("12.50", "12.50"),
        ("12.5", "12.50"),
        ("\"12.5\"", "12.50"),
        ("12", "12.00"),
        ("\"12\"", "12.00"),
        ("12.0", "12.00"),
        ("0.01", "0.01"),
        ("\"0.01\"", "0.01"),
        ("0.1", "0.10"),
        ("0.29", "0.29"),
        ("1.15", "1.15"),
        ("4.35", "4.35"),
        ("8.41", "8.41"),
        ("1234567.89", "1234567.89"),
        ("9007199254.99", "9007199254.99"),
        ("9999999999.99", "9999999999.99"),
        ("10000000000", "10000000000.00"),
        ("\"10000000000.00\"", "10000000000.00"),
    ] {
        let created = user.call("POST", "/expenses").raw_json(&format!("{{\"amount\": {sent}}}")).await.expect(201);
        assert_eq!(created["amount"], shown, "{sent}");
        assert_eq!(user.expense(created.id()).await["amount"], shown, "{sent}");
    }
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn every_currency_has_its_own_decimals() {
    let app = spawn().await;
    for (currency, good, shown, bad) in [
        ("JPY", "1250", "1250", "1250.0"),
        ("KWD", "1.234", "1.234", "1.2345"),
        ("KWD", "1", "1.000", "0.0001"),
        ("EUR", "0.5", "0.50", "0.505"),
        ("CLF", "0.0001", "0.0001", "0.00001"),
    ] {
        let user = app.user_with(&json!({"currency": currency})).await;
        let created = user.create_expense(&json!({"amount": good})).await.expect(201);
        assert_eq!((&created["amount"], &created["currency"]), (&json!(shown), &json!(currency)));
        user.create_expense(&json!({"amount": bad})).await.invalid(&["/amount too_many_decimals"]);
        user.create_expense(&json!({"amount": good, "currency": "INR"}))
            .await
            .invalid(&["/currency currency_mismatch"]);
        user.create_expense(&json!({"amount": good, "currency": currency})).await.expect(201);
        acceptance::books::assert_sound(&user).await;
    }
}

#[tokio::test]
async fn the_default_date_is_today_where_the_user_is() {
    let app = spawn().await;
    let india = app.user().await;
    let line_islands = app.user_with(&json!({"timezone": "Pacific/Kiritimati"})).await;
    let samoa = app.user_with(&json!({"timezone": "Pacific/Pago_Pago"})).await;
    let new_york = app.user_with(&json!({"timezone": "America/New_York"})).await;
    for (instant, dates) in [
        ("2026-03-10T18:29:59.999Z", ["2026-03-10", "2026-03-11", "2026-03-10", "2026-03-10"]),
        ("2026-03-10T18:30:00.000Z", ["2026-03-11", "2026-03-11", "2026-03-10", "2026-03-10"]),
        // New York keeps daylight saving time since the 8th: midnight is at four.
        ("2026-03-11T03:59:59.999Z", ["2026-03-11", "2026-03-11", "2026-03-10", "2026-03-10"]),
        ("2026-03-11T04:00:00.000Z", ["2026-03-11", "2026-03-11", "2026-03-10", "2026-03-11"]),
    ] {
        app.clock.set(instant);
        for (user, date) in [&india, &line_islands, &samoa, &new_york].into_iter().zip(dates) {
            let created = user.create_expense(&json!({"amount": "1"})).await.expect(201);
            assert_eq!((&created["date"], &created["logged_at"]), (&json!(date), &json!(instant)));
        }
    }
    // A year ahead is counted from the same today.
    samoa.create_expense(&json!({"amount": "1", "date": "2027-03-11"})).await.invalid(&["/date date_out_of_range"]);
    india.create_expense(&json!({"amount": "1", "date": "2027-03-11"})).await.expect(201);
    india.create_expense(&json!({"amount": "1", "date": "1970-01-01"})).await.expect(201);
}

#[tokio::test]
async fn the_month_of_an_expense_knows_no_time_zone() {
    let app = spawn().await;
    let user = app.user_with(&json!({"timezone": "Pacific/Kiritimati"})).await;
    user.spend("1", "2026-02-28", FOOD).await;
    user.spend("2", "2026-03-01", FOOD).await;
    assert_eq!(user.summary("?month=2026-02").await.expect(200)["total"]["actual"], "1.00");
    user.patch_me(&json!({"timezone": "Pacific/Pago_Pago"})).await.expect(200);
    assert_eq!(user.summary("?month=2026-02").await.expect(200)["total"]["actual"], "1.00");
    assert_eq!(user.summary("?month=2026-03").await.expect(200)["total"]["actual"], "2.00");
}

#[tokio::test]
async fn strings_come_back_byte_for_byte() {
    let app = spawn().await;
    let user = app.user().await;
    for notes in HOSTILE {
        let created = user.create_expense(&json!({"amount": "1", "notes": notes})).await.expect(201);
        assert_eq!(created["notes"], notes);
        assert_eq!(user.expense(created.id()).await["notes"], notes);
        let patched = user.patch_expense(created.id(), &json!({"notes": format!("{notes}!")})).await.expect(200);
        assert_eq!(patched["notes"], format!("{notes}!"));
    }
    for id in HOSTILE.into_iter().filter(|text| !text.contains(char::is_control) && text.trim() == *text) {
        let created = user.create_expense(&json!({"amount": "1", "external_id": id})).await.expect(201);
        assert_eq!(user.expense(created.id()).await["external_id"], id);
    }
    let longest = "🦀".repeat(500);
    let created = user.create_expense(&json!({"amount": "1", "notes": longest})).await.expect(201);
    assert_eq!(user.expense(created.id()).await["notes"], longest);
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn tags_have_one_form_and_one_order() {
    let app = spawn().await;
    let user = app.user().await;
    let tags =
        json!(["Zürich", "zurich", "ＡＢＣ", "abc", "  two   words ", "émigré", "e\u{301}migre\u{301}", "ıI", "🦀"]);
    let created = user.create_expense(&json!({"amount": "1", "tags": tags})).await.expect(201);
    assert_eq!(created["tags"], json!(["abc", "two words", "zurich", "zürich", "émigré", "ıi", "🦀"]));
    assert_eq!(user.expense(created.id()).await["tags"], created["tags"]);
    let twenty: Vec<String> = (0..20).map(|n| format!("{n:02}{}", "t".repeat(48))).collect();
    let many = user.create_expense(&json!({"amount": "1", "tags": twenty})).await.expect(201);
    assert_eq!(many["tags"], json!(twenty));
}

#[tokio::test]
async fn put_gives_back_every_default() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user
        .record(&json!({"amount": "5", "notes": "old", "tags": ["a"], "external_id": "k", "category_id": FITNESS}))
        .await;
    app.clock.advance_seconds(90);
    let put = user.put_expense(id, &json!({"amount": "7", "date": "2026-01-31"})).await.expect(200);
    assert_eq!(put.etag(), "\"2\"");
    for (field, value) in [
        ("amount", json!("7.00")),
        ("date", json!("2026-01-31")),
        ("notes", json!("")),
        ("tags", json!([])),
        ("external_id", json!(null)),
        ("version", json!(2)),
        ("logged_at", json!("2026-03-10T06:30:00.000Z")),
        ("updated_at", json!("2026-03-10T06:31:30.000Z")),
        ("action", json!(2)),
    ] {
        assert_eq!(put[field], value, "{field}: {put:?}");
    }
    assert_eq!(put["category"]["id"], UNCATEGORIZED, "chosen again: {put:?}");
    assert_eq!(put["categorization"]["source"], "none");
    assert_eq!(user.expense(id).await.expect(200).json, put.json);
    let again = user.put_expense(id, &json!({"amount": "7.00", "date": "2026-01-31", "notes": "", "tags": []}));
    assert_eq!(again.await.expect(200).json, put.json, "an edit that changes nothing makes no action");
    assert_eq!(user.all("/actions", 50).await.len(), 2);
}

#[tokio::test]
async fn null_in_a_merge_patch_means_the_default() {
    let app = spawn().await;
    let user = app.user().await;
    let full = json!({"amount": "5", "notes": "gym pass", "tags": ["a"], "external_id": "k", "category_id": FOOD});
    let id = user.record(&full).await;
    let patch = json!({"notes": null, "tags": null, "external_id": null});
    let patched = user.patch_expense(id, &patch).await.expect(200);
    assert_eq!(
        (&patched["notes"], &patched["tags"], &patched["external_id"], &patched["category"]["id"]),
        (&json!(""), &json!([]), &json!(null), &json!(FOOD))
    );
    user.patch_expense(id, &json!({"notes": "gym membership"})).await.expect(200);
    let chosen = user.patch_expense(id, &json!({"category_id": null})).await.expect(200);
    assert_eq!((&chosen["category"]["id"], &chosen["categorization"]["source"]), (&json!(FITNESS), &json!("model")));
    // The other media type, and nothing at all.
    let merge = user.call("PATCH", &format!("/expenses/{id}")).body("application/merge-patch+json", b"{\"amount\": 6}");
    let merged = merge.await.expect(200);
    assert_eq!(merged["amount"], "6.00");
    assert_eq!(user.patch_expense(id, &json!({})).await.expect(200).json, merged.json);
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn notes_keep_the_line_breaks_of_every_system() {
    let app = spawn().await;
    let user = app.user().await;
    let notes = "milk\r\neggs\n\tbread";
    let id = user.record(&json!({"amount": "1", "notes": notes})).await;
    assert_eq!(user.expense(id).await.expect(200)["notes"], notes);
}
