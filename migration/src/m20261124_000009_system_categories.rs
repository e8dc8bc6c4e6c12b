//! The system's categories. Their identifiers are part of the product and never change.

use sea_orm_migration::prelude::*;

/// Name and slug, in the order of their identifiers from 1.
const SYSTEM: [(&str, &str); 19] = [
    ("Food", "food"),
    ("Travel", "travel"),
    ("Rent", "rent"),
    ("Grocery", "grocery"),
    ("Entertainment", "entertainment"),
    ("Fitness", "fitness"),
    ("Utilities", "utilities"),
    ("Household", "household"),
    ("Vehicle", "vehicle"),
    ("Health", "health"),
    ("Personal Care", "personal-care"),
    ("Shopping", "shopping"),
    ("Education", "education"),
    ("Family", "family"),
    ("Gifts", "gifts"),
    ("Insurance", "insurance"),
    ("Finance", "finance"),
    ("Savings", "savings"),
    ("Uncategorized", "uncategorized"),
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut rows = Query::insert();
        rows.into_table("category").columns(["id", "user_id", "name", "slug", "live_slug", "version"]);
        for (id, (name, slug)) in (1_i64..).zip(SYSTEM) {
            rows.values([id.into(), 0_i64.into(), name.into(), slug.into(), slug.into(), 1_i64.into()])
                .map_err(|error| DbErr::Migration(error.to_string()))?;
        }
        rows.on_conflict(OnConflict::column("id").do_nothing_on(["id"]).to_owned());
        manager.execute(rows).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let system = Expr::col("user_id").eq(0_i64);
        manager.execute(Query::delete().from_table("category").and_where(system).take()).await
    }
}
