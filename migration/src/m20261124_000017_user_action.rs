//! `user_action`: the append-only log. `undoable` and `redoable` follow from `effect` and `reversed_by`; they are stored
//! so that the latest of either is one step in an index.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("user_action")
            .column("user_id", Kind::Big)
            .column("seq", Kind::Big)
            .column("kind", Kind::Text(16))
            .column("at", Kind::Big)
            .nullable("reverses", Kind::Big)
            .nullable("reversed_by", Kind::Big)
            .column("root", Kind::Big)
            .column("effect", Kind::Small)
            .column("undoable", Kind::Small)
            .column("redoable", Kind::Small)
            .column("operation", Kind::Text(255))
            .nullable("salt", Kind::Bytes(16))
            .nullable("payload", Kind::LongText)
            .column("payload_hash", Kind::Bytes(32))
            .column("hash", Kind::Bytes(32))
            .primary_key(&["user_id", "seq"])
            .unique("user_action_operation", &["user_id", "operation"])
            .index("user_action_undoable", &["user_id", "undoable", "seq"])
            .index("user_action_redoable", &["user_id", "redoable", "seq"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "user_action").await
    }
}
