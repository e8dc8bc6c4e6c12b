//! `user_login`: accounts.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_login")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub email: String,
    pub name: String,
    pub user_type: String,
    pub currency: String,
    pub timezone: String,
    pub created_at: i64,
    pub verified_at: Option<i64>,
    pub disabled_at: Option<i64>,
    pub erased_at: Option<i64>,
    pub learned_since: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
