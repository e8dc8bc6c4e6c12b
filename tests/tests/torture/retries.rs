//! The same write asked for by many at once, and again later: one effect, one answer.

use std::collections::BTreeSet;

use acceptance::category::FOOD;
use acceptance::database::TestDatabase;
use acceptance::torture::{Fleet, Person, figure, seed, size};
use acceptance::{Answer, Client, User, Value, books, json};
use futures::future::join_all;

/// How many ask at once.
fn askers() -> usize {
    size(20, 64, 64)
}

/// A write with its key.
#[derive(Debug)]
pub(super) struct Ask {
    /// What kind, and what its effect is counted by.
    kind: &'static str,
    method: &'static str,
    path: String,
    body: Value,
    key: String,
}

/// Kinds of writes: each with the list that it lengthens by how many, `""` for those whose effect is a state.
pub(super) const KINDS: [(&str, &str, i64); 24] = [
    ("create", "/expenses", 1),
    ("replace", "/actions", 1),
    ("update", "/actions", 1),
    ("delete", "/expenses", -1),
    ("batch", "/expenses", 2),
    ("undo", "/expenses", -1),
    ("redo", "/expenses", 1),
    ("reverse", "/expenses", -1),
    ("merge", "/actions", 1),
    ("rename a tag", "/actions", 1),
    ("delete a tag", "/actions", 1),
    ("create a category", "/categories?include_archived=true", 1),
    ("rename a category", "", 0),
    ("archive a category", "/categories", -1),
    ("keywords", "", 0),
    ("a budget", "", 0),
    ("no budget", "", 0),
    ("a token", "/auth/tokens", 1),
    ("no token", "/auth/tokens", -1),
    ("a device", "/devices", 1),
    ("no device", "/devices", -1),
    ("no session", "/auth/sessions", -1),
    ("preferences", "", 0),
    ("a name", "", 0),
];

/// Prepares what a write of that kind needs, and says how it is asked for.
pub(super) async fn ask(user: &User, kind: &'static str, n: usize) -> Ask {
    let body = json!({"amount": format!("{}", n + 1), "date": "2026-02-03", "tags": [format!("tag{n}")]});
    let id = user.record(&body).await;
    let seq = user.expense(id).await["action"].clone();
    let own = user.own_category(&format!("Own {n}")).await;
    let (method, path, body) = match kind {
        "create" => ("POST", "/expenses".to_owned(), json!({"amount": "5", "notes": format!("{n}")})),
        "replace" => ("PUT", format!("/expenses/{id}"), json!({"amount": "6", "date": "2026-01-01"})),
        "update" => ("PATCH", format!("/expenses/{id}"), json!({"notes": format!("changed {n}")})),
        "delete" => ("DELETE", format!("/expenses/{id}"), Value::Null),
        "batch" => {
            let create = |amount: &str| json!({"op": "create", "amount": amount});
            let operations = json!([create("1"), create("2"), create("3"), {"op": "delete", "id": id}]);
            ("POST", "/expenses/batch".to_owned(), json!({"operations": operations}))
        }
        "undo" => ("POST", "/actions/undo".to_owned(), Value::Null),
        "redo" => {
            user.undo().await.expect(200);
            ("POST", "/actions/redo".to_owned(), Value::Null)
        }
        "reverse" => ("POST", format!("/actions/{seq}/reverse"), Value::Null),
        "merge" => {
            user.patch_expense(id, &json!({"category_id": own})).await.expect(200);
            ("DELETE", format!("/categories/{own}?merge_into={FOOD}"), Value::Null)
        }
        "rename a tag" => ("PATCH", format!("/tags/tag{n}"), json!({"name": format!("other{n}")})),
        "delete a tag" => ("DELETE", format!("/tags/tag{n}"), Value::Null),
        "create a category" => ("POST", "/categories".to_owned(), json!({"name": format!("New {n}")})),
        "rename a category" => ("PATCH", format!("/categories/{own}"), json!({"name": format!("Renamed {n}")})),
        "archive a category" => ("DELETE", format!("/categories/{own}"), Value::Null),
        "keywords" => ("PUT", format!("/categories/{own}/keywords"), json!({"keywords": [format!("word{n}")]})),
        "a budget" => ("PUT", format!("/budgets/{own}"), json!({"limit": format!("{}", n + 1)})),
        "no budget" => {
            user.put_budget(&own.to_string(), &json!({"limit": "5"})).await.expect(200);
            ("DELETE", format!("/budgets/{own}"), Value::Null)
        }
        "a token" => ("POST", "/auth/tokens".to_owned(), json!({"name": format!("{n}"), "scopes": ["read"]})),
        "a device" => ("POST", "/devices".to_owned(), json!({"token": format!("token-{n}"), "platform": "ios"})),
        "no token" => {
            let made = user.create_token(&json!({"name": format!("spare {n}"), "scopes": ["read"]})).await.expect(201);
            ("DELETE", format!("/auth/tokens/{}", made.id()), Value::Null)
        }
        "no device" => {
            let device = json!({"token": format!("spare-{n}"), "platform": "web"});
            ("DELETE", format!("/devices/{}", user.post("/devices", &device).await.expect(201).id()), Value::Null)
        }
        "no session" => {
            let other = user.another_session().await.session().await;
            ("DELETE", format!("/auth/sessions/{other}"), Value::Null)
        }
        "preferences" => ("PUT", "/notification-preferences".to_owned(), json!({"hour": n % 24})),
        "a name" => ("PATCH", "/me".to_owned(), json!({"name": format!("Ana {n}")})),
        other => panic!("no kind {other}"),
    };
    Ask { kind, method, path, body, key: format!("key-{}-{n}", user.id) }
}

