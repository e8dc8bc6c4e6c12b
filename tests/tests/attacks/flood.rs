//! A flood of log-ins at the real cost of a hash: it waits for its turn, and others hardly notice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
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

/// Adds the times of a cheap GET and of a POST, by turns, each sent after a pause as a person would.
async fn measure(user: &User, rounds: usize, times: &mut [Vec<Duration>; 2]) {
    for round in 0..rounds {
        let started = Instant::now();
        user.me().await.expect(200);
        times[0].push(started.elapsed());
        let started = Instant::now();
        user.create_expense(&json!({"amount": "1", "notes": format!("lunch {round}")})).await.expect(201);
        times[1].push(started.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What the clients of a flood share.
#[derive(Debug, Default)]
struct Flood {
    on: AtomicBool,
    over: AtomicBool,
    tries: AtomicU64,
    at_work: AtomicUsize,
    statuses: Mutex<BTreeMap<u16, usize>>,
}

impl Flood {
    fn count(&self, status: u16) -> usize {
        self.statuses.lock().unwrap().get(&status).copied().unwrap_or(0)
    }

    /// Begins, and waits until the queue is full.
    async fn begin(&self) {
        let (started, before) = (Instant::now(), self.count(503));
        self.on.store(true, Ordering::Relaxed);
        while self.count(503) == before {
            assert!(started.elapsed() < Duration::from_secs(60), "the queue never filled: {self:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends, and waits until nothing is left to be hashed.
    async fn end(&self) {
        let started = Instant::now();
        self.on.store(false, Ordering::Relaxed);
        while self.at_work.load(Ordering::Relaxed) > 0 {
            assert!(started.elapsed() < Duration::from_secs(120), "the queue never emptied: {self:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Logs in as somebody else each time; what was refused for lack of room is tried again a little later.
async fn log_in_for_ever(client: Client, shared: Arc<Flood>) {
    while !shared.over.load(Ordering::Relaxed) {
        if !shared.on.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        shared.at_work.fetch_add(1, Ordering::Relaxed);
        let n = shared.tries.fetch_add(1, Ordering::Relaxed);
        let answer = client.login(&format!("nobody{n}@example.com"), "a password of many words").await;
        shared.at_work.fetch_sub(1, Ordering::Relaxed);
        *shared.statuses.lock().unwrap().entry(answer.status).or_default() += 1;
        match answer.status {
            401 => {}
            429 | 503 => {
                let wait: u32 = answer.header("retry-after").expect("Retry-After").parse().expect("seconds");
                assert!(wait >= 1, "{answer:?}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            _ => panic!("{answer:?}"),
        }
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
    measure(&user, 30, &mut Default::default()).await;
    let shared = Arc::new(Flood::default());
    // As many as find room, and half as many again.
    let clients: Vec<_> = (0..100)
        .map(|_| tokio::spawn(log_in_for_ever(Client::new(server.client.base()), Arc::clone(&shared))))
        .collect();
    let (mut idle, mut busy) = (Default::default(), Default::default());
    // By turns, so that whatever else the machine does meets both.
    for _ in 0..size(4, 10) {
        measure(&user, size(25, 100), &mut idle).await;
        shared.begin().await;
        measure(&user, size(25, 100), &mut busy).await;
        shared.end().await;
    }
    shared.over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("every refusal is one that is promised");
    }
    let (idle, busy) = (idle.map(p99), busy.map(p99));
    println!(
        "99th percentile of GET /me {:?} idle, {:?} in the flood; of POST /expenses {:?} idle, {:?} in the flood; \
         log-ins by status: {:?}",
        idle[0],
        busy[0],
        idle[1],
        busy[1],
        shared.statuses.lock().unwrap()
    );
    assert!(shared.count(401) > 66, "hashing goes on");
    // Somebody who means it gets in afterwards.
    server.client.login(&user.email, &user.password).await.expect(200);
    // In CI other tests run beside this one: what is held there is that nobody waits for the queue, which is seconds long.
    let slack = Duration::from_millis(u64::try_from(size(1000, 50)).unwrap());
    for (idle, busy) in idle.into_iter().zip(busy) {
        assert!(busy <= idle * 3 + slack, "{idle:?} idle, {busy:?} in the flood");
    }
}
