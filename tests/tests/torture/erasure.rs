//! An account erased while its owner writes, at two servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use acceptance::database::TestDatabase;
use acceptance::torture::{Fleet, Outcome, Person, figure, fleet, seed, size};
use acceptance::{Client, json};
use futures::future::join_all;

/// Every table that holds what is of a person, and the column that says whose.
const TABLES: [&str; 17] = [
    "expenses",
    "tags",
    "monthly_expense",
    "category",
    "keyword",
    "category_budget",
    "session",
    "user_cred",
    "idempotency_key",
    "personal_token",
    "one_time_code",
    "sign_up",
    "user_phone",
    "device",
    "notification",
    "notification_delivery",
    "notification_preference",
];

async fn write(client: &Client, writer: usize, step: usize) -> acceptance::Answer {
    let unique = format!("w{writer} {step}");
    let call = match (writer + step) % 8 {
        0 => client.create_category(&json!({"name": unique, "keywords": [unique]})),
        1 => client.put("/budgets/total", &json!({"limit": step})),
        2 => client.patch_me(&json!({"name": unique})),
        3 => client.undo(),
        4 => client.create_token(&json!({"name": unique, "scopes": ["read"]})),
        5 => client.post("/devices", &json!({"token": unique, "platform": "ios"})),
        _ => client.create_expense(&json!({"amount": "1", "notes": unique, "tags": [unique]})),
    };
    if step.is_multiple_of(3) { call.header("idempotency-key", &unique.replace(' ', "-")).await } else { call.await }
}

/// Writes until the account is gone. Returns how many writes were acknowledged.
async fn write_on(client: Client, writer: usize, done: Arc<AtomicUsize>, erased: Arc<AtomicBool>) -> usize {
    let mut acknowledged = 0;
    for step in 0.. {
        let began_after = erased.load(Ordering::SeqCst);
        let answer = write(&client, writer, step).await;
        if answer.status == 401 {
            break;
        }
        assert!(!began_after, "after the account was gone: {answer:?}");
        // Outrun time and again by the others, perhaps.
        let is_contended = answer.status == 503 && answer["code"] == "contended";
        let may_be = answer.status < 300 || [404, 409, 422].contains(&answer.status) || is_contended;
        assert!(may_be, "{answer:?}");
        acknowledged += usize::from(answer.status < 300);
        done.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

/// Somebody else, who must not notice.
async fn work(mut person: Person, stop: Arc<AtomicBool>) -> Person {
    while !stop.load(Ordering::Relaxed) {
        assert_eq!(person.step().await, Outcome::Acknowledged, "nothing is in the way of {person:?}");
    }
    person
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_takes_what_is_written_meanwhile() {
    let rounds = size(2, 6, 30);
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 2).await;
    let bystander = fleet.people(1, seed()).await.remove(0);
    let stop = Arc::new(AtomicBool::new(false));
    let working = tokio::spawn(work(bystander, Arc::clone(&stop)));
    let mut written = 0;
    for round in 0..rounds {
        let person = fleet.people(1, seed()).await.remove(0);
        let id = person.user.id;
        let (done, erased) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let writers: Vec<_> = (0..8)
            .map(|n| tokio::spawn(write_on(person.clients[n % 2].clone(), n, Arc::clone(&done), Arc::clone(&erased))))
            .collect();
        while done.load(Ordering::Relaxed) < 40 + 8 * round && !writers.iter().any(tokio::task::JoinHandle::is_finished)
        {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let body = json!({"password": person.user.password});
        person.clients[round % 2].delete("/me").json(&body).await.expect(204);
        erased.store(true, Ordering::SeqCst);
        for writer in join_all(writers).await {
            written += writer.expect("no defect found");
        }
        for table in TABLES {
            let left = database.number(&format!("SELECT COUNT(*) FROM {table} WHERE user_id = {id}")).await;
            assert_eq!(left, 0, "{table}");
        }
        for (what, sql) in [
            (
                "payloads",
                "SELECT COUNT(*) FROM user_action WHERE user_id = {id} AND (payload IS NOT NULL OR salt IS NOT NULL)",
            ),
            ("names", "SELECT COUNT(*) FROM user_action WHERE user_id = {id} AND operation NOT LIKE 'erased:%'"),
            ("an account", "SELECT COUNT(*) FROM user_login WHERE id = {id} AND (name <> '' OR erased_at IS NULL)"),
            ("traces", "SELECT COUNT(*) FROM login_event WHERE user_id = {id} AND (ip <> '' OR user_agent <> '')"),
            ("labels", "SELECT COUNT(*) FROM tag_map WHERE expense_id NOT IN (SELECT id FROM expenses)"),
            ("refresh tokens", "SELECT COUNT(*) FROM refresh_token WHERE session_id NOT IN (SELECT id FROM session)"),
        ] {
            assert_eq!(database.number(&sql.replace("{id}", &id.to_string())).await, 0, "{what} are left");
        }
        for client in &person.clients {
            client.me().await.refused(401, "invalid_token");
        }
    }
    stop.store(true, Ordering::Relaxed);
    let mut people = vec![working.await.expect("no defect found")];
    fleet::reconcile(&mut people).await;
    fleet.verify();
    figure(
        "erasure against writes",
        &format!(
            "{rounds} accounts erased under 8 writers at two servers, {written} writes acknowledged before: no row left, none acknowledged after; {} writes of a bystander untouched",
            people[0].acknowledged
        ),
    );
}