/// Sends it until it is answered. No answer at all is an error.
pub(super) async fn send(client: &Client, ask: &Ask) -> Result<Answer, String> {
    loop {
        let call = client.call(ask.method, &ask.path).header("idempotency-key", &ask.key);
        let call = if ask.body.is_null() { call } else { call.json(&ask.body) };
        let answer = call.try_send().await.map_err(|error| error.to_string())?;
        // Nothing was done: another one is at it, or was faster.
        let is_passing = ["idempotency_in_progress", "contended"].iter().any(|code| answer["code"] == *code);
        if !is_passing {
            return Ok(answer);
        }
        assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

async fn all_at_once(clients: &[Client], ask: &Ask) -> Vec<Result<Answer, String>> {
    join_all((0..askers()).map(|n| send(&clients[n % clients.len()], ask))).await
}

#[track_caller]
fn assert_same(ask: &Ask, first: &Answer, again: &Answer) {
    assert!(first.status < 300, "{}: {first:?}", ask.kind);
    assert_eq!((first.status, &first.body), (again.status, &again.body), "{}: {first:?}\n{again:?}", ask.kind);
    for header in ["content-type", "etag", "location"] {
        assert_eq!(first.header(header), again.header(header), "{}: {header}", ask.kind);
    }
}

#[track_caller]
fn assert_replayed(ask: &Ask, first: &Answer, again: &Answer) {
    assert_same(ask, first, again);
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{}: {again:?}", ask.kind);
}

/// How long the list is that a kind lengthens.
pub(super) async fn length(user: &User, list: &str) -> i64 {
    if list.is_empty() {
        return 0;
    }
    // Tokens and devices are listed without pages.
    let count = match list {
        "/auth/tokens" | "/auth/sessions" | "/devices" => user.get(list).await.expect(200).data().len(),
        _ => user.all(list, 200).await.len(),
    };
    i64::try_from(count).expect("a length")
}

pub(super) async fn actions(user: &User) -> i64 {
    user.verify_books().await.expect(200)["actions"].as_i64().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_asked_for_by_many_is_done_once_and_answered_alike() {
    let rounds = size(KINDS.len(), 5 * KINDS.len(), 500);
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 2).await;
    // Lists stay short, and limits on how many one person may have are not reached.
    let mut people = fleet.people(rounds.div_ceil(KINDS.len()), seed()).await;
    let mut asked: Vec<(usize, Ask, Answer)> = Vec::new();
    for round in 0..rounds {
        let (kind, list, by) = KINDS[round % KINDS.len()];
        let of = round / KINDS.len();
        let Person { user, clients, .. } = &people[of];
        let ask = ask(user, kind, round).await;
        let before = (length(user, list).await, actions(user).await);
        let answers = all_at_once(clients, &ask).await;
        let answers: Vec<Answer> = answers.into_iter().map(|answer| answer.expect("an answer")).collect();
        for answer in &answers {
            assert_same(&ask, &answers[0], answer);
        }
        let originals = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
        assert!(originals <= 1, "{}: {originals} were first", ask.kind);
        let after = (length(user, list).await, actions(user).await);
        let is_action = list == "/expenses" || list == "/actions";
        assert_eq!(after, (before.0 + by, before.1 + i64::from(is_action)), "{}: how often it was done", ask.kind);
        asked.push((of, ask, answers.into_iter().next().expect("one")));
    }
    // With another access token of the session, and at the other server.
    for person in &mut people {
        let tokens = person.clients[0].signed_out().refresh(&person.user.refresh_token).await.expect(200);
        let token = tokens.text("access_token");
        person.user.refresh_token = tokens.text("refresh_token");
        person.clients = person.clients.iter().map(|client| client.with_token(&token)).collect();
    }
    let state = async |people: &[Person]| join_all(people.iter().map(|person| actions(&person.user))).await;
    let before = state(&people).await;
    for (n, (of, ask, first)) in asked.iter().enumerate() {
        assert_replayed(ask, first, &send(&people[*of].clients[n % 2], ask).await.expect("an answer"));
    }
    // And after both were killed.
    for server in 0..fleet.len() {
        fleet.kill(server).await;
    }
    for server in 0..fleet.len() {
        fleet.restart(server).await;
    }
    for (n, (of, ask, first)) in asked.iter().enumerate() {
        assert_replayed(ask, first, &send(&people[*of].clients[(n + 1) % 2], ask).await.expect("an answer"));
    }
    assert_eq!(state(&people).await, before, "asking again does nothing");
    for person in &people {
        books::assert_sound(&person.clients[0]).await;
    }
    fleet.verify();
    figure(
        "retries",
        &format!(
            "1 effect and one answer of {} at once over two servers in {rounds} of {rounds}, of {} kinds; the same after a refresh, at the other server, after kill -9",
            askers(),
            KINDS.len()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_asked_for_while_a_server_dies_is_done_once() {
    let rounds = size(2, 8, 44);
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 2).await;
    let person = fleet.people(1, seed()).await.remove(0);
    let (mut unanswered, mut random) = (0, acceptance::random::Random::new(seed()));
    for round in 0..rounds {
        let (kind, list, by) = KINDS[round % KINDS.len()];
        let ask = ask(&person.user, kind, round).await;
        let before = (length(&person.user, list).await, actions(&person.user).await);
        let victim = round % 2;
        let (answers, ()) = futures::join!(all_at_once(&person.clients, &ask), async {
            tokio::time::sleep(std::time::Duration::from_millis(random.below(60))).await;
            fleet.kill(victim).await;
        });
        fleet.restart(victim).await;
        let last = send(&person.clients[victim], &ask).await.expect("an answer");
        let mut bodies = BTreeSet::from([(last.status, last.body.clone())]);
        for answer in &answers {
            match answer {
                Ok(answer) => {
                    bodies.insert((answer.status, answer.body.clone()));
                }
                Err(_) => unanswered += 1,
            }
        }
        assert!(last.status < 300 && bodies.len() == 1, "{kind}: {bodies:?}");
        let after = (length(&person.user, list).await, actions(&person.user).await);
        let is_action = list == "/expenses" || list == "/actions";
        assert_eq!(after, (before.0 + by, before.1 + i64::from(is_action)), "{kind}: how often it was done");
    }
    books::assert_sound(&person.user).await;
    fleet.verify();
    figure(
        "retries",
        &format!(
            "1 effect in {rounds} of {rounds} with a server killed among {} askers ({unanswered} got no answer; asked again, there was the same one)",
            askers()
        ),
    );
}
