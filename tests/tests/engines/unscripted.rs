//! A long random history, of which digests are kept.

use acceptance::history::request;
use acceptance::random::Random;
use acceptance::{Client, User, Value, snapshot};

use crate::record::Record;

async fn end(record: &mut Record, client: &Client) {
    for path in [
        "/expenses?limit=200",
        "/expenses?limit=200&sort=amount",
        "/actions?limit=200",
        "/tags",
        "/categories?include_archived=true",
        "/actions/verify",
        "/score/history?from=2025-01&to=2026-03",
        "/insights/spending?group_by=tag&from=2025-01-01&to=2026-12-31",
    ] {
        record.ask(client, "GET", &format!("/api/v1{path}"), &Value::Null).await;
    }
}

#[tokio::test]
async fn a_random_history_is_answered_alike_everywhere() {
    let mut record = Record::begin(true).await;
    let user: User = record.app.user().await;
    let mut random = Random::new(2026);
    for _ in 0..600 {
        record.app.clock.advance_millis(i64::try_from(random.below(3)).unwrap());
        let (method, path, body) = request(&mut random);
        record.ask(&user, method, &format!("/api/v1{path}"), &body).await;
    }
    end(&mut record, &user).await;
    acceptance::books::assert_sound(&user).await;
    snapshot::assert("random.txt", &record.text);
}
