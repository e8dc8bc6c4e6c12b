//! `notification_delivery`: the outbox: a row for each channel and place that a notification goes to. `target` is a device, or 0. `next_at` is when it is
//! tried next, or until when it is leased; each lease counts `fence` up.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification_delivery")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub notification_id: i64,
    pub user_id: i64,
    pub channel: String,
    pub target: i64,
    pub state: i16,
    pub attempts: i32,
    pub fence: i64,
    pub leased_by: Option<i64>,
    pub next_at: i64,
    pub created_at: i64,
    pub settled_at: Option<i64>,
    pub last_error: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
