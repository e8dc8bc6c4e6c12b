//! Which category an expense lies in, and when that changes.

use acceptance::category::{FITNESS, FOOD, GROCERY, RENT, TRAVEL, UNCATEGORIZED};
use acceptance::{json, spawn};

#[tokio::test]
async fn notes_choose_the_category() {
    let app = spawn().await;
    let user = app.user().await;
    for (notes, category) in [
        ("lunch with Ana", FOOD),
        ("Bus ride to airport", TRAVEL),
        ("Gym membership renewal", FITNESS),
        ("UBER *TRIP 8005928996", TRAVEL),
        ("busy day groceries", GROCERY),
        ("qwxzy", UNCATEGORIZED),
    ] {
        let created = user.create_expense(&json!({"amount": "1", "notes": notes})).await.expect(201);
        assert_eq!(created["category"]["id"], category, "{notes}");
        let guess = user.categorize(&json!({"notes": notes})).await.expect(200);
        assert_eq!(guess["category"]["id"], category, "{notes}");
        for member in ["source", "matched", "confidence", "suggested", "model"] {
            assert_eq!(guess[member], created["categorization"][member], "{notes}");
        }
    }
    for notes in ["current bill", "Please refund", "gift for parents", "different"] {
        assert_ne!(user.categorize(&json!({"notes": notes})).await["category"]["id"], RENT, "{notes}");
    }
    for notes in ["busy day groceries", "training shoes", "business cards"] {
        assert_ne!(user.categorize(&json!({"notes": notes})).await["category"]["id"], TRAVEL, "{notes}");
    }
}

#[tokio::test]
async fn an_explicit_choice_is_sticky() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1", "notes": "lunch", "category_id": TRAVEL})).await;
    let edited = user.patch_expense(id, &json!({"notes": "gym membership"})).await.expect(200);
    assert_eq!((&edited["category"]["id"], &edited["categorization"]["source"]), (&json!(TRAVEL), &json!("client")));
    let edited =
        user.patch_expense(id, &json!({"amount": "2", "date": "2026-01-01", "tags": ["gym"]})).await.expect(200);
    assert_eq!(edited["category"]["id"], TRAVEL);
    let freed = user.patch_expense(id, &json!({"category_id": null})).await.expect(200);
    assert_eq!(freed["category"]["id"], FITNESS);
    let edited = user.patch_expense(id, &json!({"notes": "lunch"})).await.expect(200);
    assert_eq!(edited["category"]["id"], FOOD, "chosen automatically again");
}

#[tokio::test]
async fn only_new_notes_choose_anew() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1", "notes": "lunch"})).await;
    user.put_keywords(TRAVEL, &["lunch"]).await.expect(200);
    for patch in
        [json!({"amount": "2"}), json!({"date": "2026-01-05"}), json!({"external_id": "x"}), json!({"notes": "lunch"})]
    {
        assert_eq!(user.patch_expense(id, &patch).await.expect(200)["category"]["id"], FOOD, "{patch}");
    }
    let edited = user.patch_expense(id, &json!({"notes": "lunch, again"})).await.expect(200);
    assert_eq!(
        (&edited["category"]["id"], &edited["categorization"]["source"]),
        (&json!(TRAVEL), &json!("user_keyword"))
    );
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn the_users_keywords_win_and_are_nobody_elses() {
    let app = spawn().await;
    let (ana, bob) = (app.user().await, app.user().await);
    let own = ana.own_category("Sailing").await;
    let put = ana.put_keywords(own, &["Regatta", "regattas", "Harbour  Fee"]).await.expect(200);
    assert_eq!(put["keywords"], json!(["harbour fee", "regatta", "regattas"]));
    assert_eq!(ana.keywords(own).await.expect(200).json, put.json);
    let guess = |user: &acceptance::User, notes: &str| {
        let call = user.categorize(&json!({"notes": notes}));
        async move { call.await.expect(200)["category"]["id"].as_i64() }
    };
    assert_eq!(guess(&ana, "paid the harbour fees").await, Some(own));
    assert_ne!(guess(&bob, "paid the harbour fees").await, Some(own));
    // A phrase speaks for one category: the last that took it.
    ana.put_keywords(FOOD, &["regatta"]).await.expect(200);
    assert_eq!(ana.keywords(own).await["keywords"], json!(["harbour fee", "regattas"]));
    ana.put_keywords(own, &["", "   ", "!!"]).await.refused(422, "invalid");
    ana.put_keywords(own, &[]).await.expect(200);
    assert_ne!(guess(&ana, "paid the harbour fees").await, Some(own));
}

