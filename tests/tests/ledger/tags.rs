//! Tags: counted, renamed, merged, removed, and all of that taken back.

use acceptance::{User, json, spawn};

async fn counts(user: &User) -> Vec<(String, i64)> {
    let tags = user.tags().await.expect(200);
    let row = |row: &acceptance::Value| (row["name"].as_str().unwrap().to_owned(), row["count"].as_i64().unwrap());
    tags.data().iter().map(row).collect()
}

fn pairs(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[tokio::test]
async fn a_renamed_tag_is_one_action_that_can_be_taken_back() {
    let app = spawn().await;
    let user = app.user().await;
    let one = user.record(&json!({"amount": "1", "tags": ["home", "x"]})).await;
    let two = user.record(&json!({"amount": "2", "tags": ["home", "work"]})).await;
    assert_eq!(counts(&user).await, pairs(&[("home", 2), ("work", 1), ("x", 1)]));
    let renamed = user.rename_tag("home", "  Work ").await.expect(200);
    assert_eq!((&renamed["name"], &renamed["count"]), (&json!("work"), &json!(2)));
    assert_eq!(counts(&user).await, pairs(&[("work", 2), ("x", 1)]));
    assert_eq!(user.expense(two).await["tags"], json!(["work"]), "the two became one");
    let undone = user.undo().await.expect(200);
    assert_eq!(undone["reversed"]["kind"], "retag");
    assert_eq!(counts(&user).await, pairs(&[("home", 2), ("work", 1), ("x", 1)]));
    assert_eq!(user.expense(one).await["tags"], json!(["home", "x"]));
    user.redo().await.expect(200);
    assert_eq!(counts(&user).await, pairs(&[("work", 2), ("x", 1)]));
    user.rename_tag("nothing", "x").await.refused(404, "not_found");
    user.rename_tag("work", "").await.refused(422, "invalid");
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn a_removed_tag_is_made_again_by_undo() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1", "tags": ["über uns", "x"]})).await;
    user.delete_tag("%C3%BCber%20uns").await.expect(204);
    assert_eq!(user.expense(id).await["tags"], json!(["x"]));
    user.delete_tag("%C3%BCber%20uns").await.refused(404, "not_found");
    user.undo().await.expect(200);
    assert_eq!(user.expense(id).await["tags"], json!(["x", "über uns"]));
    for bad in ["%ff", "%zz", "%"] {
        assert_eq!(user.delete_tag(bad).await.status, 400, "{bad}");
    }
    user.delete_tag("a%00b").await.refused(404, "not_found");
}

#[tokio::test]
async fn deleted_expenses_count_for_no_tag() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1", "tags": ["x"]})).await;
    user.record(&json!({"amount": "1", "tags": ["x", "🦀", "b%_c"]})).await;
    user.delete_expense(id).await.expect(204);
    assert_eq!(counts(&user).await, pairs(&[("b%_c", 1), ("x", 1), ("🦀", 1)]));
    user.undo().await.expect(200);
    assert_eq!(counts(&user).await, pairs(&[("b%_c", 1), ("x", 2), ("🦀", 1)]));
    // An edit of a tag since is a conflict of that field only.
    user.patch_expense(id, &json!({"tags": ["y"]})).await.expect(200);
    user.delete_tag("y").await.expect(204);
    assert_eq!(user.reverse(5).await.refused(409, "conflict")["blocking_actions"], json!([6]));
}
