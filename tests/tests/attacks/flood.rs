//! A flood of log-ins at the real cost of a hash: it waits for its turn, and others hardly notice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use acceptance::binary::{Place, Server};
use acceptance::database::TestDatabase;
use acceptance::{Client, User, json, parse, size};

/// The real cost, as in `config/default.toml`.
const COST: [(&str, &str); 2] = [("FLORIN__AUTH__ARGON2_M_KIB", "19456"), ("FLORIN__AUTH__ARGON2_T", "2")];

/// The 99th percentile.
fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[(times.len() * 99).div_ceil(100) - 1]
}

/// A person, by the codes that the server prints.
async fn sign_up(server: &mut Server, email: &str) -> User {
    let password = "a password of many words";
    server.client.register(&json!({"email": email, "password": password})).await.expect(202);
    let otp = parse(&server.line().await)["otp"].as_str().unwrap().to_owned();
    let tokens = server.client.verify(email, &otp).await.expect(200);
    User::of(&server.client, &tokens, password)
}

/// The 99th percentiles of a cheap GET and of a POST, by turns, each sent after a pause as a person would.
async fn measure(user: &User, rounds: usize) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        let started = Instant::now();
        user.me().await.expect(200);
        times[0].push(started.elapsed());
        let started = Instant::now();
        user.create_expense(&json!({"amount": "1", "notes": format!("lunch {round}")})).await.expect(201);
        times[1].push(started.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    times.map(p99)
}

/// What the clients of a flood share.
#[derive(Debug, Default)]
struct Flood {
    over: AtomicBool,
    tries: AtomicU64,
    statuses: Mutex<BTreeMap<u16, usize>>,
}

/// Logs in as somebody else each time, until it is over; what was refused for lack of room tries again a little later.
async fn flood(client: Client, shared: Arc<Flood>) {
    while !shared.over.load(Ordering::Relaxed) {
        let n = shared.tries.fetch_add(1, Ordering::Relaxed);
        let answer = client.login(&format!("nobody{n}@example.com"), "a password of many words").await;
        match answer.status {
            401 => {}
            429 | 503 => {
                let wait: u32 = answer.header("retry-after").expect("Retry-After").parse().expect("seconds");
                assert!(wait >= 1, "{answer:?}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            _ => panic!("{answer:?}"),
        }
        *shared.statuses.lock().unwrap().entry(answer.status).or_default() += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_log_ins_hardly_slows_the_others() {
    let database = TestDatabase::migrated().await;
    let place = COST.iter().fold(Place::new(database.url()), |place, (name, value)| place.with(name, value));
    let place = match acceptance::binary::released() {
        Some(program) if size(0, 1) == 1 => place.running(program),
        _ => place,
    };
    let mut server = place.serve().await;
    let user = sign_up(&mut server, "ana@example.com").await;
    let rounds = size(60, 1000);
    measure(&user, 30).await;
    let idle = measure(&user, rounds).await;

    let shared = Arc::new(Flood::default());
    let clients: Vec<_> = (0..size(100, 200))
        .map(|_| tokio::spawn(flood(Client::new(server.client.base()), Arc::clone(&shared))))
        .collect();
    // Until the queue is full.
    let is_full = || shared.statuses.lock().unwrap().contains_key(&503);
    let started = Instant::now();
    while !is_full() {
        assert!(started.elapsed() < Duration::from_secs(30), "the queue never filled: {shared:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (began, before) = (Instant::now(), shared.statuses.lock().unwrap().clone());
    let busy = measure(&user, rounds).await;
    let (took, after) = (began.elapsed(), shared.statuses.lock().unwrap().clone());
    shared.over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("every refusal is one that is promised");
    }
    let since = |status: u16| after.get(&status).copied().unwrap_or(0) - before.get(&status).copied().unwrap_or(0);
    println!(
        "99th percentile of GET /me {:?} idle, {:?} in the flood; of POST /expenses {:?} idle, {:?} in the flood; \
         log-ins in {took:.1?}: {} hashed, {} refused",
        idle[0],
        busy[0],
        idle[1],
        busy[1],
        since(401),
        since(503) + since(429)
    );
    assert!(since(401) > 0, "hashing goes on");
    // Somebody who means it gets in afterwards.
    server.client.login(&user.email, &user.password).await.expect(200);
    // In CI other tests run beside this one: what is held there is that nobody waits for the queue, which is seconds long.
    let slack = Duration::from_millis(u64::try_from(size(1000, 50)).unwrap());
    for (idle, busy) in idle.into_iter().zip(busy) {
        assert!(busy <= idle * 3 + slack, "{idle:?} idle, {busy:?} in the flood");
    }
}
