//! Undo when categories have moved on: it follows merges, falls back on Uncategorized, and says so.

use acceptance::category::{FOOD, TRAVEL, UNCATEGORIZED};
use acceptance::{json, spawn};

#[tokio::test]
async fn a_merge_taken_back_brings_the_category_back() {
    let app = spawn().await;
    let user = app.user().await;
    let own = user.own_category("Sailing").await;
    user.put_keywords(own, &["regatta"]).await.expect(200);
    let moved = user.record(&json!({"amount": "9", "category_id": own})).await;
    let other = user.record(&json!({"amount": "5", "category_id": TRAVEL})).await;
    user.merge_category(own, TRAVEL).await.expect(204);
    assert_eq!(user.expense(moved).await["category"]["id"], TRAVEL);
    let undone = user.undo().await.expect(200);
    assert_eq!((&undone["reversed"]["kind"], &undone["adjustments"]), (&json!("merge"), &json!([])));
    assert_eq!(user.category(own).await.expect(200)["archived"], false);
    assert_eq!(user.expense(moved).await["category"]["id"], own);
    assert_eq!(user.expense(other).await["category"]["id"], TRAVEL);
    assert_eq!(user.categorize(&json!({"notes": "regatta"})).await["category"]["id"], own);
    user.create_expense(&json!({"amount": "1", "category_id": own})).await.expect(201);
    user.undo().await.expect(200);
    acceptance::books::assert_sound(&user).await;
    // And merged again.
    user.reverse(4).await.expect(200);
    assert_eq!(user.category(own).await["archived"], true);
    assert_eq!(user.expense(moved).await["category"]["id"], TRAVEL);
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn what_came_after_a_merge_stays_where_it_is() {
    let app = spawn().await;
    let user = app.user().await;
    let own = user.own_category("Sailing").await;
    let moved = user.record(&json!({"amount": "9", "category_id": own})).await;
    user.merge_category(own, TRAVEL).await.expect(204);
    let later = user.record(&json!({"amount": "1", "category_id": TRAVEL})).await;
    user.patch_expense(moved, &json!({"amount": "10"})).await.expect(200);
    user.reverse(2).await.expect(200);
    assert_eq!(user.expense(moved).await["category"]["id"], own);
    assert_eq!(user.expense(moved).await["amount"], "10.00");
    assert_eq!(user.expense(later).await["category"]["id"], TRAVEL);
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn an_archived_category_is_replaced_by_uncategorized_and_said() {
    let app = spawn().await;
    let user = app.user().await;
    let own = user.own_category("Sailing").await;
    let id = user.record(&json!({"amount": "9", "category_id": own})).await;
    user.delete_expense(id).await.expect(204);
    user.archive_category(own).await.expect(204);
    let undone = user.undo().await.expect(200);
    let adjustment = &undone["adjustments"][0];
    assert_eq!((&adjustment["expense_id"], &adjustment["reason"]), (&json!(id), &json!("category_gone")));
    assert_eq!((&adjustment["from"]["id"], &adjustment["to"]["id"]), (&json!(own), &json!(UNCATEGORIZED)));
    assert_eq!(user.expense(id).await.expect(200)["category"]["id"], UNCATEGORIZED);
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn a_merged_category_is_followed_and_said() {
    let app = spawn().await;
    let user = app.user().await;
    let (one, two) = (user.own_category("One").await, user.own_category("Two").await);
    let id = user.record(&json!({"amount": "9", "category_id": one})).await;
    user.patch_expense(id, &json!({"category_id": FOOD})).await.expect(200);
    user.merge_category(one, two).await.expect(204);
    user.merge_category(two, TRAVEL).await.expect(204);
    let undone = user.undo().await.expect(200);
    let adjustment = &undone["adjustments"][0];
    assert_eq!(adjustment["reason"], "category_merged");
    assert_eq!((&adjustment["from"]["id"], &adjustment["to"]["id"]), (&json!(one), &json!(TRAVEL)));
    assert_eq!(user.expense(id).await["category"]["id"], TRAVEL);
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn a_category_comes_back_under_another_name_when_its_own_is_taken() {
    let app = spawn().await;
    let user = app.user().await;
    let own = user.own_category("Sailing").await;
    user.record(&json!({"amount": "9", "category_id": own})).await;
    user.merge_category(own, TRAVEL).await.expect(204);
    let newer = user.own_category("Sailing").await;
    let undone = user.undo().await.expect(200);
    assert_eq!(undone["adjustments"][0]["reason"], "category_renamed");
    let (old, new) = (user.category(own).await.expect(200), user.category(newer).await.expect(200));
    assert_eq!((&old["archived"], &new["archived"]), (&json!(false), &json!(false)));
    assert_ne!(old["slug"], new["slug"]);
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn an_edit_that_left_an_archived_category_is_taken_back_without_a_fuss() {
    let app = spawn().await;
    let user = app.user().await;
    let own = user.own_category("Sailing").await;
    let id = user.record(&json!({"amount": "9", "category_id": own})).await;
    user.archive_category(own).await.expect(204);
    user.patch_expense(id, &json!({"amount": "10"})).await.expect(200);
    let undone = user.undo().await.expect(200);
    assert_eq!(undone["adjustments"], json!([]), "its category was never at stake");
    let now = user.expense(id).await.expect(200);
    assert_eq!((&now["amount"], &now["category"]["id"]), (&json!("9.00"), &json!(own)));
}

#[tokio::test]
async fn a_category_that_comes_back_under_another_name_says_which_it_had() {
    let app = spawn().await;
    let user = app.user().await;
    let old = user.create_category(&json!({"name": "Tea"})).await.expect(201).id();
    user.record(&json!({"amount": "1", "category_id": old})).await;
    user.merge_category(old, 1).await.expect(204);
    user.create_category(&json!({"name": "tea"})).await.expect(201);
    let undone = user.undo().await.expect(200);
    let adjustment = &undone["adjustments"][0];
    assert_eq!(adjustment["reason"], "category_renamed");
    assert_eq!((&adjustment["from"]["name"], &adjustment["to"]["name"]), (&json!("Tea"), &json!("Tea (2)")));
    assert_eq!(user.category(old).await.expect(200)["name"], "Tea (2)");
}

#[tokio::test]
async fn lists_of_categories_and_tags_are_paged_like_all_lists() {
    let app = spawn().await;
    let user = app.user().await;
    let tags: Vec<String> = (0..7).map(|n| format!("tag {n}")).collect();
    user.record(&json!({"amount": "1", "tags": tags})).await;
    for path in ["/categories", "/tags"] {
        let whole = user.get(path).await.expect(200);
        assert_eq!(whole["next_cursor"], json!(null));
        assert_eq!(user.all(path, 3).await, whole.data(), "{path}");
    }
    let cursor = user.get("/tags?limit=3").await.expect(200).text("next_cursor");
    user.get(&format!("/categories?cursor={cursor}")).await.invalid(&["/cursor invalid_cursor"]);
}
