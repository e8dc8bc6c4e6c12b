//! `GET /me/export`: everything of mine, nothing of anybody else's.

use std::collections::BTreeMap;

use acceptance::category::{FOOD, RENT, TRAVEL};
use acceptance::database::TestDatabase;
use acceptance::notifications::Told;
use acceptance::schema::Document;
use acceptance::{App, User, Value, json, parse, spawn};

/// The members in their order.
const MEMBERS: [&str; 13] = [
    "exported_at",
    "format",
    "user",
    "notification_preferences",
    "categories",
    "budgets",
    "expenses",
    "actions",
    "sessions",
    "tokens",
    "devices",
    "notifications",
    "login_events",
];

async fn exported(app: &App, user: &User) -> Value {
    let answer = user.get("/me/export").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let text = String::from_utf8(answer.body.clone()).unwrap();
    let places: Vec<usize> = MEMBERS.map(|member| text.find(&format!("\"{member}\":")).expect(member)).to_vec();
    assert!(places.is_sorted(), "{places:?}");
    let document = app.client.at("GET", "/openapi.json").await.expect(200).json;
    let export = parse(&text);
    let differences = Document::new(document).differences("GET", "/api/v1/me/export", 200, "application/json", &export);
    assert_eq!(differences, [""; 0]);
    assert_eq!(export.as_object().unwrap().len(), MEMBERS.len());
    export
}

fn rows<'a>(export: &'a Value, member: &str) -> &'a [Value] {
    export[member].as_array().unwrap_or_else(|| panic!("{member}"))
}

