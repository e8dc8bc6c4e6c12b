//! The index of `external_id` leaves out the expenses without one, which are most: nobody looks for them by it, and each would
//! cost every write a page more. On SQLite and PostgreSQL: MySQL and MariaDB know no such indexes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

const COLUMNS: &str = "(user_id, external_id) WHERE external_id IS NOT NULL";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Also where SQLite would not have one of its own: a table is missing between its end and its return.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = match manager.get_database_backend() {
            DbBackend::MySql => return Ok(()),
            DbBackend::Postgres => format!(
                "CREATE UNIQUE INDEX expenses_external_id_new ON expenses {COLUMNS};
                 ALTER TABLE expenses DROP CONSTRAINT IF EXISTS expenses_external_id;
                 DROP INDEX IF EXISTS expenses_external_id;
                 ALTER INDEX expenses_external_id_new RENAME TO expenses_external_id"
            ),
            _ => format!("{}; CREATE UNIQUE INDEX expenses_external_id ON expenses {COLUMNS}", anew("")),
        };
        manager.get_connection().execute_unprepared(&statements).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = match manager.get_database_backend() {
            DbBackend::MySql => return Ok(()),
            DbBackend::Postgres => "DROP INDEX expenses_external_id;
                 ALTER TABLE expenses ADD CONSTRAINT expenses_external_id UNIQUE (user_id, external_id)"
                .to_owned(),
            _ => anew(r#"CONSTRAINT "expenses_external_id" UNIQUE ("user_id", "external_id"), "#),
        };
        manager.get_connection().execute_unprepared(&statements).await.map(drop)
    }
}

/// SQLite cannot let go of a constraint: the table is made anew, with this one or without, its rows are copied, and every index
/// is made again.
fn anew(constraint: &str) -> String {
    format!(
        r#"CREATE TABLE "expenses_new" ( "id" INTEGER NOT NULL, "user_id" INTEGER NOT NULL, "amount" INTEGER NOT NULL,
           "date" TEXT NOT NULL, "notes" TEXT NOT NULL, "notes_words" TEXT NOT NULL, "category_id" INTEGER NOT NULL,
           "categorization_source" TEXT NOT NULL, "categorization_matched" TEXT NULL, "categorization_bp" INTEGER NOT NULL,
           "external_id" TEXT NULL, "logged_at" INTEGER NOT NULL, "logged_on" TEXT NOT NULL, "imported" INTEGER NOT NULL,
           "live" INTEGER NOT NULL, "version" INTEGER NOT NULL, "updated_at" INTEGER NOT NULL, "last_action" INTEGER NOT NULL,
           "categorization_model" INTEGER NULL, "category_chosen_at" INTEGER NULL, PRIMARY KEY ("id"), {constraint}
           CHECK ("amount" BETWEEN 1 AND 1000000000000), CHECK ("live" IN (0, 1)) ) STRICT;
           INSERT INTO "expenses_new" SELECT "id", "user_id", "amount", "date", "notes", "notes_words", "category_id",
           "categorization_source", "categorization_matched", "categorization_bp", "external_id", "logged_at", "logged_on",
           "imported", "live", "version", "updated_at", "last_action", "categorization_model", "category_chosen_at"
           FROM "expenses" ORDER BY "id";
           DROP TABLE "expenses";
           ALTER TABLE "expenses_new" RENAME TO "expenses";
           CREATE INDEX "expenses_by_amount" ON "expenses" ("user_id", "live", "amount", "id");
           CREATE INDEX "expenses_by_logged_at" ON "expenses" ("user_id", "live", "logged_at", "id");
           CREATE INDEX "expenses_by_category" ON "expenses" ("user_id", "live", "category_id", "date", "id");
           CREATE INDEX "expenses_by_action" ON "expenses" ("user_id", "last_action", "id");
           CREATE INDEX "expenses_by_date" ON "expenses" ("user_id", "live", "date", "id", "logged_on", "imported",
           "category_id", "amount")"#
    )
}
