//! A long random history, of which digests are kept.

use acceptance::random::Random;
use acceptance::{Client, User, Value, json, snapshot};

use crate::record::Record;

const TEXTS: [&str; 14] = [
    "lunch", "Lunch", "LUNCH ", "Bus ride", "gym", "é", "e\u{301}", "İ", "ß", "🦀", "100%", "a_b", "o'neil", "\u{a0}x",
];
const SORTS: [&str; 5] = ["-date", "date", "-amount", "amount", "-logged_at"];

/// One random request below `/api/v1`: method, path, body.
fn request(random: &mut Random) -> (&'static str, String, Value) {
    let amount = format!("{}.{:02}", random.below(50), random.below(100));
    let date = format!("202{}-{:02}-{:02}", 5 + random.below(2), 1 + random.below(12), 1 + random.below(29));
    let id = 1 + random.below(60);
    let category = *random.pick(&[1, 2, 3, 19, 20, 21, 22, 99]);
    let (text, other) = (*random.pick(&TEXTS), *random.pick(&TEXTS));
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let month = &date[..7];
    match random.below(26) {
        0..=6 => {
            let body = json!({"amount": amount, "date": date, "notes": format!("{text} {other}"), "tags": [text, other],
                              "external_id": if random.below(4) == 0 { json!(format!("{text}{}", random.below(3)).trim()) } else { json!(null) }});
            ("POST", "/expenses".to_owned(), body)
        }
        7 => ("POST", "/expenses".to_owned(), json!({"amount": amount, "category_id": category})),
        8..=9 => ("PATCH", format!("/expenses/{id}"), json!({"amount": amount, "notes": text})),
        10 => ("PATCH", format!("/expenses/{id}"), json!({"category_id": category, "tags": [other]})),
        11 => ("PUT", format!("/expenses/{id}"), json!({"amount": amount, "date": date, "notes": other})),
        12 => ("DELETE", format!("/expenses/{id}"), Value::Null),
        13..=14 => ("POST", "/actions/undo".to_owned(), Value::Null),
        15 => ("POST", "/actions/redo".to_owned(), Value::Null),
        16 => ("POST", format!("/actions/{}/reverse", 1 + random.below(200)), Value::Null),
        17 => (
            "GET",
            format!("/expenses?sort={}&limit={}&q={encoded}", random.pick(&SORTS), 1 + random.below(9)),
            Value::Null,
        ),
        18 => ("GET", format!("/expenses?sort={}&tag={encoded}", random.pick(&SORTS)), Value::Null),
        19 => ("GET", format!("/expenses?sort={}&min_amount={amount}&from={date}", random.pick(&SORTS)), Value::Null),
        20 => ("GET", format!("/changes?since={}&limit=5", random.below(100)), Value::Null),
        21 => ("PATCH", format!("/tags/{encoded}"), json!({"name": other})),
        22 => ("POST", "/categories".to_owned(), json!({"name": format!("{text}x"), "keywords": [other]})),
        23 => ("DELETE", format!("/categories/{category}?merge_into={}", random.pick(&[1, 19, 20, 21])), Value::Null),
        24 => ("GET", format!("/summary?month={month}"), Value::Null),
        _ => {
            let operations = json!([{"op": "create", "amount": amount, "date": date}, {"op": "delete", "id": id}]);
            ("POST", "/expenses/batch".to_owned(), json!({"operations": operations, "atomic": random.below(2) == 0}))
        }
    }
}

async fn end(record: &mut Record, client: &Client) {
    for path in [
        "/expenses?limit=200",
        "/expenses?limit=200&sort=amount",
        "/actions?limit=200",
        "/tags",
        "/categories?include_archived=true",
        "/actions/verify",
        "/score/history?from=2025-01&to=2026-03",
        "/insights/spending?group_by=tag&from=2025-01-01&to=2026-12-31",
    ] {
        record.ask(client, "GET", &format!("/api/v1{path}"), &Value::Null).await;
    }
}

#[tokio::test]
async fn a_random_history_is_answered_alike_everywhere() {
    let mut record = Record::begin(true).await;
    let user: User = record.app.user().await;
    let mut random = Random::new(2026);
    for _ in 0..600 {
        record.app.clock.advance_millis(i64::try_from(random.below(3)).unwrap());
        let (method, path, body) = request(&mut random);
        record.ask(&user, method, &format!("/api/v1{path}"), &body).await;
    }
    end(&mut record, &user).await;
    acceptance::books::assert_sound(&user).await;
    snapshot::assert("random.txt", &record.text);
}
