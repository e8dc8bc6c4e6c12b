//! Races that exactly one may win, between two servers.

use acceptance::database::TestDatabase;
use acceptance::torture::{Fleet, Person, figure, seed, size};
use acceptance::{Answer, Client, books, json};
use futures::future::join_all;

/// Asks again as long as the answer is that others were faster and nothing was done.
async fn insist(ask: impl AsyncFn() -> Answer) -> Answer {
    loop {
        let answer = ask().await;
        if answer["code"] != "contended" {
            return answer;
        }
    }
}

/// As many at once, over both servers.
async fn at_once(person: &Person, count: usize, ask: impl AsyncFn(&Client, usize) -> Answer) -> Vec<Answer> {
    let ask = &ask;
    join_all((0..count).map(|n| async move { ask(&person.clients[n % person.clients.len()], n).await })).await
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

async fn fleet() -> (TestDatabase, Fleet, Person) {
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 2).await;
    let person = fleet.people(1, seed()).await.remove(0);
    (database, fleet, person)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_undos_wins() {
    let rounds = size(2, 20, 200);
    let (_database, fleet, person) = fleet().await;
    let user = &person.user;
    let mut contended = 0;
    for _ in 0..rounds {
        let older = user.record(&json!({"amount": "1"})).await;
        let created = user.record(&json!({"amount": "2"})).await;
        let seq = user.expense(created).await["action"].as_i64().expect("a number");
        let answers = at_once(&person, 32, async |client, _| client.undo_expecting(seq).await).await;
        assert_eq!(count(&answers, 200), 1, "{answers:?}");
        let others = answers.iter().filter(|answer| answer.status != 200);
        contended += others.clone().filter(|answer| answer["code"] == "contended").count();
        let mut untold = others.filter(|answer| answer["code"] != "stale" && answer["code"] != "contended");
        assert!(untold.next().is_none(), "{answers:?}");
        user.expense(created).await.refused(404, "not_found");
        user.expense(older).await.expect(200);
        let answers = at_once(&person, 32, async |client, _| client.reverse(seq - 1).await).await;
        assert_eq!(count(&answers, 200), 1, "{answers:?}");
        let others = answers.iter().filter(|answer| answer.status != 200);
        contended += others.clone().filter(|answer| answer["code"] == "contended").count();
        let is_told = |answer: &&Answer| ["already_reversed", "contended"].iter().any(|code| answer["code"] == *code);
        let untold: Vec<&Answer> = others.filter(|answer| !is_told(answer)).collect();
        assert!(untold.is_empty(), "{untold:?}");
        user.expense(older).await.refused(404, "not_found");
    }
    // Each round: two creations, and one reversal of each.
    assert_eq!(user.verify_books().await["actions"], 4 * rounds);
    assert!(books::assert_sound(user).await.is_empty());
    fleet.verify();
    figure(
        "parallel undo",
        &format!(
            "exactly 1 of 32 in {rounds} rounds of undo and {rounds} of reversal by number, through two servers; {contended} told to ask again"
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_undos_reverse_the_last_so_many() {
    let rounds = size(1, 4, 20);
    let (_database, fleet, person) = fleet().await;
    let user = &person.user;
    let mut kept: Vec<i64> = Vec::new();
    for round in 0..rounds {
        let undos = 8 + round % 9;
        let operations: Vec<_> = (0..20).map(|n| json!({"amount": n + 1})).collect();
        let mut ids = Vec::new();
        for body in &operations {
            ids.push(user.record(body).await);
        }
        let last = user.verify_books().await["actions"].as_i64().expect("a number");
        let answers = at_once(&person, undos, async |client, _| insist(async || client.undo().await).await).await;
        assert_eq!(count(&answers, 200), undos, "{answers:?}");
        let mut reversed: Vec<i64> =
            answers.iter().map(|answer| answer["reversed"]["seq"].as_i64().expect("a number")).collect();
        reversed.sort_unstable();
        let first = last - i64::try_from(undos).expect("a small number") + 1;
        assert_eq!(reversed, (first..=last).collect::<Vec<_>>(), "the last {undos}, each once");
        kept.extend(&ids[..20 - undos]);
        let mut live: Vec<i64> =
            books::assert_sound(user).await.iter().map(|row| row["id"].as_i64().expect("an id")).collect();
        live.sort_unstable();
        kept.sort_unstable();
        assert_eq!(live, kept);
    }
    fleet.verify();
    figure("parallel undo", &format!("{rounds} rounds of 8 to 16 undos at once reversed exactly the last so many"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_edits_of_a_version_wins() {
    let rounds = size(2, 20, 200);
    let (_database, fleet, person) = fleet().await;
    let user = &person.user;
    let id = user.record(&json!({"amount": "1"})).await;
    for round in 1..=rounds {
        let etag = user.expense(id).await.etag();
        let answers = at_once(&person, 64, async |client, n| {
            let patch = json!({"amount": format!("{round}.{n:02}"), "notes": format!("{round} {n}")});
            client.patch_expense(id, &patch).header("if-match", &etag).await
        });
        let answers = answers.await;
        assert_eq!((count(&answers, 200), count(&answers, 412)), (1, 63), "{answers:?}");
        let winner = answers.iter().find(|answer| answer.status == 200).expect("one of them");
        assert_eq!(user.expense(id).await.json, winner.json);
    }
    assert_eq!(user.verify_books().await["actions"], rounds + 1);
    books::assert_sound(user).await;
    fleet.verify();
    figure("concurrent edits", &format!("1 of 64 won, 63 got 412, in each of {rounds} rounds through two servers"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_without_a_condition_all_count() {
    let rounds = size(1, 5, 30);
    let (_database, fleet, person) = fleet().await;
    let user = &person.user;
    let id = user.record(&json!({"amount": "1"})).await;
    for round in 1..=rounds {
        let answers = at_once(&person, 32, async |client, n| {
            let patch = json!({"amount": 1000 * round + n});
            insist(async || client.patch_expense(id, &patch).await).await
        });
        let answers = answers.await;
        assert_eq!(count(&answers, 200), 32, "{answers:?}");
        assert_eq!(user.expense(id).await["version"], 32 * round + 1);
    }
    books::assert_sound(user).await;
    fleet.verify();
    figure("concurrent edits", &format!("all of 32 at once without If-Match counted, {rounds} rounds"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_in_a_category_that_is_merged_meanwhile() {
    let rounds = size(2, 10, 50);
    let (_database, fleet, person) = fleet().await;
    let user = &person.user;
    let (mut before, mut after) = (0, 0);
    for round in 0..rounds {
        let own = user.own_category(&format!("Category {round}")).await;
        let inside = user.record(&json!({"amount": "1", "category_id": own})).await;
        let outside = user.record(&json!({"amount": "2", "category_id": 2})).await;
        let answers = at_once(&person, 24, async |client, n| {
            insist(async || match n % 4 {
                _ if n == 11 => client.merge_category(own, 1).await,
                0 => client.create_expense(&json!({"amount": "3", "category_id": own})).await,
                1 => client.patch_expense(outside, &json!({"category_id": own, "notes": format!("{n}")})).await,
                2 => client.patch_expense(inside, &json!({"amount": n + 1})).await,
                _ => client.batch(&json!({"operations": [{"op": "create", "amount": "4", "category_id": own}]})).await,
            })
            .await
        });
        let answers = answers.await;
        assert_eq!(answers[11].status, 204, "{:?}", answers[11]);
        for answer in &answers {
            // Before the merge it took expenses, after it it does not.
            let is_late = answer.status == 422 && format!("{answer:?}").contains("category_archived");
            assert!([200, 201, 204].contains(&answer.status) || is_late, "{answer:?}");
            before += usize::from(!is_late);
            after += usize::from(is_late);
        }
        assert!(user.all(&format!("/expenses?category_id={own}"), 50).await.is_empty(), "something was left behind");
        books::assert_sound(user).await;
    }
    fleet.verify();
    figure(
        "any history",
        &format!(
            "{rounds} merges against creations and edits through two servers: {before} before, {after} refused after, nothing left behind"
        ),
    );
}
