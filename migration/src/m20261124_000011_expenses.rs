//! `expenses`: what people spent, deleted ones included (`live` 0). One index for each order and filter of the lists.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("expenses")
            .column("id", Kind::Big)
            .column("user_id", Kind::Big)
            .column("amount", Kind::Big)
            .column("date", Kind::Date)
            .column("notes", Kind::Text(500))
            .column("notes_words", Kind::LongText)
            .column("category_id", Kind::Big)
            .column("categorization_source", Kind::Text(20))
            .nullable("categorization_matched", Kind::LongText)
            .column("categorization_bp", Kind::Int)
            .nullable("external_id", Kind::Text(100))
            .column("logged_at", Kind::Big)
            .column("logged_on", Kind::Date)
            .column("imported", Kind::Small)
            .column("live", Kind::Small)
            .column("version", Kind::Big)
            .column("updated_at", Kind::Big)
            .column("last_action", Kind::Big)
            .primary_key(&["id"])
            .unique("expenses_external_id", &["user_id", "external_id"])
            .index("expenses_by_date", &["user_id", "live", "date", "id"])
            .index("expenses_by_amount", &["user_id", "live", "amount", "id"])
            .index("expenses_by_logged_at", &["user_id", "live", "logged_at", "id"])
            .index("expenses_by_category", &["user_id", "live", "category_id", "date", "id"])
            .index("expenses_by_action", &["user_id", "last_action", "id"])
            .check(Expr::col("amount").between(1_i64, 1_000_000_000_000_i64))
            .check(Expr::col("live").is_in([0_i16, 1_i16]))
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "expenses").await
    }
}
