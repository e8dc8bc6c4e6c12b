//! The process dies at each step of a write, wherever that is in the code (`florin_infra::crash`): always in the debug build,
//! for the shipped one has no such points.

use std::os::unix::process::ExitStatusExt;

use acceptance::binary::{ABORTED, with_crash_points};
use acceptance::database::TestDatabase;
use acceptance::random::Random;
use acceptance::torture::{Fleet, figure, fleet, seed, size};
use acceptance::{User, books, parse};
use serde_json::json;

/// Where the ledger's writes die, and how many passes there are at least while everybody works: of the first, one a process.
const LEDGER: [(&str, u64); 12] = [
    ("ids.taken", 1),
    ("ids.committed", 1),
    ("transaction.begun", 30),
    ("ledger.bumped", 20),
    ("ledger.expenses", 20),
    ("ledger.totals", 20),
    ("ledger.appended", 20),
    ("ledger.before_commit", 20),
    ("transaction.before_commit", 30),
    ("transaction.committed", 30),
    ("ledger.committed", 20),
    ("answer.ready", 30),
];
const ROW: &str = "the process dies at any step of a write";

async fn start() -> (TestDatabase, Fleet) {
    let database = TestDatabase::migrated().await;
    let program = with_crash_points().to_owned();
    let fleet = Fleet::start_with(&[database.url().to_owned()], |place| place.running(program.clone())).await;
    (database, fleet)
}

/// Starts the server again, so that it dies at that pass of that point.
async fn arm(fleet: &mut Fleet, point: &str, pass: u64) {
    fleet.kill(0).await;
    fleet.change(0, |place| place.with("CRASH_AT", &format!("{point}:{pass}")));
    fleet.restart(0).await;
}

