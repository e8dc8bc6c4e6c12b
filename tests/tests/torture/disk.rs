//! The disk is full, or the database takes no writes.

use std::time::Duration;

use acceptance::books;
use acceptance::database::{Engine, migrate};
use acceptance::torture::mount::SmallDisk;
use acceptance::torture::{DatabaseServer, Fleet, Outcome, Person, figure, fleet, seed, size};

/// No disk here has room for so many operations of one person.
const MOST: usize = 20_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_reads_go_on_and_it_heals_by_itself() {
    let rounds = size(1, 2, 5);
    let (database, server, disk, _log) = match Engine::chosen() {
        Engine::Sqlite => {
            let disk = SmallDisk::of_megabytes(24);
            let url = format!("sqlite://{}/florin.db", disk.path().display());
            migrate(&url).await;
            (url, None, disk, None)
        }
        Engine::MySql(_) => {
            let disk = SmallDisk::of_megabytes(160);
            let server = DatabaseServer::start_in(&disk.folder("server"), None).await;
            (server.url(), Some(server), disk, None)
        }
        // PostgreSQL ends when there is no room for its log: that has a disk of its own, as its documentation advises.
        Engine::Postgres(_) => {
            let (disk, log) = (SmallDisk::of_megabytes(80), SmallDisk::of_megabytes(80));
            let server = DatabaseServer::start_in(&disk.folder("server"), Some(&log.folder("log"))).await;
            (server.url(), Some(server), disk, Some(log))
        }
    };
    let mut fleet = Fleet::start(&database, 2).await;
    let mut people = fleet.people(4, seed()).await;
    let mut refused = 0;
    for _ in 0..rounds {
        people = acknowledged(people, 5).await;
        disk.fill();
        let mut full = Vec::new();
        for (person, outcome) in fleet::work(people, MOST).await {
            assert_eq!(outcome, Outcome::Refused, "a full disk takes no {MOST} operations: {person:?}");
            refused += 1;
            full.push(person);
        }
        people = full;
        refused += write_on(&mut people, &disk).await;
        for person in &people {
            for client in &person.clients {
                books::assert_sound(client).await;
            }
        }
        for n in 0..fleet.len() {
            fleet.client(n).at("GET", "/livez").await.expect(200);
        }
        disk.free();
        fleet::reconcile(&mut people).await;
        people = acknowledged(people, 5).await;
    }
    if let Some(server) = &server {
        people = read_only(server, people).await;
    }
    fleet::reconcile(&mut people).await;
    fleet.verify();
    let acknowledged: usize = people.iter().map(|person| person.acknowledged).sum();
    figure(
        "disk full",
        &format!(
            "{rounds} times, {acknowledged} acknowledged, {refused} answered 507, 0 lost, 0 partial, reads went on, healed by itself"
        ),
    );
    drop(fleet);
    drop(server);
}

/// Everybody does so many operations, with nothing in the way.
async fn acknowledged(people: Vec<Person>, operations: usize) -> Vec<Person> {
    let mut done = Vec::new();
    for (person, outcome) in fleet::work(people, operations).await {
        assert_eq!(outcome, Outcome::Acknowledged, "{person:?}");
        done.push(person);
    }
    done
}

/// Everybody goes on writing on the full disk: mostly they are refused, and what is not is whole. Reads are served. Returns how
/// many writes were refused.
async fn write_on(people: &mut [Person], disk: &SmallDisk) -> usize {
    let mut refused = 0;
    while refused < 12 {
        for person in &mut *people {
            // What the database gave back meanwhile, if it did.
            disk.fill();
            match person.step().await {
                Outcome::Acknowledged => {}
                Outcome::Refused => refused += 1,
                Outcome::Unknown => panic!("a full disk is told as one: {person:?}"),
            }
            for client in &person.clients {
                client.get("/expenses?limit=20").await.expect(200);
            }
        }
    }
    refused
}

/// The server takes no writes, as after a failover: they are answered 503, reads go on, and it heals by itself.
async fn read_only(server: &DatabaseServer, people: Vec<Person>) -> Vec<Person> {
    let is_mysql = matches!(Engine::chosen(), Engine::MySql(_));
    let set = async |is_on: bool| {
        if is_mysql {
            server.execute(&format!("SET GLOBAL read_only = {}", u8::from(is_on))).await;
        } else {
            server.execute(&format!("ALTER SYSTEM SET default_transaction_read_only = {is_on}")).await;
            server.execute("SELECT pg_reload_conf()").await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    set(true).await;
    let mut waiting = Vec::new();
    for mut person in people {
        // Who is answered 503 is told when to come again: `step` looks at it.
        assert_eq!(person.step().await, Outcome::Unknown, "{person:?}");
        for client in &person.clients {
            books::assert_sound(client).await;
        }
        waiting.push(person);
    }
    set(false).await;
    fleet::reconcile(&mut waiting).await;
    let people = acknowledged(waiting, 5).await;
    figure("a database that takes no writes", "writes 503 with Retry-After, reads 200, healed by itself");
    people
}
