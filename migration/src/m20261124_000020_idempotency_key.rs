//! `idempotency_key`: what was answered to a write that named a key, stored in the transaction of its effect. Key and request
//! appear as hashes, the answer sealed.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("idempotency_key")
            .column("user_id", Kind::Big)
            .column("key_hash", Kind::Bytes(32))
            .column("fingerprint", Kind::Bytes(32))
            .column("answer", Kind::LongBytes)
            .column("created_at", Kind::Big)
            .primary_key(&["user_id", "key_hash"])
            .index("idempotency_key_created_at", &["created_at"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "idempotency_key").await
    }
}