/// The server has died there, and is started again, not to die any more.
async fn recover(fleet: &mut Fleet, point: &str) {
    let status = fleet.ended(0).await;
    assert_eq!(status.signal(), Some(ABORTED), "the process did not die at {point}");
    fleet.change(0, |place| place.without("CRASH_AT"));
    fleet.restart(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_dies_at_any_step_is_whole_or_absent() {
    let rounds = size(1, 2, 20);
    let (_database, mut fleet) = start().await;
    let mut people = fleet.people(4, seed()).await;
    let mut random = Random::new(seed());
    for (point, most) in LEDGER.iter().cycle().take(LEDGER.len() * rounds) {
        arm(&mut fleet, point, 1 + random.below(*most)).await;
        people = fleet::work(people, usize::MAX).await.into_iter().map(|(person, _)| person).collect();
        recover(&mut fleet, point).await;
        // Everything acknowledged is there; what was not is whole or absent, and asked for again it is done once.
        fleet::reconcile(&mut people).await;
    }
    fleet.verify();
    let acknowledged: usize = people.iter().map(|person| person.acknowledged).sum();
    let resolved = people.iter().fold((0, 0), |(a, b), person| (a + person.resolved.0, b + person.resolved.1));
    figure(
        ROW,
        &format!(
            "{} deaths at {} points, {acknowledged} acknowledged, 0 lost, 0 partial; of {} unacknowledged {} were there, whole",
            rounds * LEDGER.len(),
            LEDGER.len(),
            resolved.0 + resolved.1,
            resolved.0
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_answer_was_not_kept_has_one_effect_when_it_is_asked_for_again() {
    let (_database, mut fleet) = start().await;
    let user = fleet.user().await;
    for (n, (point, is_kept)) in [("answer.not_kept", false), ("answer.kept", true)].into_iter().enumerate() {
        let (key, limit) = (format!("budget-{n}"), format!("{}.00", 100 + n));
        let put = || user.put_budget("total", &json!({"limit": limit})).header("idempotency-key", &key);
        arm(&mut fleet, point, 1).await;
        put().try_send().await.expect_err("the process dies before it answers");
        recover(&mut fleet, point).await;
        let budgets = user.budgets("").await.expect(200);
        assert!(budgets.json.to_string().contains(&limit), "{point}: the effect is there: {budgets:?}");
        let again = put().await.expect(200);
        assert_eq!(again.header("idempotency-replayed") == Some("true"), is_kept, "{point}: {again:?}");
        assert_eq!(user.budgets("").await.expect(200).json, budgets.json, "{point}: one effect");
        put().await.expect(200);
    }
    fleet.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_dies_is_done_or_not_begun() {
    let (database, mut fleet) = start().await;
    let points = [("erasure.sealed", 0), ("erasure.books_removed", 0), ("erasure.committed", 1)];
    for (point, erased) in points {
        let user = fleet.user().await;
        for amount in ["10", "20.50"] {
            user.spend(amount, "2026-02-03", 1).await;
        }
        let erase = || user.delete("/me").json(&json!({"password": user.password}));
        arm(&mut fleet, point, 1).await;
        erase().try_send().await.expect_err("the process dies before it answers");
        recover(&mut fleet, point).await;
        let gone = format!("SELECT COUNT(*) FROM user_login WHERE id = {} AND erased_at IS NOT NULL", user.id);
        assert_eq!(database.number(&gone).await, erased, "{point}");
        if erased == 0 {
            // All of it is there, and can be written to, and erased.
            assert_eq!(books::assert_sound(&user).await.len(), 2, "{point}");
            user.spend("1", "2026-02-04", 2).await;
            user.undo().await.expect(200);
            erase().await.expect(204);
        }
        let left = format!("SELECT COUNT(*) FROM expenses WHERE user_id = {}", user.id);
        assert_eq!(database.number(&left).await, 0, "{point}");
        fleet.client(0).login(&user.email, &user.password).await.expect(401);
        fleet.verify();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_up_that_dies_can_be_made_again() {
    let (_database, mut fleet) = start().await;
    let password = "a password of many words";
    for point in ["sign_up.account", "sign_up.committed", "sign_up.confirming"] {
        let email = format!("{}@example.com", point.replace(['.', '_'], "-"));
        let body = json!({"email": email, "password": password});
        let code = if point == "sign_up.confirming" {
            // The code is that of the server before: what it is kept as is in the database.
            arm(&mut fleet, point, 1).await;
            let code = sign_up(&mut fleet, &email, password).await;
            fleet.client(0).verify(&email, &code).try_send().await.expect_err("the process dies before it answers");
            recover(&mut fleet, point).await;
            code
        } else {
            arm(&mut fleet, point, 1).await;
            fleet.client(0).register(&body).try_send().await.expect_err("the process dies before it answers");
            recover(&mut fleet, point).await;
            sign_up(&mut fleet, &email, password).await
        };
        let tokens = fleet.client(0).verify(&email, &code).await.expect(200);
        let user = User::of(fleet.client(0), &tokens, password);
        user.spend("5", "2026-01-01", 1).await;
        user.another_session().await;
        assert_eq!(books::assert_sound(&user).await.len(), 1, "{point}");
    }
    fleet.verify();
}

async fn sign_up(fleet: &mut Fleet, email: &str, password: &str) -> String {
    let server = fleet.server_mut(0);
    server.client.register(&json!({"email": email, "password": password})).await.expect(202);
    loop {
        let line = parse(&server.line().await);
        if line["email"] == email {
            return line["otp"].as_str().unwrap().to_owned();
        }
    }
}

/// What is shipped has no such points: neither by its features nor, where it was built, in its bytes.
#[test]
fn the_shipped_programs_have_no_crash_points() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for program in ["florin-api", "florin-scheduler"] {
        let tree = std::process::Command::new(env!("CARGO"))
            .current_dir(root)
            .args(["tree", "--offline", "--edges", "features", "--invert", "florin-infra", "--package", program])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&tree.stdout);
        assert!(tree.status.success() && text.contains("florin-infra"), "{text}{tree:?}");
        assert!(!text.contains("crash-points"), "{program}: {text}");
    }
    if let Some(released) = acceptance::binary::released() {
        let bytes = std::fs::read(released).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("FLORIN__"), "the search works");
        assert!(
            !text.contains("ledger.before_commit") && !text.contains("CRASH_AT"),
            "the release build has crash points"
        );
    }
}
