//! A history that touches every endpoint, written down whole.

use acceptance::notifications::Told;
use acceptance::{Client, Value, json, snapshot};

use crate::record::Record;

const NONE: Value = Value::Null;

struct Story {
    record: Record,
    client: Client,
}

impl Story {
    async fn get(&mut self, path: &str) {
        let path = format!("/api/v1{path}");
        self.record.ask(&self.client, "GET", &path, &NONE).await;
    }

    async fn act(&mut self, method: &str, path: &str, body: Value) -> acceptance::Answer {
        self.record.app.clock.advance_millis(1234);
        let path = format!("/api/v1{path}");
        self.record.ask(&self.client, method, &path, &body).await
    }

    async fn account(&mut self) {
        let email = "ana@example.com";
        let body = json!({"email": email, "password": "correct horse battery", "name": "Ana “A” 🦀", "currency": "EUR",
                          "timezone": "Europe/Lisbon"});
        self.act("POST", "/auth/register", body).await;
        self.act("POST", "/auth/login", json!({"email": email, "password": "correct horse battery"})).await;
        let otp = self.record.app.codes.latest(email, "verify");
        let wrong = acceptance::codes::another_code(&otp);
        self.client_call_hidden("/api/v1/auth/verify", json!({"email": email, "otp": wrong})).await;
        let tokens = self.client_call_hidden("/api/v1/auth/verify", json!({"email": email, "otp": otp})).await;
        self.client = self.client.with_token(&tokens.text("access_token"));
        self.get("/me").await;
        self.act("PATCH", "/me", json!({"name": "Ana"})).await;
        self.act("PATCH", "/me", json!({"currency": "eur", "timezone": "Nowhere"})).await;
    }

    /// A request whose body is random by its nature: only the answer is written down.
    async fn client_call_hidden(&mut self, path: &str, body: Value) -> acceptance::Answer {
        let before = self.record.text.len();
        let answer = self.record.ask(&self.client, "POST", path, &body).await;
        let hidden = self.record.text[before..].replacen(&body.to_string(), "…", 1);
        self.record.text.truncate(before);
        self.record.text.push_str(&hidden);
        answer
    }

    async fn expenses(&mut self) {
        for body in [
            json!({"amount": "12.50", "date": "2026-03-01", "notes": "lunch with Ana", "tags": ["Team", "über"]}),
            json!({"amount": "0.01", "date": "2026-02-28", "notes": "Bus ride to airport", "external_id": "k"}),
            json!({"amount": "10000000000", "date": "2025-12-31", "category_id": 3, "external_id": "K"}),
            json!({"amount": "7", "notes": "'; DROP TABLE expenses; -- 100% _ \\ \" 🍱\n\tnew line", "external_id": "k k"}),
            json!({"amount": "7", "external_id": "k "}),
            json!({"amount": "7.00", "notes": "qwxzy ﬁ İ ß é e\u{301}", "tags": ["b", "a", "A", "  b "]}),
            json!({"amount": "1", "external_id": "k"}),
            json!({"amount": "1.005", "date": "2026-02-30", "category_id": 999, "unknown": 1}),
            json!({"amount": "-1"}),
        ] {
            self.act("POST", "/expenses", body).await;
        }
        for path in [
            "/expenses",
            "/expenses?sort=date&limit=2",
            "/expenses?sort=-amount",
            "/expenses?sort=amount&limit=3",
            "/expenses?sort=-logged_at",
            "/expenses?month=2026-03",
            "/expenses?from=2026-02-28&to=2026-03-01",
            "/expenses?category_id=1&category_id=3",
            "/expenses?tag=team&tag=%C3%BCber",
            "/expenses?q=LUNCH",
            "/expenses?q=%C3%89",
            "/expenses?q=100%25",
            "/expenses?min_amount=7&max_amount=12.50",
            "/expenses?uncategorized=true",
            "/expenses?limit=0&x=1",
            "/expenses/1",
            "/expenses/99",
            "/tags",
            "/changes?since=0",
            "/changes?since=2&limit=1",
        ] {
            self.get(path).await;
        }
        self.act("PATCH", "/expenses/1", json!({"amount": 13, "tags": null})).await;
        self.act("PATCH", "/expenses/1", json!({"amount": "13.00"})).await;
        self.act("PUT", "/expenses/2", json!({"amount": "0.02", "date": "2026-03-05", "notes": "gym membership"}))
            .await;
        self.act("PATCH", "/expenses/4", json!({"external_id": "K"})).await;
        self.act("PATCH", "/expenses/4", json!({"category_id": 2})).await;
        self.act("DELETE", "/expenses/5", NONE).await;
        self.act("DELETE", "/expenses/5", NONE).await;
        let operations = json!([
            {"op": "create", "amount": "3.30", "date": "2026-01-31", "tags": ["z"]},
            {"op": "update", "id": 1, "notes": "dinner"},
            {"op": "delete", "id": 2},
        ]);
        self.act("POST", "/expenses/batch", json!({"operations": operations})).await;
        let operations =
            json!([{"op": "create", "amount": "0"}, {"op": "delete", "id": 77}, {"op": "create", "amount": "2"}]);
        self.act("POST", "/expenses/batch", json!({"operations": operations, "atomic": true})).await;
        self.act("POST", "/expenses/batch", json!({"operations": operations, "atomic": false})).await;
    }