#[tokio::test]
async fn own_categories_are_made_renamed_and_archived() {
    let app = spawn().await;
    let user = app.user().await;
    let created = user.create_category(&json!({"name": " Café & Tea ", "keywords": ["espresso"]})).await.expect(201);
    let id = created.id();
    assert_eq!(
        created.json,
        json!({"id": id, "name": "Café & Tea", "slug": "café-tea", "system": false, "archived": false,
               "keywords": ["espresso"]})
    );
    assert_eq!(user.category(id).await.expect(200).json, created.json);
    for taken in ["CAFÉ TEA", "Food", "food!"] {
        user.create_category(&json!({"name": taken})).await.refused(409, "category_exists");
    }
    for bad in ["", "  ", "---", "a\u{0}b", &"x".repeat(61)] {
        user.create_category(&json!({"name": bad})).await.refused(422, "invalid");
    }
    let renamed = user.patch_category(id, &json!({"name": "Chai"})).await.expect(200);
    assert_eq!((&renamed["name"], &renamed["slug"]), (&json!("Chai"), &json!("chai")));
    user.archive_category(id).await.expect(204);
    assert_eq!(user.category(id).await.expect(200)["archived"], true);
    let shown = |answer: &acceptance::Answer| answer.data().iter().any(|row| row["id"] == id);
    assert!(!shown(&user.categories("").await.expect(200)));
    assert!(shown(&user.categories("?include_archived=true").await.expect(200)));
    user.create_expense(&json!({"amount": "1", "category_id": id})).await.invalid(&["/category_id category_archived"]);
    user.patch_category(id, &json!({"archived": false})).await.expect(200);
    user.create_expense(&json!({"amount": "1", "category_id": id})).await.expect(201);
}

#[tokio::test]
async fn system_categories_stay_as_they_are() {
    let app = spawn().await;
    let user = app.user().await;
    let list = user.categories("").await.expect(200);
    assert_eq!(list.data().len(), 19);
    assert!(list.data().iter().all(|category| category["system"] == true && category["archived"] == false));
    for id in [FOOD, UNCATEGORIZED] {
        user.patch_category(id, &json!({"name": "Mine"})).await.refused(409, "system_category");
        user.archive_category(id).await.refused(409, "system_category");
        user.merge_category(id, RENT).await.refused(409, "system_category");
    }
    assert_eq!(user.categories("").await.expect(200).json, list.json);
}

#[tokio::test]
async fn an_archived_category_keeps_its_expenses() {
    let app = spawn().await;
    let user = app.user().await;
    let own = user.own_category("Sailing").await;
    let id = user.record(&json!({"amount": "9", "category_id": own})).await;
    user.archive_category(own).await.expect(204);
    let kept = user.patch_expense(id, &json!({"amount": "10"})).await.expect(200);
    assert_eq!(kept["category"]["id"], own);
    let named = user.patch_expense(id, &json!({"category_id": own, "amount": "11"})).await.expect(200);
    assert_eq!(named["category"]["id"], own, "naming the category that it lies in moves nothing");
    let other = user.record(&json!({"amount": "1"})).await;
    user.patch_expense(other, &json!({"category_id": own})).await.invalid(&["/category_id category_archived"]);
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn a_merge_moves_everything_and_keeps_choices() {
    let app = spawn().await;
    let user = app.user().await;
    let own = user.own_category("Sailing").await;
    user.put_keywords(own, &["harbour"]).await.expect(200);
    let explicit = user.record(&json!({"amount": "9", "category_id": own})).await;
    let guessed = user.record(&json!({"amount": "2", "notes": "harbour"})).await;
    user.merge_category(own, own).await.refused(422, "invalid");
    user.merge_category(own, 999_999).await.refused(422, "invalid");
    user.merge_category(own, TRAVEL).await.expect(204);
    for (id, source) in [(explicit, "client"), (guessed, "user_keyword")] {
        let moved = user.expense(id).await.expect(200);
        assert_eq!((&moved["category"]["id"], &moved["categorization"]["source"]), (&json!(TRAVEL), &json!(source)));
    }
    // The keyword follows the merge, and nothing goes into the merged category any more.
    assert_eq!(user.categorize(&json!({"notes": "harbour"})).await["category"]["id"], TRAVEL);
    user.create_expense(&json!({"amount": "1", "category_id": own})).await.invalid(&["/category_id category_archived"]);
    let actions = user.all("/actions", 50).await;
    assert_eq!((actions.len(), &actions[0]["kind"]), (3, &json!("merge")));
    assert_eq!(actions[0]["changes"].as_array().unwrap().len(), 2);
    acceptance::books::assert_sound(&user).await;
    // Nothing to move: no action.
    let empty = user.own_category("Empty").await;
    user.merge_category(empty, FOOD).await.expect(204);
    assert_eq!(user.all("/actions", 50).await.len(), 3);
    assert_eq!(user.category(empty).await["archived"], true);
}
