//! Two servers on one database, with nothing wrong.

use acceptance::database::TestDatabase;
use acceptance::torture::{Fleet, Outcome, figure, fleet, seed, size};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_histories_through_two_servers_keep_the_books() {
    let (people, operations) = (16, size(40, 400, 6250));
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 2).await;
    let people = fleet.people(people, seed()).await;
    let mut acknowledged = 0;
    let mut done = Vec::new();
    for (person, outcome) in fleet::work(people, operations).await {
        assert_eq!(outcome, Outcome::Acknowledged, "nothing is in the way: {person:?}");
        acknowledged += person.acknowledged;
        done.push(person);
    }
    fleet::reconcile(&mut done).await;
    fleet.verify();
    figure(
        "any history",
        &format!("{acknowledged} random operations of {} people through two servers, 0 differences", done.len()),
    );
}
