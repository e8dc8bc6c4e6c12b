//! Delta sync: a client that follows the changes ends up with what the server has.

use std::collections::BTreeMap;

use acceptance::category::{FOOD, RENT, TRAVEL};
use acceptance::random::Random;
use acceptance::{User, Value, json, spawn};

/// What a client keeps.
#[derive(Default)]
struct Mirror {
    since: i64,
    rows: BTreeMap<i64, Value>,
}

impl Mirror {
    async fn sync(&mut self, user: &User, limit: usize) {
        loop {
            let page = user.changes(&format!("?since={}&limit={limit}", self.since)).await.expect(200);
            for row in page.data() {
                let id = row["id"].as_i64().unwrap();
                if row["deleted"] == true {
                    assert_eq!(row, &json!({"id": id, "deleted": true}));
                    self.rows.remove(&id);
                } else {
                    assert!(row["action"].as_i64().unwrap() > self.since, "{page:?}");
                    self.rows.insert(id, row.clone());
                }
            }
            let until = page["until"].as_i64().unwrap();
            assert!(until >= self.since, "{page:?}");
            self.since = until;
            if page["more"] == false {
                return;
            }
            assert!(!page.data().is_empty(), "{page:?}");
        }
    }

    async fn assert_equal(&self, user: &User) {
        let list = user.all("/expenses", 200).await;
        let expected: BTreeMap<i64, Value> = list.into_iter().map(|row| (row["id"].as_i64().unwrap(), row)).collect();
        assert_eq!(self.rows, expected);
    }
}

async fn step(user: &User, random: &mut Random, own: i64) {
    let rows = user.expenses("?limit=200").await.expect(200);
    let ids: Vec<i64> = rows.data().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    let amount = format!("{}.{:02}", 1 + random.below(500), random.below(100));
    let category = *random.pick(&[FOOD, TRAVEL, RENT, own]);
    let answer = match (random.below(12), ids.is_empty()) {
        (0..=4, _) | (_, true) => {
            let tags = random.pick(&[json!([]), json!(["x"]), json!(["x", "y"])]).clone();
            user.create_expense(&json!({"amount": amount, "category_id": category, "tags": tags})).await
        }
        (5..=6, _) => {
            let id = *random.pick(&ids);
            user.patch_expense(id, &json!({"amount": amount, "category_id": category})).await
        }
        (7, _) => user.patch_expense(*random.pick(&ids), &json!({"date": "2026-01-15", "notes": amount})).await,
        (8, _) => user.delete_expense(*random.pick(&ids)).await,
        (9, _) => user.undo().await,
        (10, _) => user.redo().await,
        _ => {
            let seq = 1 + i64::try_from(random.below(40)).unwrap();
            user.reverse(seq).await
        }
    };
    // A category that was merged away, nothing to redo, a conflict: all of that may happen.
    assert!([200, 201, 204, 404, 409, 422].contains(&answer.status), "{answer:?}");
}

#[tokio::test]
async fn changes_rebuild_the_list_after_any_history() {
    let app = spawn().await;
    let user = app.user().await;
    let own = user.own_category("Mine").await;
    let (mut random, mut mirror, mut late) = (Random::new(11), Mirror::default(), Mirror::default());
    for n in 0..120 {
        step(&user, &mut random, own).await;
        match n {
            40 => assert_eq!(user.rename_tag("x", "z").await.status, 200),
            60 => assert_eq!(user.merge_category(own, FOOD).await.status, 204),
            _ => {}
        }
        if n % 7 == 0 {
            mirror.sync(&user, 1 + n % 5).await;
            mirror.assert_equal(&user).await;
        }
    }
    mirror.sync(&user, 3).await;
    mirror.assert_equal(&user).await;
    late.sync(&user, 200).await;
    late.assert_equal(&user).await;
    assert_eq!(late.since, mirror.since);
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn an_action_is_never_cut_in_two() {
    let app = spawn().await;
    let user = app.user().await;
    let operations: Vec<_> = (0..10).map(|n| json!({"op": "create", "amount": n + 1})).collect();
    user.batch(&json!({"operations": operations, "atomic": true})).await.expect(200);
    user.record(&json!({"amount": "1"})).await;
    let first = user.changes("?since=0&limit=3").await.expect(200);
    assert_eq!((first.data().len(), &first["until"], &first["more"]), (10, &json!(1), &json!(true)));
    let second = user.changes("?since=1&limit=3").await.expect(200);
    assert_eq!((second.data().len(), &second["until"], &second["more"]), (1, &json!(2), &json!(false)));
    let none = user.changes("?since=2").await.expect(200);
    assert_eq!((none.data().len(), &none["until"], &none["more"]), (0, &json!(2), &json!(false)));
}

#[tokio::test]
async fn wrong_positions_are_refused() {
    let app = spawn().await;
    let user = app.user().await;
    let empty = user.changes("?since=0").await.expect(200);
    assert_eq!(empty.json, json!({"data": [], "until": 0, "more": false}));
    for query in ["?since=-1", "?since=x", "?since=1.5", "?since=0&limit=0", "?since=0&limit=501", "?since=0&x=1"] {
        user.changes(query).await.refused(422, "invalid");
    }
}

#[tokio::test]
async fn an_action_that_has_not_happened_is_refused() {
    let app = spawn().await;
    let user = app.user().await;
    user.record(&json!({"amount": "1"})).await;
    assert_eq!(user.changes("?since=1").await.expect(200)["until"], 1);
    user.changes("?since=2").await.invalid(&["/since unknown_action"]);
    user.changes("?limit=201").await.invalid(&["/limit out_of_range"]);
}
