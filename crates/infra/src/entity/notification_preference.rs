//! `notification_preference`: what people want to hear: a row for who chose something. `levels` and `channels` are words with commas between; NULL channels
//! leave it to the operator; `least_level` is the lowest of `levels`, for the scan.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification_preference")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: i64,
    pub overspend: i16,
    pub levels: String,
    pub least_level: i32,
    pub inactivity: i16,
    pub hour: i16,
    pub channels: Option<String>,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
