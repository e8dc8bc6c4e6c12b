//! Each wrong value is a 422 at its JSON pointer, and nothing is written.

use acceptance::{Answer, User, json, spawn};

/// A wrong value of a field, as JSON text, and what is said of it: a pointer, and a code where that is settled.
type Wrong = (&'static str, String, &'static str);

fn wrong_values() -> Vec<Wrong> {
    let mut table: Vec<Wrong> = Vec::new();
    let mut add = |field: &'static str, value: &str, fault: &'static str| table.push((field, value.to_owned(), fault));
    for value in ["true", "[]", "{}", "[\"1\"]"] {
        add("amount", value, "/amount wrong_type");
    }
    for value in ["\"0\"", "\"0.00\"", "0", "0.0", "0.00"] {
        add("amount", value, "/amount not_positive");
    }
    for value in
        ["\"1.000\"", "1.000", "\"0.001\"", "0.001", "12.345678901234567890", "\"1.0000000000000000000000001\""]
    {
        add("amount", value, "/amount too_many_decimals");
    }
    for value in ["\"10000000000.01\"", "10000000000.01", "\"99999999999999999999\"", "99999999999999999999999999999"] {
        add("amount", value, "/amount too_large");
    }
    for value in [
        "\"\"",
        "\"-1\"",
        "-1",
        "-0",
        "-0.00",
        "\"1e3\"",
        "1e3",
        "1E3",
        "1e0",
        "1.5e1",
        "1e400",
        "1e-400",
        "\"01\"",
        "\"00\"",
        "\"1.\"",
        "\".5\"",
        "\"+1\"",
        "\" 1\"",
        "\"1 \"",
        "\"1\\n\"",
        "\"1,000.00\"",
        "\"1,5\"",
        "\"1_000\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"0x10\"",
        "\"١٢\"",
        "\"１２\"",
        "\"₹12\"",
        "\"12 INR\"",
        "\"1.2.3\"",
        "\"--1\"",
        "\"null\"",
        "\"1\\u0000\"",
    ] {
        add("amount", value, "/amount");
    }
    add("amount", &format!("\"{}\"", "9".repeat(5000)), "/amount");
    add("amount", &"9".repeat(5000), "/amount");
    for value in ["20260301", "true", "[]", "{}"] {
        add("date", value, "/date wrong_type");
    }
    for value in [
        "\"\"",
        "\"2026-02-30\"",
        "\"2025-02-29\"",
        "\"2026-13-01\"",
        "\"2026-00-10\"",
        "\"2026-03-00\"",
        "\"2026-3-1\"",
        "\" 2026-03-01\"",
        "\"2026-03-01 \"",
        "\"2026-03-01T00:00:00Z\"",
        "\"2026/03/01\"",
        "\"01-03-2026\"",
        "\"20260301\"",
        "\"+262142-12-31\"",
        "\"-0001-01-01\"",
        "\"２０２６-03-01\"",
        "\"today\"",
        "\"2026-W10-1\"",
        "\"2026-03-01\\u0000\"",
    ] {
        add("date", value, "/date invalid_date");
    }
    for value in ["\"1969-12-31\"", "\"0000-01-01\"", "\"0001-01-01\"", "\"2027-03-11\"", "\"9999-12-31\""] {
        add("date", value, "/date");
    }
    for value in ["7", "true", "[]", "{}"] {
        add("notes", value, "/notes wrong_type");
    }
    add("notes", &format!("\"{}\"", "n".repeat(501)), "/notes too_long");
    add("notes", &format!("\"{}\"", "🦀".repeat(501)), "/notes too_long");
    for value in ["\"a\\u0000b\"", "\"\\u0007\"", "\"\\u001b[31m\"", "\"\\u0085\"", "\"\\u007f\""] {
        add("notes", value, "/notes control_character");
    }
    for value in ["\"1\"", "true", "[1]", "{}", "1.0", "1.5", "1e0"] {
        add("category_id", value, "/category_id wrong_type");
    }
    for value in ["0", "-1", "9007199254740992", "9223372036854775808", "99999999999999999999999999"] {
        add("category_id", value, "/category_id out_of_range");
    }
    for value in ["20", "999999", "9007199254740991"] {
        add("category_id", value, "/category_id unknown_category");
    }
    for value in ["\"food\"", "7", "{}", "true"] {
        add("tags", value, "/tags wrong_type");
    }
    add("tags", "[7]", "/tags/0 wrong_type");
    add("tags", "[\"a\", null]", "/tags/1 required");
    add("tags", "[\"a\", [\"b\"]]", "/tags/1 wrong_type");
    for value in ["[\"\"]", "[\"  \"]", "[\"a\\u0000\"]", "[\"a\\nb\"]"] {
        add("tags", value, "/tags/0");
    }
    add("tags", &format!("[\"{}\"]", "t".repeat(51)), "/tags/0");
    let many: Vec<String> = (0..21).map(|n| format!("\"t{n}\"")).collect();
    add("tags", &format!("[{}]", many.join(",")), "/tags too_many");
    for value in ["7", "true", "[]", "{}"] {
        add("external_id", value, "/external_id wrong_type");
    }
    for value in ["\"\"", "\"a\\u0000\"", "\"a\\nb\""] {
        add("external_id", value, "/external_id");
    }
    add("external_id", &format!("\"{}\"", "e".repeat(101)), "/external_id");
    add("currency", "\"USD\"", "/currency currency_mismatch");
    add("currency", "\"XXX\"", "/currency currency_mismatch");
    add("currency", "7", "/currency wrong_type");
    for field in ["id", "user_id", "version", "logged_at", "logged_on", "action", "categorization", "live", "imported"]
    {
        add(field, "1", "unknown_field");
    }
    for field in ["__proto__", "constructor", "$where", "Amount", "amount ", "category"] {
        add(field, "{}", "unknown_field");
    }
    table
}

