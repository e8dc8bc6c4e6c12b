//! `login_event`: the audit trail of accounts. `user_id` is NULL where no account has the address that was named.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("login_event")
            .column("id", Kind::Big)
            .nullable("user_id", Kind::Big)
            .nullable("actor_id", Kind::Big)
            .column("at", Kind::Big)
            .column("event", Kind::Text(24))
            .column("outcome", Kind::Text(16))
            .column("ip", Kind::Text(64))
            .column("user_agent", Kind::Text(200))
            .primary_key(&["id"])
            .index("login_event_user", &["user_id", "at", "id"])
            .index("login_event_at", &["at", "id"])
            .index("login_event_actor", &["actor_id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "login_event").await
    }
}
