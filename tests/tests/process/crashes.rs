//! kill -9 under load: what was acknowledged is there afterwards, the rest is whole or absent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use acceptance::binary::Place;
use acceptance::database::TestDatabase;
use acceptance::random::Random;
use acceptance::{User, Value, json};

use crate::start::sign_up;

/// Writes until the connection breaks. Returns what was acknowledged, as it was shown; nothing for a deletion.
async fn write(user: User, seed: u64, count: Arc<AtomicU64>) -> BTreeMap<i64, Option<Value>> {
    let mut random = Random::new(seed);
    let mut acknowledged: BTreeMap<i64, Option<Value>> = BTreeMap::new();
    loop {
        let live: Vec<i64> = acknowledged.iter().filter(|(_, row)| row.is_some()).map(|(id, _)| *id).collect();
        let amount = format!("{}.{:02}", 1 + random.below(99), random.below(100));
        let (call, target) = match random.below(4) {
            0 if !live.is_empty() => {
                let id = *random.pick(&live);
                (user.patch_expense(id, &json!({"amount": amount, "category_id": 1 + random.below(5)})), Some(id))
            }
            1 if live.len() > 3 => {
                let id = *random.pick(&live);
                (user.delete_expense(id), Some(id))
            }
            _ => (user.create_expense(&json!({"amount": amount})), None),
        };
        match call.try_send().await {
            Ok(answer) if answer.status == 204 => {
                count.fetch_add(1, Ordering::Relaxed);
                acknowledged.insert(target.unwrap(), None);
            }
            Ok(answer) => {
                assert!([200, 201].contains(&answer.status), "{answer:?}");
                count.fetch_add(1, Ordering::Relaxed);
                acknowledged.insert(answer.id(), Some(answer.json));
            }
            Err(_) => {
                // The last one may have been done or not: nothing is known of it.
                if let Some(id) = target {
                    acknowledged.remove(&id);
                }
                return acknowledged;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_has_lost_nothing_that_it_acknowledged() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url()).with("FLORIN__AUTH__SECRET", "the same secret before and after a crash");
    let mut server = place.serve().await;
    let mut user = sign_up(&mut server).await;
    let mut known: BTreeMap<i64, Option<Value>> = BTreeMap::new();
    for round in 0..3 {
        let count = Arc::new(AtomicU64::new(0));
        let writer = |n| tokio::spawn(write(user.clone(), round * 10 + n, Arc::clone(&count)));
        let writers: Vec<_> = (0..6).map(writer).collect();
        // By what was done and not by time: a machine may be busy with something else.
        while count.load(Ordering::Relaxed) < 60 + 40 * round {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.signal("KILL");
        server.child.wait().await.unwrap();
        let mut acknowledged = 0;
        for writer in writers {
            let of_one = writer.await.unwrap();
            acknowledged += of_one.len();
            known.extend(of_one);
        }
        assert!(acknowledged > 10, "{acknowledged}");

        let began = std::time::Instant::now();
        server = place.serve().await;
        server.client.at("GET", "/readyz").await.expect(200);
        assert!(began.elapsed() < Duration::from_secs(2), "ready in time: {:?}", began.elapsed());
        let tokens = server.client.login(&user.email, &user.password).await.expect(200);
        user = User::of(&server.client, &tokens, &user.password);
        for (id, row) in &known {
            let found = user.expense(*id).await;
            match row {
                Some(row) => assert_eq!(&found.expect(200).json, row),
                None => assert_eq!(found.status, 404, "{found:?}"),
            }
        }
        acceptance::books::assert_sound(&user).await;
        let (code, stdout, stderr) = place.outcome(&["verify"]);
        assert_eq!(code, 0, "{stdout}{stderr}");
    }
}