#[track_caller]
fn assert_fault(answer: Answer, wrong: &Wrong) {
    let (field, _, fault) = wrong;
    let fault = if *fault == "unknown_field" { format!("/{field} unknown_field") } else { (*fault).to_owned() };
    let answer = answer.refused(422, "invalid");
    let found = answer.faults();
    let matches = found.len() == 1 && (found[0] == fault || found[0].starts_with(&format!("{fault} ")));
    assert!(matches, "wanted {fault}: {answer:?}");
}

/// A body with one wrong value, and the others as they should be.
fn body(wrong: &Wrong) -> String {
    let (field, value, _) = wrong;
    let mut members = vec![format!("\"{field}\": {value}")];
    for (name, good) in [("amount", "\"1\""), ("date", "\"2026-03-01\"")] {
        if name != *field {
            members.push(format!("\"{name}\": {good}"));
        }
    }
    format!("{{{}}}", members.join(", "))
}

async fn assert_untouched(user: &User, actions: usize) {
    assert_eq!(user.all("/actions", 200).await.len(), actions, "nothing was written");
    acceptance::books::assert_sound(user).await;
}

#[tokio::test]
async fn a_creation_refuses_each_wrong_value_at_its_pointer() {
    let app = spawn().await;
    let user = app.user().await;
    for wrong in wrong_values() {
        assert_fault(user.call("POST", "/expenses").raw_json(&body(&wrong)).await, &wrong);
    }
    user.create_expense(&json!({})).await.invalid(&["/amount required"]);
    user.create_expense(&json!({"amount": null, "notes": "x"})).await.invalid(&["/amount required"]);
    assert_untouched(&user, 0).await;
    assert_eq!(app.database.number("SELECT COUNT(*) FROM expenses").await, 0);
}