#[tokio::test]
async fn all_that_a_person_has_is_in_it() {
    let app = spawn().await;
    let user = app.user_with(&json!({"name": "Ána"})).await;
    let other = app.user().await;
    let theirs = other.own_category("Theirs").await;
    other.record(&json!({"amount": "9", "category_id": theirs, "notes": "not mine", "tags": ["theirs"]})).await;

    let own = user.create_category(&json!({"name": "Pets", "keywords": ["vet"]})).await.expect(201).id();
    let lunch = user.record(&json!({"amount": "12.50", "date": "2026-03-01", "notes": "lunch \"with\" Ana\nand Bo", "tags": ["b", "a"], "external_id": "x-1", "category_id": FOOD})).await;
    let gone = user.record(&json!({"amount": "3", "date": "2026-03-02", "category_id": TRAVEL})).await;
    user.patch_expense(lunch, &json!({"amount": "13"})).await.expect(200);
    user.call("DELETE", &format!("/expenses/{gone}")).await.expect(204);
    user.undo().await.expect(200);
    user.redo().await.expect(200);
    user.put("/budgets/total", &json!({"limit": "1000", "from_month": "2026-01"})).await.expect(200);
    user.put(&format!("/budgets/{own}"), &json!({"limit": "50", "from_month": "2026-02"})).await.expect(200);
    user.delete(&format!("/budgets/{own}?from_month=2026-04")).await.expect(204);
    let second = user.another_session().await;
    app.tell(other.id, Told::Overspend(Some((theirs, "Theirs")))).await;
    let told = app.tell(user.id, Told::Overspend(Some((own, "Pets")))).await;
    app.tell(user.id, Told::Inactivity(6)).await;
    let taken_back = app.tell(user.id, Told::Inactivity(14)).await;
    app.database.execute(&format!("UPDATE notification SET cancelled_at = 1 WHERE id = {taken_back}")).await;
    user.call("POST", &format!("/notifications/{told}/read")).await.expect(200);
    user.put("/notification-preferences", &json!({"hour": 7, "channels": ["push"]})).await.expect(200);
    let device = json!({"token": "secret-of-a-device", "platform": "ios", "name": "Ána's"});
    user.post("/devices", &device).await.expect(201);
    user.put("/me/phone", &json!({"phone": "+91 98123 45678", "password": user.password})).await.expect(202);
    user.post("/me/phone/verify", &json!({"otp": app.codes.latest(&user.email, "phone")})).await.expect(204);

    user.delete("/me/learned").await.expect(204);

    let export = exported(&app, &user).await;
    assert_eq!((&export["format"], &export["exported_at"]), (&json!("florin-export/1"), &json!(app.clock.text())));
    let mut me = user.me().await.expect(200).json;
    me["verified_at"] = json!(app.clock.text());
    me.as_object_mut().unwrap().remove("learned");
    me["learned_since"] = json!(app.clock.text());
    me["phone"] = json!({"phone": "+919812345678", "proved_at": app.clock.text()});
    assert_eq!(export["user"], me);
    let names: Vec<_> =
        rows(&export, "categories").iter().map(|c| (c["name"].clone(), c["keywords"].clone())).collect();
    assert_eq!(names, [(json!("Food"), json!([])), (json!("Travel"), json!([])), (json!("Pets"), json!(["vet"]))]);
    let limits = json!([
        {"scope": "total", "category_id": null, "limit": "1000.00", "from_month": "2026-01"},
        {"scope": "category", "category_id": own, "limit": "50.00", "from_month": "2026-02"},
        {"scope": "category", "category_id": own, "limit": null, "from_month": "2026-04"},
    ]);
    assert_eq!(export["budgets"], limits);
    let expenses = rows(&export, "expenses");
    assert_eq!(expenses.len(), 2);
    let mut shown = user.get(&format!("/expenses/{lunch}")).await.expect(200).json;
    shown["deleted"] = json!(false);
    assert_eq!(expenses[0], shown);
    assert_eq!((&expenses[1]["id"], &expenses[1]["deleted"]), (&json!(gone), &json!(true)));
    assert_eq!(expenses[1]["amount"], "3.00");

    let mut actions = user.all("/actions", 50).await;
    actions.reverse();
    let mut listed = rows(&export, "actions").to_vec();
    let head = user.verify_books().await.expect(200)["head_hash"].clone();
    assert_eq!(listed.last().unwrap()["hash"], head);
    for action in &mut listed {
        action.as_object_mut().unwrap().remove("hash");
        for optional in ["reverses", "reversed_by"] {
            if action[optional].is_null() {
                action.as_object_mut().unwrap().remove(optional);
            }
        }
    }
    assert_eq!(listed, actions);
    let sessions = rows(&export, "sessions");
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| session["revoked_at"].is_null() && session["ip"] == "127.0.0.1"));

    let mut notifications = user.all("/notifications", 50).await;
    notifications.sort_by_key(|notification| notification["id"].as_i64());
    assert_eq!(rows(&export, "notifications"), notifications);
    assert_eq!(rows(&export, "devices"), user.get("/devices").await.data());
    let preferences =
        json!({"overspend": true, "levels": [80, 100], "inactivity": true, "hour": 7, "channels": ["push"]});
    assert_eq!(export["notification_preferences"], preferences);

    let text = export.to_string();
    for foreign in ["secret-of-a-device", "Theirs", "not mine", &other.email, &second.refresh_token, "argon2"] {
        assert!(!text.contains(foreign), "{foreign}");
    }
    let empty = exported(&app, &app.user().await).await;
    assert_eq!(empty["notification_preferences"]["channels"], json!(null));
    for member in ["categories", "budgets", "expenses", "actions", "devices", "notifications"] {
        assert_eq!(empty[member], json!([]), "{member}");
    }
}

#[tokio::test]
async fn the_file_is_named_after_today_in_the_persons_zone() {
    let app = spawn().await;
    app.clock.set("2026-03-10T20:00:00.000Z");
    let user = app.user_with(&json!({"timezone": "Asia/Tokyo"})).await;
    let answer = user.get("/me/export").await.expect(200);
    let name = "attachment; filename=\"florin-export-2026-03-11.json\"";
    assert_eq!(answer.header("content-disposition"), Some(name));
    user.get("/me/export?x=1").await.refused(422, "invalid");
    app.client.get("/me/export").await.refused(401, "invalid_token");
}

