//! Another person's things are as absent as what never was: the same status, the same bytes.

use acceptance::{Answer, User, json, spawn};

/// Asks for a stranger's thing and for one that never was, and wants the same answer.
#[track_caller]
fn same(stranger: Answer, absent: Answer, (theirs, never): (i64, i64)) {
    assert_eq!(stranger.status, absent.status, "{stranger:?}\n{absent:?}");
    assert!((400..500).contains(&stranger.status) || stranger.status == 200, "{stranger:?}");
    let bytes = |answer: &Answer, id: i64| answer.anonymous().replace(&id.to_string(), "ID");
    assert_eq!(bytes(&stranger, theirs), bytes(&absent, never));
}

#[tokio::test]
async fn expenses_of_others_are_absent() {
    let app = spawn().await;
    let (ana, bob) = (app.user().await, app.user().await);
    let theirs = bob.record(&json!({"amount": "5", "notes": "private", "tags": ["secret"]})).await;
    let before = bob.expense(theirs).await.expect(200).json;
    let never = 8_000_000_000;
    let body = json!({"amount": "9", "date": "2026-03-01"});
    let ids = (theirs, never);
    same(ana.expense(theirs).await.refused(404, "not_found"), ana.expense(never).await, ids);
    same(ana.put_expense(theirs, &body).await.refused(404, "not_found"), ana.put_expense(never, &body).await, ids);
    same(ana.patch_expense(theirs, &body).await.refused(404, "not_found"), ana.patch_expense(never, &body).await, ids);
    same(ana.delete_expense(theirs).await.refused(404, "not_found"), ana.delete_expense(never).await, ids);
    let conditional = |id| ana.delete_expense(id).header("if-match", "\"1\"");
    same(conditional(theirs).await.refused(404, "not_found"), conditional(never).await, ids);
    for atomic in [true, false] {
        let batch = |id: i64| {
            let operations = json!([{"op": "update", "id": id, "amount": "1"}, {"op": "delete", "id": id}]);
            ana.batch(&json!({"operations": operations, "atomic": atomic}))
        };
        let (stranger, absent) = (batch(theirs).await, batch(never).await);
        assert_eq!(stranger.status, if atomic { 422 } else { 207 }, "{stranger:?}");
        assert_eq!(stranger.anonymous(), absent.anonymous());
    }
    // What is no identifier at all is absent too.
    for odd in ["0", "-1", "01", "1.0", "abc", "9007199254740992", "99999999999999999999", "%31%20", "1%00", "١"] {
        let answer = ana.get(&format!("/expenses/{odd}")).await;
        assert_eq!(answer.status, 404, "{odd}: {answer:?}");
    }
    assert_eq!(bob.expense(theirs).await.expect(200).json, before);
    assert_eq!(ana.all("/expenses", 50).await.len(), 0);
    assert_eq!(ana.all("/actions", 50).await.len(), 0);
}

async fn category_and_keyword(user: &User) -> i64 {
    let id = user.own_category("Sailing").await;
    user.put_keywords(id, &["regatta"]).await.expect(200);
    user.record(&json!({"amount": "5", "category_id": id, "tags": ["secret"]})).await;
    id
}

#[tokio::test]
async fn categories_tags_and_actions_of_others_are_absent() {
    let app = spawn().await;
    let (ana, bob) = (app.user().await, app.user().await);
    let theirs = category_and_keyword(&bob).await;
    let never = 8_000_000_000;
    let ids = (theirs, never);
    let own = ana.own_category("Mine").await;
    let mine = ana.record(&json!({"amount": "1"})).await;
    same(ana.category(theirs).await.refused(404, "not_found"), ana.category(never).await, ids);
    let rename = json!({"name": "Taken"});
    same(
        ana.patch_category(theirs, &rename).await.refused(404, "not_found"),
        ana.patch_category(never, &rename).await,
        ids,
    );
    same(ana.archive_category(theirs).await.refused(404, "not_found"), ana.archive_category(never).await, ids);
    same(ana.merge_category(theirs, own).await.refused(404, "not_found"), ana.merge_category(never, own).await, ids);
    same(ana.merge_category(own, theirs).await.refused(422, "invalid"), ana.merge_category(own, never).await, ids);
    same(ana.keywords(theirs).await.refused(404, "not_found"), ana.keywords(never).await, ids);
    same(ana.put_keywords(theirs, &["x"]).await.refused(404, "not_found"), ana.put_keywords(never, &["x"]).await, ids);
    let create = |id: i64| ana.create_expense(&json!({"amount": "1", "category_id": id}));
    same(create(theirs).await.invalid(&["/category_id unknown_category"]), create(never).await, ids);
    let patch = |id: i64| ana.patch_expense(mine, &json!({"category_id": id}));
    same(patch(theirs).await.invalid(&["/category_id unknown_category"]), patch(never).await, ids);
    let list = |id: i64| ana.expenses(&format!("?category_id={id}"));
    same(list(theirs).await, list(never).await, ids);
    let limit = json!({"limit": "5"});
    let put = |id: i64| ana.put_budget(&id.to_string(), &limit);
    same(put(theirs).await.refused(404, "not_found"), put(never).await, ids);
    let delete = |id: i64| ana.delete_budget(&id.to_string(), "");
    same(delete(theirs).await.refused(404, "not_found"), delete(never).await, ids);
    same(ana.rename_tag("secret", "x").await.refused(404, "not_found"), ana.rename_tag("nothing", "x").await, (0, 0));
    same(ana.delete_tag("secret").await.refused(404, "not_found"), ana.delete_tag("nothing").await, (0, 0));
    same(ana.reverse(2).await.refused(404, "not_found"), ana.reverse(never).await, (2, never));
    assert_eq!(ana.expenses("?tag=secret").await.expect(200).data().len(), 0);
    assert_eq!(bob.category(theirs).await.expect(200)["name"], "Sailing");
    acceptance::books::assert_sound(&bob).await;
}
