//! Databases of every release are brought forward, on every engine, also when the program that does it is killed, and when
//! several do it at once. With `TORTURE` set, more often; see `acceptance::torture`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod at_once;
mod forward;
mod killed;
mod released;

use acceptance::binary::Place;
use acceptance::database::{TestDatabase, schema};
use tokio::sync::OnceCell;

/// The row of docs/reliability.md.
const ROW: &str = "upgrades";

/// The schema of a database.
async fn schema_of(database: &TestDatabase) -> Vec<String> {
    let connection = database.connect().await;
    let schema = schema(&connection).await;
    connection.close().await.unwrap();
    schema
}

/// The schema as it is when nothing comes between.
async fn wanted() -> &'static [String] {
    static WANTED: OnceCell<Vec<String>> = OnceCell::const_new();
    WANTED.get_or_init(|| async { schema_of(&TestDatabase::migrated().await).await }).await
}

/// Migrates with the program, to the end, and looks at what came out.
async fn migrate(place: &Place, database: &TestDatabase) {
    let (code, stdout, stderr) = place.outcome(&["migrate"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert_eq!(schema_of(database).await, wanted().await, "the schema is what it is when nothing comes between");
    let (code, stdout, stderr) = place.outcome(&["verify"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
}
