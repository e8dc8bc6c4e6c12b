//! A mixed load: no server error, and the books agree afterwards.

use std::time::{Duration, Instant};

use acceptance::category::{FOOD, RENT, TRAVEL};
use acceptance::random::Random;
use acceptance::{App, User, json, spawn};

fn seconds() -> u64 {
    std::env::var("FLORIN_TEST_LOAD_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// One client's work. Returns how many requests were answered, and how many of them with success.
async fn work(user: User, seed: u64, until: Instant) -> (u32, u32) {
    let mut random = Random::new(seed);
    let (mut answered, mut accepted, mut known) = (0, 0, Vec::new());
    while Instant::now() < until {
        let amount = format!("{}.{:02}", 1 + random.below(900), random.below(100));
        let date = format!("2026-0{}-{:02}", 1 + random.below(3), 1 + random.below(28));
        let category = *random.pick(&[FOOD, TRAVEL, RENT]);
        let answer = match random.below(20) {
            0..=8 => user.create_expense(&json!({"amount": amount, "date": date, "tags": [amount]})).await,
            9..=12 if !known.is_empty() => {
                let patch = json!({"amount": amount, "category_id": category, "date": date});
                user.patch_expense(*random.pick(&known), &patch).await
            }
            13..=14 if !known.is_empty() => user.delete_expense(*random.pick(&known)).await,
            15 => user.undo().await,
            16 => user.redo().await,
            17 => user.expenses("?limit=20&sort=-amount").await,
            18 => user.summary("?month=2026-02").await,
            _ => {
                let operations =
                    json!([{"op": "create", "amount": amount}, {"op": "create", "amount": "1", "date": date}]);
                user.batch(&json!({"operations": operations, "atomic": true})).await
            }
        };
        // Somebody else of the same account may have deleted it, or acted since.
        assert!([200, 201, 204, 404, 409].contains(&answer.status), "{answer:?}");
        answered += 1;
        accepted += u32::from(answer.status < 300);
        if answer.status == 201 {
            known.push(answer.id());
        }
    }
    (answered, accepted)
}

async fn run(app: &App, users: &[User], clients: usize) {
    let until = Instant::now() + Duration::from_secs(seconds());
    let clients = (0..clients).map(|n| {
        let user = users[n % users.len()].clone();
        tokio::spawn(work(user, u64::try_from(n).unwrap(), until))
    });
    let counts: Vec<(u32, u32)> =
        futures::future::join_all(clients.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).collect();
    let (answered, accepted) = counts.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    assert!(accepted * 2 > answered, "{accepted} of {answered} were accepted");
    for user in users {
        acceptance::books::assert_sound(user).await;
    }
    let stray = "SELECT COUNT(*) FROM expenses WHERE NOT EXISTS \
                 (SELECT 1 FROM user_action WHERE user_action.user_id = expenses.user_id AND seq = last_action)";
    assert_eq!(app.database.number(stray).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_clients_of_seven_people_keep_the_books() {
    let app = spawn().await;
    let mut users = Vec::new();
    for _ in 0..7 {
        users.push(app.user().await);
    }
    run(&app, &users, 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_clients_of_one_person_keep_the_books() {
    let app = spawn().await;
    let user = app.user().await;
    run(&app, &[user], 8).await;
}