#[tokio::test]
async fn edits_refuse_each_wrong_value_at_its_pointer() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "5", "notes": "kept", "tags": ["a"]})).await;
    let before = user.expense(id).await.expect(200).json;
    for wrong in wrong_values() {
        let body = body(&wrong);
        assert_fault(user.call("PUT", &format!("/expenses/{id}")).raw_json(&body).await, &wrong);
        assert_fault(user.call("PATCH", &format!("/expenses/{id}")).raw_json(&body).await, &wrong);
    }
    user.put_expense(id, &json!({})).await.invalid(&["/amount required", "/date required"]);
    user.patch_expense(id, &json!({"amount": null, "date": null}))
        .await
        .invalid(&["/amount required", "/date required"]);
    assert_eq!(user.expense(id).await.expect(200).json, before);
    assert_untouched(&user, 1).await;
}

#[tokio::test]
async fn all_faults_are_told_at_once() {
    let app = spawn().await;
    let user = app.user().await;
    // Faults that only the currency, the calendar or the categories can tell stand beside those of the form.
    let body = json!({"amount": "1.005", "date": "2026-02-30", "notes": 7, "category_id": 999, "tags": ["", 5],
                      "external_id": "", "currency": "USD", "surprise": true});
    let answer = user.create_expense(&body).await.refused(422, "invalid");
    let mut pointers: Vec<String> = answer.faults().iter().map(|f| f.split(' ').next().unwrap().to_owned()).collect();
    pointers.sort();
    let expected =
        ["/amount", "/category_id", "/currency", "/date", "/external_id", "/notes", "/surprise", "/tags/0", "/tags/1"];
    assert_eq!(pointers, expected, "{answer:?}");
    assert_untouched(&user, 0).await;
}

#[tokio::test]
async fn faults_say_what_is_wrong_in_words() {
    let app = spawn().await;
    let user = app.user().await;
    let answer = user.create_expense(&json!({"amount": "0"})).await.refused(422, "invalid");
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(!message.is_empty() && !message.contains('{'), "{answer:?}");
}

#[tokio::test]
async fn what_is_no_json_is_400_and_what_is_no_object_is_422() {
    let app = spawn().await;
    let user = app.user().await;
    for text in [
        "",
        "{",
        "{\"amount\": 1",
        "{\"amount\": 01}",
        "{\"amount\": +1}",
        "{\"amount\": .5}",
        "{\"amount\": 1.}",
        "{\"amount\": NaN}",
        "{\"amount\": Infinity}",
        "{'amount': 1}",
        "{\"amount\": 1,}",
        "{\"amount\": 1} x",
        "{\"amount\": 1}{}",
        "{\"notes\": \"\\ud800\", \"amount\": 1}",
        "{\"amount\": 1, \"amount\": 2}",
        "nope",
        "{\"notes\": \"\u{1}\", \"amount\": 1}",
        "\u{feff}{\"amount\": 1}",
    ] {
        let answer = user.call("POST", "/expenses").raw_json(text).await;
        assert_eq!(answer.status, 400, "{text:?}: {answer:?}");
    }
    user.call("POST", "/expenses")
        .body("application/json", b"{\"notes\": \"\xff\", \"amount\": 1}")
        .await
        .refused(400, "malformed_json");
    user.call("POST", "/expenses").body("application/json", b"\xff\xfe{\0}\0").await.refused(400, "malformed_json");
    for text in ["[]", "7", "\"text\"", "null", "true", "[{\"amount\": 1}]"] {
        let answer = user.call("POST", "/expenses").raw_json(text).await;
        assert_eq!(answer.status, 422, "{text:?}: {answer:?}");
    }
    let deep = format!("{{\"amount\": 1, \"notes\": {}{}}}", "[".repeat(5000), "]".repeat(5000));
    let answer = user.call("POST", "/expenses").raw_json(&deep).await;
    assert!([400, 422].contains(&answer.status), "{answer:?}");
    assert_untouched(&user, 0).await;
}