    async fn categories(&mut self) {
        self.get("/categories").await;
        self.act("POST", "/categories", json!({"name": "Café & Tea", "keywords": ["espresso", "Flat White"]})).await;
        self.act("POST", "/categories", json!({"name": "CAFÉ tea"})).await;
        self.act("POST", "/categories", json!({"name": "Æther", "keywords": ["", "ok"]})).await;
        let own = self.act("POST", "/categories", json!({"name": "Æther"})).await.id();
        self.act("POST", "/categorize", json!({"notes": "two flat whites"})).await;
        self.act("POST", "/categorize", json!({"notes": "UBER *TRIP 8005928996", "tags": ["work"]})).await;
        self.act("POST", "/expenses", json!({"amount": "4.20", "notes": "espresso", "date": "2026-03-07"})).await;
        self.act("POST", "/expenses", json!({"amount": "9", "category_id": own, "date": "2026-03-08"})).await;
        self.act("PATCH", &format!("/categories/{own}"), json!({"name": "Ether"})).await;
        self.act("PUT", "/categories/1/keywords", json!({"keywords": ["Thali", "thali "]})).await;
        self.get("/categories/1/keywords").await;
        self.act("DELETE", &format!("/categories/{own}?merge_into=2"), NONE).await;
        self.get(&format!("/categories/{own}")).await;
        self.get("/categories?include_archived=true").await;
        self.act("DELETE", "/categories/1", NONE).await;
        self.act("PATCH", "/tags/team", json!({"name": "crew"})).await;
        self.act("PATCH", "/tags/z", json!({"name": "crew"})).await;
        self.act("DELETE", "/tags/crew", NONE).await;
        self.get("/tags").await;
    }

    async fn figures(&mut self) {
        self.act("PUT", "/budgets/1", json!({"limit": "10", "from_month": "2026-01"})).await;
        self.act("PUT", "/budgets/2", json!({"limit": 0})).await;
        self.act("PUT", "/budgets/total", json!({"limit": "100.5", "from_month": "2026-02"})).await;
        self.act("DELETE", "/budgets/total?from_month=2026-04", NONE).await;
        self.act("DELETE", "/budgets/5", NONE).await;
        for path in [
            "/budgets",
            "/budgets?month=2026-01",
            "/budgets?month=2026-05",
            "/summary",
            "/summary?month=2025-12",
            "/summary?month=2026-04",
            "/score",
            "/score?month=2026-02&model=classic/1",
            "/score?month=2025-12",
            "/score?month=2026-04",
            "/score?model=none",
            "/score/history?from=2025-11&to=2026-03",
            "/insights/spending?group_by=category&from=2025-12-01&to=2026-03-31",
            "/insights/spending?group_by=tag",
            "/insights/spending?group_by=day&from=2026-03-01&to=2026-03-10",
            "/insights/spending?group_by=week",
            "/insights/spending?group_by=month&from=2025-12-01&to=2026-03-31",
            "/insights/spending?group_by=weekday",
        ] {
            self.get(path).await;
        }
    }

