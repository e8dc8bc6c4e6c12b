//! Slow clients beside honest ones.

use std::time::{Duration, Instant};

use acceptance::binary::Place;
use acceptance::database::TestDatabase;
use acceptance::torture::{Fleet, Outcome, Person, figure, fleet, is_shipped, seed, size};
use acceptance::{User, json, raw};
use futures::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How late a connection may be ended: beside other tests, on a machine that is busy, much later.
fn late() -> Duration {
    Duration::from_secs(if is_shipped() { 3 } else { 15 })
}

/// Sends `rest` a byte now and then, until the other side ends the connection. Returns when it answered, or else ended it, and
/// what it said: to a client that goes on sending, it may close only some seconds after its answer.
async fn drip(mut stream: TcpStream, rest: Vec<u8>, began: Instant, patience: Duration) -> (Option<Duration>, String) {
    let (mut answer, mut answered) = (Vec::new(), None);
    let ending = async {
        let mut rest = rest.iter().cycle();
        loop {
            tokio::select! {
                read = stream.read_buf(&mut answer) => match read {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {
                        answered.get_or_insert_with(|| began.elapsed());
                    }
                },
                () = tokio::time::sleep(Duration::from_millis(200)) => {
                    let byte = *rest.next().expect("a byte");
                    if stream.write_all(&[byte]).await.is_err() {
                        break;
                    }
                }
            }
        }
        answered.unwrap_or_else(|| began.elapsed())
    };
    let ended = tokio::time::timeout(patience, ending).await.ok();
    (ended, String::from_utf8_lossy(&answer).into_owned())
}

async fn slow_head(base: String, patience: Duration) -> (Option<Duration>, String) {
    let began = Instant::now();
    let mut stream = raw::connect(&base).await;
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n").await.expect("the server reads");
    drip(stream, b"X-A: 1\r\n".to_vec(), began, patience).await
}

async fn slow_body(user: User, patience: Duration) -> (Option<Duration>, String) {
    let began = Instant::now();
    let mut stream = raw::connect(user.base()).await;
    let head = format!(
        "POST /api/v1/expenses HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 9000\r\n\r\n{{\"amount\": \"1\", \"notes\": \"",
        user.token().expect("a token")
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    drip(stream, b"a".to_vec(), began, patience).await
}

/// Asks for much, and reads nothing of it. Returns when the other side gave up, seen by what it takes of further requests.
async fn stalled(user: User, patience: Duration) -> Option<Duration> {
    let mut stream = raw::connect(user.base()).await;
    let request = format!(
        "GET /api/v1/expenses?limit=200 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        user.token().expect("a token")
    );
    let began = Instant::now();
    let sending = async {
        loop {
            // Until both sides' buffers are full, the server answers; then it waits to be read.
            if stream.write_all(request.as_bytes()).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(patience, sending).await.ok().map(|()| began.elapsed())
}

/// As many operations; returns how long each took, in order of length.
async fn times(person: &mut Person, count: usize) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..count {
        let began = Instant::now();
        assert_eq!(person.step().await, Outcome::Acknowledged);
        times.push(began.elapsed());
    }
    times.sort();
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_are_cut_off_and_slow_nobody_down() {
    // The times of the product from `minutes` on; shorter ones, so that `make test` stays short.
    let (head, body, stall) = if is_shipped() { (5000, 10_000, 30_000) } else { (1500, 3000, 3000) };
    let clients = size(60, 100, 100);
    let database = TestDatabase::migrated().await;
    let change = |place: Place| {
        if is_shipped() {
            return place;
        }
        place
            .with("FLORIN__SERVER__HEAD_TIMEOUT_MS", &head.to_string())
            .with("FLORIN__SERVER__BODY_TIMEOUT_MS", &body.to_string())
            .with("FLORIN__SERVER__WRITE_TIMEOUT_MS", &stall.to_string())
    };
    let (head, body, stall) = (Duration::from_millis(head), Duration::from_millis(body), Duration::from_millis(stall));
    let mut fleet = Fleet::start_with(&[database.url().to_owned()], change).await;
    let mut honest = fleet.people(1, seed()).await.remove(0);
    let slow = fleet.user().await;
    let operations: Vec<_> =
        (0..200).map(|n| json!({"op": "create", "amount": n + 1, "notes": "n".repeat(400)})).collect();
    slow.batch(&json!({"operations": operations})).await.expect(200);
    let count = size(60, 300, 1000);
    let idle = times(&mut honest, count).await;

    let patience = stall + Duration::from_secs(20);
    let heads: Vec<_> =
        (0..clients * 4 / 10).map(|_| tokio::spawn(slow_head(slow.base().to_owned(), patience))).collect();
    let bodies: Vec<_> = (0..clients * 4 / 10).map(|_| tokio::spawn(slow_body(slow.clone(), patience))).collect();
    let stalls: Vec<_> = (0..clients * 2 / 10).map(|_| tokio::spawn(stalled(slow.clone(), patience))).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let beside = times(&mut honest, count).await;

    let (mut ended_heads, mut ended_bodies, mut ended_stalls) = (Vec::new(), Vec::new(), Vec::new());
    for ended in join_all(heads).await {
        let (after, answer) = ended.expect("it looks");
        let after = after.unwrap_or_else(|| panic!("a byte now and then keeps no connection: {answer}"));
        assert!((head - Duration::from_millis(500)..head + late()).contains(&after), "{after:?}: {answer}");
        ended_heads.push(after);
    }
    for ended in join_all(bodies).await {
        let (after, answer) = ended.expect("it looks");
        let after = after.unwrap_or_else(|| panic!("a byte now and then keeps no connection: {answer}"));
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!((body - Duration::from_millis(500)..body + late()).contains(&after), "{after:?}: {answer}");
        ended_bodies.push(after);
    }
    for ended in join_all(stalls).await {
        let after = ended.expect("it looks").expect("nobody writes for ever to one who does not read");
        // Counted from the moment at which nothing more was taken, which comes later than the first request.
        assert!(after >= stall - Duration::from_millis(500), "{after:?}");
        ended_stalls.push(after);
    }
    fleet::reconcile(std::slice::from_mut(&mut honest)).await;
    let found = slow.all("/expenses", 200).await;
    assert_eq!(found.len(), 200, "what never came to its end was never done");
    fleet.verify();
    let median = |times: &[Duration]| times[times.len() / 2];
    let (alone, together) = (median(&idle), median(&beside));
    assert!(together < alone * 3 + Duration::from_millis(50), "{alone:?} alone, {together:?} beside slow clients");
    let most = |times: &[Duration]| times.iter().max().copied().unwrap_or_default();
    figure(
        "slow clients",
        &format!(
            "{clients} at once: head cut off within {:?}, body answered 408 within {:?}, one who does not read within {:?}; an honest write took {alone:?} alone, {together:?} beside them (medians)",
            most(&ended_heads),
            most(&ended_bodies),
            most(&ended_stalls)
        ),
    );
}
