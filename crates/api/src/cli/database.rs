//! The database, before anything works with it.

use florin_infra::db::{Database, SchemaState};
use florin_infra::settings::Settings;
use secrecy::ExposeSecret;

use super::failure::Failure;
use super::output;

/// Whether the database lives in a file of this machine, which the server owns and may make and migrate by itself.
pub(super) fn is_embedded(settings: &Settings) -> bool {
    settings.database.url.expose_secret().starts_with("sqlite:")
}

/// Makes and migrates the database, and prints one line of JSON for each migration that it applied.
pub(super) async fn migrate(settings: &Settings) -> Result<(), Failure> {
    let database = Database::of(settings, true).await?;
    let applied = database.migrate().await?;
    database.close().await;
    applied.iter().try_for_each(|name| output::write_json(&serde_json::json!({"type": "migration", "name": name})))
}

/// Connects to a database that is there and migrated; touches nothing otherwise.
pub(super) async fn open(settings: &Settings) -> Result<Database, Failure> {
    let database = Database::of(settings, false).await?;
    match database.schema_state().await? {
        SchemaState::Current => Ok(database),
        other => Err(Failure::database(other.to_string())),
    }
}
