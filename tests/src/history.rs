//! Random requests of one person, the same for the same seed, of which many are refused.

use serde_json::{Value, json};

use crate::random::Random;

const TEXTS: [&str; 14] = [
    "lunch", "Lunch", "LUNCH ", "Bus ride", "gym", "é", "e\u{301}", "İ", "ß", "🦀", "100%", "a_b", "o'neil", "\u{a0}x",
];
const SORTS: [&str; 5] = ["-date", "date", "-amount", "amount", "-logged_at"];

/// One random request on expenses, tags, categories and actions below `/api/v1`: method, path, body. `engines` keeps digests of
/// the answers to a sequence of them, so it never changes.
pub fn request(random: &mut Random) -> (&'static str, String, Value) {
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

/// The same, and everything else that a person may ask: budgets, summaries, scores, keywords, insights, preferences.
pub fn any_request(random: &mut Random) -> (&'static str, String, Value) {
    let month = format!("202{}-{:02}", 5 + random.below(2), 1 + random.below(12));
    let scope = *random.pick(&["total", "1", "2", "3", "19", "20", "21", "99"]);
    let text = *random.pick(&TEXTS);
    match random.below(40) {
        0 => ("PUT", format!("/budgets/{scope}"), json!({"limit": random.below(90).to_string(), "from_month": month})),
        1 => ("PUT", format!("/budgets/{scope}"), json!({"limit": format!("{}.5", random.below(90))})),
        2 => ("DELETE", format!("/budgets/{scope}?from_month={month}"), Value::Null),
        3 => ("GET", format!("/budgets?month={month}"), Value::Null),
        4 => ("GET", format!("/summary?month={month}"), Value::Null),
        5 => ("GET", format!("/score?month={month}&model={}", random.pick(&["standard/1", "classic/1"])), Value::Null),
        6 => ("GET", format!("/score/history?from=2025-01&to={month}"), Value::Null),
        7 => {
            let group = random.pick(&["category", "tag", "day", "week", "month", "weekday"]);
            ("GET", format!("/insights/spending?from=2025-06-01&to=2026-03-31&group_by={group}"), Value::Null)
        }
        8 => (
            "PUT",
            format!("/categories/{}/keywords", random.pick(&[1, 2, 20, 21])),
            json!({"keywords": [text, month]}),
        ),
        9 => ("POST", "/categorize".to_owned(), json!({"notes": text})),
        10 => {
            let levels = [50 + random.below(30), 100];
            (
                "PUT",
                "/notification-preferences".to_owned(),
                json!({"overspend": {"enabled": true, "levels": levels}, "inactivity": {"enabled": false}, "hour": random.below(24), "channels": []}),
            )
        }
        11 => ("GET", format!("/actions?limit={}", 1 + random.below(30)), Value::Null),
        12 => ("GET", "/actions/verify".to_owned(), Value::Null),
        13 => (
            "PATCH",
            format!("/categories/{}", random.pick(&[19, 20, 21, 22])),
            json!({"name": format!("{text}{}", random.below(9))}),
        ),
        14 => {
            let operations: Vec<Value> = (0..1 + random.below(9))
                .map(|n| match random.below(3) {
                    0 => json!({"op": "update", "id": 1 + random.below(60), "amount": n + 1, "notes": text}),
                    1 => json!({"op": "delete", "id": 1 + random.below(60)}),
                    _ => json!({"op": "create", "amount": format!("{n}.{:02}", random.below(100)), "date": format!("{month}-1{n}"), "tags": [text]}),
                })
                .collect();
            ("POST", "/expenses/batch".to_owned(), json!({"operations": operations, "atomic": random.below(3) == 0}))
        }
        15 => ("GET", "/me/export".to_owned(), Value::Null),
        _ => request(random),
    }
}