    async fn ledger(&mut self) {
        for _ in 0..5 {
            self.act("POST", "/actions/undo", NONE).await;
        }
        self.act("POST", "/actions/redo", NONE).await;
        self.act("POST", "/actions/undo", json!({"expected_action": 1})).await;
        self.act("POST", "/actions/1/reverse", NONE).await;
        self.act("POST", "/actions/3/reverse", NONE).await;
        self.act("POST", "/actions/3/reverse", NONE).await;
        self.act("POST", "/actions/redo", json!({"expected_action": 77})).await;
        self.act("POST", "/expenses", json!({"amount": "1.11", "date": "2026-03-09"})).await;
        self.act("POST", "/actions/redo", NONE).await;
        self.get("/actions?limit=3").await;
        self.get("/actions").await;
        self.get("/actions/verify").await;
        self.get("/expenses?limit=200").await;
        self.get("/changes?since=10").await;
    }
}

impl Story {
    async fn notifications(&mut self) {
        let me = self.client.me().await.expect(200).id();
        for told in [
            Told::Overspend(Some((1, "Café “é” 🍱"))),
            Told::Overspend(None),
            Told::Inactivity(6),
            Told::Inactivity(14),
            Told::Inactivity(30),
        ] {
            self.record.app.clock.advance_millis(77);
            self.record.app.tell(me, told).await;
        }
        for path in ["/notifications", "/notifications?unread=true&limit=2", "/notifications?unread=maybe"] {
            self.get(path).await;
        }
        self.act("POST", "/notifications/1002/read", NONE).await;
        self.act("POST", "/notifications/1002/read", NONE).await;
        self.act("POST", "/notifications/7/read", NONE).await;
        self.get("/notifications?unread=false").await;
        self.act("POST", "/notifications/read-all", NONE).await;
        self.get("/notifications?limit=1").await;
        self.get("/notification-preferences").await;
        let body = json!({"overspend": {"enabled": false, "levels": [100, 1, 50]}, "hour": 0, "channels": []});
        self.act("PUT", "/notification-preferences", body).await;
        let body = json!({"overspend": {"levels": [0, 101, 7, 7]}, "hour": 24, "channels": ["pigeon", "log"], "x": 1});
        self.act("PUT", "/notification-preferences", body).await;
        self.act("PUT", "/notification-preferences", json!({"channels": ["log", "log"]})).await;
        self.act("PUT", "/notification-preferences", json!({})).await;
        self.get("/notification-preferences").await;
        let device = json!({"token": "a:Token_1", "platform": "android", "name": " Ana’s 📱 "});
        self.act("POST", "/devices", device.clone()).await;
        self.act("POST", "/devices", device).await;
        self.act("POST", "/devices", json!({"token": "not visible", "platform": "toaster", "id": 1})).await;
        self.act("POST", "/devices", json!({"token": "Token_2", "platform": "web"})).await;
        self.get("/devices").await;
        self.act("DELETE", "/devices/1", NONE).await;
        self.act("DELETE", "/devices/1", NONE).await;
        self.get("/devices").await;
        self.get("/admin/outbox").await;
    }
}

#[tokio::test]
async fn a_scripted_history_is_answered_alike_everywhere() {
    let record = Record::begin(false).await;
    let client = record.app.client.clone();
    let mut story = Story { record, client };
    story.account().await;
    story.expenses().await;
    story.categories().await;
    story.figures().await;
    story.ledger().await;
    story.notifications().await;
    acceptance::books::assert_sound(&story.client).await;
    snapshot::assert("scripted.txt", &story.record.text);
}
