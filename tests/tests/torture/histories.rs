//! Several clients of one person at once, through two servers: accepted, refused, retried, outrun. Totals are what the live
//! expenses add up to, whatever happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use acceptance::category::{FOOD, RENT, TRAVEL};
use acceptance::database::TestDatabase;
use acceptance::random::Random;
use acceptance::torture::{Fleet, Person, figure, fleet, seed, size};
use acceptance::{Client, json};
use futures::future::join_all;

/// Expenses of one person that its clients know of.
const SHARED: u64 = 60;

/// What a client did: requests, and those of them that were accepted.
#[derive(Default)]
struct Count {
    requests: AtomicUsize,
    accepted: AtomicUsize,
}

/// One client's work; `first` is the lowest identifier of the person's expenses.
async fn work(clients: Vec<Client>, first: i64, own: i64, seed: u64, operations: usize, count: Arc<Count>) {
    let mut random = Random::new(seed);
    for n in 0..operations {
        let client = random.pick(&clients).clone();
        let amount = format!("{}.{:02}", random.below(900), random.below(100));
        let date = format!("2026-0{}-{:02}", 1 + random.below(3), 1 + random.below(30));
        let category = *random.pick(&[FOOD, TRAVEL, RENT, own]);
        let id = first + i64::try_from(random.below(SHARED)).unwrap();
        let call = match random.below(24) {
            0..=6 => client.create_expense(&json!({"amount": amount, "date": date, "category_id": category})),
            7..=11 => client.patch_expense(id, &json!({"amount": amount, "category_id": category, "date": date})),
            12..=13 => client.delete_expense(id),
            14..=15 => client.undo(),
            16 => client.redo(),
            17 => client.reverse(1 + i64::try_from(random.below(200)).unwrap()),
            18 => client.expenses("?limit=20&sort=-amount"),
            19 => client.summary("?month=2026-02"),
            20 => client.rename_tag("a", "b"),
            _ => client.batch(&json!({"atomic": random.below(2) == 0, "operations": [
                {"op": "create", "amount": amount, "date": date, "tags": ["a"]},
                {"op": "update", "id": id, "amount": "1", "date": date},
                {"op": "create", "amount": "2", "category_id": category}]})),
        };
        // One in three has a key, so that its answer is kept with it.
        let call = if random.below(3) == 0 { call.header("idempotency-key", &format!("{seed}-{n}")) } else { call };
        let answer = call.await;
        // Refused are dates that are none, amounts of 0, and what another client changed meanwhile.
        assert!([200, 201, 204, 207, 404, 409, 422].contains(&answer.status), "{answer:?}");
        count.requests.fetch_add(1, Ordering::Relaxed);
        count.accepted.fetch_add(usize::from(answer.status < 300), Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_of_one_person_keep_the_books() {
    let (clients, operations) = (16, size(25, 300, 3200));
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 2).await;
    let people = fleet.people(4, seed()).await;
    let mut prepared = Vec::new();
    for Person { user, clients, .. } in people {
        let own = user.own_category("Mine").await;
        let creations: Vec<_> = (1..=SHARED).map(|n| json!({"op": "create", "amount": n})).collect();
        let made = user.batch(&json!({"operations": creations})).await.expect(200);
        let first = made["results"][0]["expense"]["id"].as_i64().unwrap();
        prepared.push((user, clients, first, own));
    }
    let count = Arc::new(Count::default());
    let working = (0..clients).map(|n| {
        let (_, clients, first, own) = &prepared[n % prepared.len()];
        let seed = seed() + u64::try_from(n).unwrap();
        tokio::spawn(work(clients.clone(), *first, *own, seed, operations, Arc::clone(&count)))
    });
    for done in join_all(working.collect::<Vec<_>>()).await {
        done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
    for (user, ..) in &prepared {
        acceptance::books::assert_sound(user).await;
    }
    fleet.verify();
    let (requests, accepted) = (count.requests.load(Ordering::Relaxed), count.accepted.load(Ordering::Relaxed));
    assert!(accepted * 2 > requests, "{accepted} of {requests}");
    figure(
        "any history, concurrent, failed, retried",
        &format!(
            "{requests} concurrent requests ({accepted} accepted) of {clients} clients of 4 people, 0 differences"
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_histories_of_many_people_are_what_the_model_says() {
    let (people, operations) = (16, size(40, 400, 6250));
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 2).await;
    let people = fleet.people(people, seed()).await;
    let mut acknowledged = 0;
    let mut done = Vec::new();
    for (person, outcome) in fleet::work(people, operations).await {
        assert_eq!(outcome, acceptance::torture::Outcome::Acknowledged, "nothing is in the way: {person:?}");
        acknowledged += person.acknowledged;
        done.push(person);
    }
    fleet::reconcile(&mut done).await;
    fleet.verify();
    figure(
        "any history, concurrent, failed, retried",
        &format!("{acknowledged} random operations of {} people, each as the model says, 0 differences", done.len()),
    );
}
