//! Nobody's expenses are shown to an admin, whatever they ask.

use acceptance::schema::Document;
use acceptance::{Answer, json, spawn};

const NOTES: &str = "zebrafish consultation";
const AMOUNT: &str = "98761.23";
const TAG: &str = "hush-money";
const CATEGORY: &str = "Casino of Estoril";

#[track_caller]
fn tells_nothing(answer: &Answer) {
    let text = String::from_utf8_lossy(&answer.body).to_lowercase();
    for secret in [NOTES, AMOUNT, "9876123", TAG, CATEGORY] {
        assert!(!text.contains(&secret.to_lowercase()), "{secret} is told: {answer:?}");
    }
}

#[tokio::test]
async fn no_answer_to_an_admin_tells_of_anybodys_expenses() {
    let app = spawn().await;
    let (admin, user) = (app.admin().await, app.user().await);
    let category = user.own_category(CATEGORY).await;
    let planted =
        json!({"amount": AMOUNT, "notes": NOTES, "tags": [TAG], "category_id": category, "date": "2026-03-01"});
    let expense = user.record(&planted).await;
    user.put_budget(&category.to_string(), &json!({"limit": AMOUNT})).await.expect(200);
    // Where verification has something to tell, it tells no more than where.
    for tampered in ["UPDATE monthly_expense SET total = total + 1", "UPDATE expenses SET notes = 'x'"] {
        app.database.execute(tampered).await;
        tells_nothing(&admin.call("POST", "/admin/verify").await.expect(200));
    }
    let document = app.client.at("GET", "/openapi.json").await.expect(200).json;
    let mut served = 0;
    for (path, method) in Document::new(document).operations() {
        if !path.starts_with("/api/v1/admin/") {
            continue;
        }
        // But for the admin's own number, which ends the admin's session.
        for id in [user.id, expense, category].into_iter().filter(|id| *id != admin.id) {
            let call = admin.at(&method.to_uppercase(), &path.replace("{id}", &id.to_string()));
            let answer = if method == "patch" { call.json(&json!({})).await } else { call.await };
            tells_nothing(&answer);
            served += usize::from(answer.status < 300);
        }
    }
    assert!(served >= 11, "{served} answers were looked at");
    for search in ["zebrafish", "hush", "98761.23"] {
        let found = admin.get(&format!("/admin/users?q={search}")).await.expect(200);
        assert_eq!(found.data().len(), 0, "{found:?}");
    }
    // Nor by the ways that people see their own.
    admin.expense(expense).await.refused(404, "not_found");
    admin.category(category).await.refused(404, "not_found");
    for list in ["/expenses", "/actions", "/tags", "/changes", "/categories", "/budgets", "/insights/spending"] {
        tells_nothing(&admin.get(list).await);
    }
}