/// Twenty thousand expenses, by batches.
pub(crate) async fn many(user: &User, count: usize) {
    for first in (0..count).step_by(500) {
        let operations: Vec<Value> = (first..first + 500)
            .map(|n| {
                let (day, category) = (n % 28 + 1, [FOOD, TRAVEL, RENT][n % 3]);
                json!({"op": "create", "amount": format!("{}.{:02}", n + 1, n % 100), "date": format!("2026-02-{day:02}"),
                    "notes": format!("number {n}"), "category_id": category, "tags": [format!("t{}", n % 7)]})
            })
            .collect();
        user.post("/expenses/batch", &json!({"operations": operations})).await.expect(200);
    }
}

#[tokio::test]
async fn a_large_account_is_exported_completely_while_it_is_written_to() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    many(&user, 20_000).await;
    many(&other, 500).await;
    let ids: Vec<i64> = user.all("/expenses?sort=date", 200).await.iter().map(|e| e["id"].as_i64().unwrap()).collect();
    let edits = {
        let (user, ids) = (user.clone(), ids.clone());
        tokio::spawn(async move {
            for id in ids.iter().step_by(997).rev() {
                user.patch_expense(*id, &json!({"notes": "edited meanwhile", "date": "2026-03-01"})).await.expect(200);
            }
        })
    };
    let export = exported(&app, &user).await;
    edits.await.unwrap();
    let expenses = rows(&export, "expenses");
    let found: Vec<i64> = expenses.iter().map(|expense| expense["id"].as_i64().unwrap()).collect();
    let mut expected = ids;
    expected.sort_unstable();
    assert_eq!(found.len(), 20_000);
    assert!(found == expected, "each once, in the order of their ids");
    // Amounts are never edited here, so the sums hold whatever was written meanwhile.
    let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
    for expense in expenses {
        let minor = expense["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        *sums.entry(expense["category"]["id"].as_i64().unwrap()).or_default() += minor;
    }
    for (category, sum) in sums {
        let stored = format!(
            "SELECT CAST(SUM(total) AS DECIMAL(20, 0)) FROM monthly_expense WHERE user_id = {} AND category_id = {category}",
            user.id
        );
        let stored = stored.replace(
            "CAST(SUM(total) AS DECIMAL(20, 0))",
            match acceptance::database::Engine::chosen() {
                acceptance::database::Engine::MySql(_) => "CAST(SUM(total) AS SIGNED)",
                _ => "CAST(SUM(total) AS BIGINT)",
            },
        );
        assert_eq!(app.database.number(&stored).await, sum, "category {category}");
    }
    assert!(rows(&export, "actions").len() >= 40);
    assert_eq!(rows(&export, "actions")[0]["changes"].as_array().unwrap().len(), 500);
}

#[tokio::test]
async fn an_export_whose_database_goes_away_has_no_end() {
    use acceptance::binary::Place;
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url());
    let mut server = place.serve().await;
    let email = "ana@example.com";
    server.client.register(&json!({"email": email, "password": "a password of many words"})).await.expect(202);
    let otp = parse(&server.line().await)["otp"].as_str().unwrap().to_owned();
    let tokens = server.client.verify(email, &otp).await.expect(200);
    let user = User::of(&server.client, &tokens, "a password of many words");
    many(&user, 5000).await;
    // The client takes the beginning and no more, for now; then the rows that follow cannot be read.
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.get(format!("{}/api/v1/me/export", server.client.base())).bearer_auth(user.token().unwrap());
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let mut body = response.chunk().await.unwrap().unwrap().to_vec();
    database.execute("ALTER TABLE expenses RENAME TO expenses_away").await;
    let broken = loop {
        match response.chunk().await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken, "it ended as if it were whole: {} bytes", body.len());
    assert!(serde_json::from_slice::<Value>(&body).is_err(), "what came is no JSON");
}
