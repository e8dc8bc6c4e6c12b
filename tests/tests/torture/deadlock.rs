//! Many writers in each other's way.

use acceptance::database::TestDatabase;
use acceptance::random::Random;
use acceptance::torture::{Fleet, figure, seed, size};
use acceptance::{Answer, Client, Value, books, json};
use futures::future::join_all;

const WRITERS: u64 = 32;
const PEOPLE: usize = 4;
/// Expenses of each person that many writers edit.
const SHARED: usize = 4;

/// What came of the writes of one or several writers.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    done: usize,
    contended: usize,
    unavailable: usize,
}

/// An expense whose total is one of twelve, the same for all writers of a person.
fn fields(random: &mut Random) -> Value {
    json!({
        "amount": format!("{}.{:02}", 1 + random.below(100), random.below(100)),
        "date": format!("2026-{:02}-{:02}", 1 + random.below(3), 1 + random.below(28)),
        "category_id": 1 + random.below(4),
    })
}

async fn write(client: &Client, shared: &[i64], key: Option<String>, random: &mut Random) -> Answer {
    let call = match random.below(5) {
        0 => client.create_expense(&fields(random)),
        1 => client.patch_expense(*random.pick(shared), &fields(random)),
        _ => {
            // The same totals and expenses, in any order.
            let mut operations: Vec<Value> = Vec::new();
            for _ in 0..2 + random.below(6) {
                let mut operation = fields(random);
                operation["op"] = json!("create");
                operations.push(operation);
            }
            let (a, b) = (*random.pick(shared), *random.pick(shared));
            for id in if a == b { vec![a] } else { vec![a, b] } {
                let mut operation = fields(random);
                operation["op"] = json!("update");
                operation["id"] = json!(id);
                operations.push(operation);
            }
            client.batch(&json!({"operations": operations}))
        }
    };
    match key {
        Some(key) => call.header("idempotency-key", &key).await,
        None => call.await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_in_each_others_way_are_tried_again() {
    let writes = size(12, 100, 1000);
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 2).await;
    let people = fleet.people(PEOPLE, seed()).await;
    let mut shared = Vec::new();
    for person in &people {
        let mut ids = Vec::new();
        for _ in 0..SHARED {
            ids.push(person.user.record(&json!({"amount": "1", "date": "2026-01-01", "category_id": 1})).await);
        }
        shared.push(ids);
    }
    let writers = (0..WRITERS).map(|n| {
        let of = usize::try_from(n).expect("a small number") % PEOPLE;
        let (clients, shared) = (people[of].clients.clone(), shared[of].clone());
        tokio::spawn(async move {
            let (mut random, mut tally) = (Random::new(seed().wrapping_add(n)), Tally::default());
            for k in 0..writes {
                let client = random.pick(&clients).clone();
                let key = (random.below(4) == 0).then(|| format!("{n}-{k}"));
                let answer = write(&client, &shared, key, &mut random).await;
                match answer.status {
                    200 | 201 => tally.done += 1,
                    503 if answer["code"] == "contended" => {
                        assert!(answer.header("retry-after").is_some(), "{answer:?}");
                        tally.contended += 1;
                    }
                    _ => {
                        let answer = answer.refused(503, "unavailable");
                        assert!(answer.header("retry-after").is_some(), "{answer:?}");
                        tally.unavailable += 1;
                    }
                }
            }
            (of, tally)
        })
    });
    let mut tallies = [Tally::default(); PEOPLE];
    for done in join_all(writers.collect::<Vec<_>>()).await {
        let (of, tally) = done.expect("no defect found");
        tallies[of].done += tally.done;
        tallies[of].contended += tally.contended;
        tallies[of].unavailable += tally.unavailable;
    }
    // What was acknowledged is there once; what was outrun time and again is not; of the rest nothing is known.
    for (person, tally) in people.iter().zip(&tallies) {
        books::assert_sound(&person.user).await;
        let actions = person.user.verify_books().await.expect(200)["actions"].as_u64().expect("a number");
        let least = u64::try_from(SHARED + tally.done).expect("a small number");
        let most = least + u64::try_from(tally.unavailable).expect("a small number");
        assert!((least..=most).contains(&actions), "{actions} actions, acknowledged: {tally:?}");
    }
    fleet.verify();
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    let (done, contended, unavailable) = (sum(|t| t.done), sum(|t| t.contended), sum(|t| t.unavailable));
    let all = done + contended + unavailable;
    assert!(done * 1000 >= all * 999, "{done} of {all} were done, {contended} contended, {unavailable} unavailable");
    figure(
        "deadlock, serialization",
        &format!(
            "{WRITERS} writers of {PEOPLE} people through two servers: {done} of {all} done, {contended} contended and {unavailable} unavailable (503), no 500"
        ),
    );
}
