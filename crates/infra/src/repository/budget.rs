//! (being written)

use crate::db::Database;

/// Placeholder.
#[derive(Debug)]
pub struct SqlBudgetRepository(Database);

impl SqlBudgetRepository {
    /// On that database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self(database)
    }
}
