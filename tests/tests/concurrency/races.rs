//! Races that exactly one may win.

use acceptance::{Answer, json, spawn};
use futures::future::join_all;

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_is_undone_by_exactly_one_of_many() {
    let app = spawn().await;
    let user = app.user().await;
    for _ in 0..4 {
        user.record(&json!({"amount": "1"})).await;
        let created = user.record(&json!({"amount": "2"})).await;
        let seq = user.expense(created).await["action"].as_i64().unwrap();
        let answers = join_all((0..32).map(|_| async { user.undo_expecting(seq).await })).await;
        assert_eq!(count(&answers, 200), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| answer.status == 200 || answer["code"] == "stale"), "{answers:?}");
        user.expense(created).await.refused(404, "not_found");
        let answers = join_all((0..32).map(|_| async { user.reverse(seq - 1).await })).await;
        assert_eq!(count(&answers, 200), 1, "{answers:?}");
        assert!(
            answers.iter().all(|answer| answer.status == 200 || answer["code"] == "already_reversed"),
            "{answers:?}"
        );
    }
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_undos_take_back_as_many_actions() {
    let app = spawn().await;
    let user = app.user().await;
    let mut ids = Vec::new();
    for n in 1..=30 {
        ids.push(user.record(&json!({"amount": n})).await);
    }
    let answers = join_all((0..20).map(|_| async { user.undo().await })).await;
    assert_eq!(count(&answers, 200), 20, "{answers:?}");
    let mut reversed: Vec<i64> = answers.iter().map(|answer| answer["reversed"]["seq"].as_i64().unwrap()).collect();
    reversed.sort_unstable();
    assert_eq!(reversed, (11..=30).collect::<Vec<_>>(), "the last twenty, each once");
    let left: Vec<i64> =
        acceptance::books::assert_sound(&user).await.iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(
        {
            let mut left = left;
            left.sort_unstable();
            left
        },
        ids[..10]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_edit_of_a_version_wins() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1"})).await;
    for round in 1..=4 {
        let etag = user.expense(id).await.etag();
        let edits = (0..64).map(|n| {
            let (user, etag) = (&user, &etag);
            async move {
                let patch = json!({"amount": format!("{round}.{n:02}"), "notes": format!("{round} {n}")});
                user.patch_expense(id, &patch).header("if-match", etag).await
            }
        });
        let answers = join_all(edits).await;
        assert_eq!((count(&answers, 200), count(&answers, 412)), (1, 63), "{answers:?}");
        let winner = answers.iter().find(|answer| answer.status == 200).unwrap();
        assert_eq!(user.expense(id).await.json, winner.json);
    }
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unconditional_edits_all_count() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1"})).await;
    let edits = join_all((0..32).map(|n| {
        let user = &user;
        async move { user.patch_expense(id, &json!({"amount": n + 2})).await }
    }));
    let answers = edits.await;
    assert_eq!(count(&answers, 200), 32, "{answers:?}");
    assert_eq!(user.expense(id).await["version"], 33);
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_wins_once() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1"})).await;
    let answers = join_all((0..16).map(|_| async { user.delete_expense(id).await })).await;
    assert_eq!((count(&answers, 204), count(&answers, 404)), (1, 15), "{answers:?}");
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expense_that_comes_during_a_merge_is_not_left_behind() {
    let app = spawn().await;
    let user = app.user().await;
    for round in 0..5 {
        let own = user.own_category(&format!("Category {round}")).await;
        user.record(&json!({"amount": "1", "category_id": own})).await;
        let create = json!({"amount": "2", "category_id": own});
        let creations = join_all((0..8).map(|_| async { user.create_expense(&create).await }));
        let (answers, merged) = futures::join!(creations, async { user.merge_category(own, 1).await });
        assert_eq!(merged.status, 204, "{merged:?}");
        assert!(answers.iter().all(|answer| answer.status == 201 || answer.status == 422), "{answers:?}");
        assert_eq!(user.all(&format!("/expenses?category_id={own}"), 50).await.len(), 0, "something was left behind");
    }
    acceptance::books::assert_sound(&user).await;
}
