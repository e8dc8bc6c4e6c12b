//! Long random histories: after every one the books agree, and undoing all of it leaves nothing.
//!
//! `FLORIN_TEST_HISTORIES` says how many (3).

use acceptance::category::{FOOD, RENT, TRAVEL};
use acceptance::random::Random;
use acceptance::{User, json, spawn};

/// One random act. Returns whether it was accepted.
async fn act(user: &User, random: &mut Random, own: &[i64]) -> bool {
    let rows = user.expenses("?limit=200&sort=date").await.expect(200);
    let ids: Vec<i64> = rows.data().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    let amount = format!("{}.{:02}", 1 + random.below(900), random.below(100));
    let date = format!("2026-0{}-{:02}", 1 + random.below(3), 1 + random.below(28));
    let mut categories = vec![FOOD, TRAVEL, RENT];
    categories.extend(own);
    let category = *random.pick(&categories);
    let answer = match random.below(20) {
        _ if ids.is_empty() => user.create_expense(&json!({"amount": amount, "date": date})).await,
        0..=5 => {
            user.create_expense(&json!({"amount": amount, "date": date, "category_id": category, "tags": ["t"]})).await
        }
        6..=7 => user.patch_expense(*random.pick(&ids), &json!({"amount": amount, "date": date})).await,
        8 => user.patch_expense(*random.pick(&ids), &json!({"category_id": category})).await,
        9 => user.patch_expense(*random.pick(&ids), &json!({"notes": amount, "tags": ["u", "t"]})).await,
        10..=11 => user.delete_expense(*random.pick(&ids)).await,
        12 => {
            let operations = json!([
                {"op": "create", "amount": amount, "date": date},
                {"op": "update", "id": random.pick(&ids), "date": date},
                {"op": "delete", "id": random.pick(&ids)},
            ]);
            user.batch(&json!({"operations": operations, "atomic": random.below(2) == 0})).await
        }
        13 => user.merge_category(*random.pick(own), *random.pick(&categories)).await,
        14 => user.rename_tag("t", "u").await,
        15..=16 => user.undo().await,
        17..=18 => user.redo().await,
        _ => user.reverse(1 + i64::try_from(random.below(60)).unwrap()).await,
    };
    assert!([200, 201, 204, 207, 404, 409, 422].contains(&answer.status), "{answer:?}");
    answer.status < 300
}

fn histories() -> u64 {
    std::env::var("FLORIN_TEST_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[tokio::test]
async fn any_history_keeps_the_books_and_can_be_undone() {
    let app = spawn().await;
    for seed in 0..histories() {
        let user = app.user().await;
        let own = [user.own_category("One").await, user.own_category("Two").await];
        let mut random = Random::new(seed);
        let mut accepted = 0;
        for n in 0..70 {
            app.clock.advance_millis(7);
            accepted += usize::from(act(&user, &mut random, &own).await);
            if n % 25 == 24 {
                acceptance::books::assert_sound(&user).await;
            }
        }
        assert!(accepted > 30, "{accepted}");
        let mut undone = 0;
        loop {
            let answer = user.undo().await;
            match answer.status {
                200 => undone += 1,
                404 => break,
                _ => panic!("undo is never refused when it walks back in order: {answer:?}"),
            }
            assert!(undone < 500, "undo comes to an end");
        }
        assert_eq!(acceptance::books::assert_sound(&user).await.len(), 0, "nothing is left");
    }
}
