//! SIGTERM under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use acceptance::database::TestDatabase;
use acceptance::torture::{Fleet, Outcome, Person, figure, fleet, seed, size};
use acceptance::{User, raw};
use futures::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Works until told to stop; at a server that is going, an outcome may stay unknown.
async fn work(mut person: Person, stop: Arc<AtomicBool>, done: Arc<AtomicUsize>) -> Person {
    while !stop.load(Ordering::Relaxed) && person.step().await == Outcome::Acknowledged {
        done.fetch_add(1, Ordering::Relaxed);
    }
    person
}

/// The head and the first half of a request that creates an expense, and its other half.
fn halves(user: &User, notes: &str) -> (Vec<u8>, Vec<u8>) {
    let body = format!("{{\"amount\": \"3\", \"notes\": \"{notes}\"}}");
    let head = format!(
        "POST /api/v1/expenses HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        user.token().expect("a token"),
        body.len()
    );
    let (first, second) = body.split_at(body.len() / 2);
    ([head.as_bytes(), first.as_bytes()].concat(), second.as_bytes().to_vec())
}

/// Looks at readiness until the port is closed. Returns whether it failed before that, while the server still answered.
async fn watch(base: String) -> bool {
    let mut has_failed = false;
    loop {
        let client = acceptance::Client::new(&base);
        match client.at("GET", "/readyz").try_send().await {
            Ok(answer) => has_failed |= answer.status == 503,
            Err(_) => return has_failed,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_stop_ends_its_work_and_goes() {
    let rounds = size(1, 5, 20);
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 2).await;
    let mut people = fleet.people(6, seed()).await;
    let halting = fleet.user().await;
    let (mut slowest, mut ended) = (Duration::ZERO, 0);
    for round in 0..rounds {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let working: Vec<_> =
            people.drain(..).map(|person| tokio::spawn(work(person, Arc::clone(&stop), Arc::clone(&done)))).collect();
        let base = fleet.client(0).base().to_owned();
        // Clients that begin and do not go on, and one that goes on when the server is on its way out.
        let mut slow = Vec::new();
        for n in 0..40 {
            let mut stream = raw::connect(&base).await;
            let bytes = if n % 2 == 0 { b"GET /livez HTTP/1.1\r\nX-".to_vec() } else { halves(&halting, "never").0 };
            stream.write_all(&bytes).await.expect("the server reads");
            slow.push(stream);
        }
        let notes = format!("in flight {round}");
        let (first, second) = halves(&halting, &notes);
        let mut in_flight = raw::connect(&base).await;
        in_flight.write_all(&first).await.expect("the server reads");
        while done.load(Ordering::Relaxed) < 60 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let watching = tokio::spawn(watch(base.clone()));
        let began = Instant::now();
        let finishing = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(900)).await;
            in_flight.write_all(&second).await.expect("the server still reads");
            let mut answer = Vec::new();
            in_flight.read_to_end(&mut answer).await.ok();
            String::from_utf8_lossy(&answer).into_owned()
        });
        // Ends with 0, or panics.
        fleet.stop(0).await;
        let took = began.elapsed();
        slowest = slowest.max(took);
        assert!(took < Duration::from_secs(10), "it took {took:?}");
        let answer = finishing.await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 201 "), "work in flight: {answer:?}");
        assert!(watching.await.expect("it looks"), "readiness fails before the port is closed");
        stop.store(true, Ordering::Relaxed);
        people = join_all(working).await.into_iter().map(|person| person.expect("no defect found")).collect();
        fleet.restart(0).await;
        let client = fleet.client(0).with_token(halting.token().expect("a token"));
        let found = client.all("/expenses", 200).await;
        ended += found.iter().filter(|expense| expense["notes"] == notes.as_str()).count();
        assert!(found.iter().all(|expense| expense["notes"] != "never"), "{found:?}");
        fleet::reconcile(&mut people).await;
        drop(slow);
    }
    assert_eq!(ended, rounds, "what was acknowledged is there");
    fleet.verify();
    let acknowledged: usize = people.iter().map(|person| person.acknowledged).sum();
    let resolved = people.iter().fold((0, 0), |(a, b), person| (a + person.resolved.0, b + person.resolved.1));
    figure(
        "SIGTERM",
        &format!(
            "{rounds} under load with 40 slow clients: readiness failed first, work in flight was answered, exit 0 within {slowest:?}; {acknowledged} acknowledged, 0 lost; unacknowledged: {} there, {} not",
            resolved.0, resolved.1
        ),
    );
}
