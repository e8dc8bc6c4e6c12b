//! `notification`: what people were told. `category_id` is 0 for the overall limit; `basis` is what re-arms: the limit in minor units, or the number
//! of the last logging act; `level` is the percentage or the stage. A cancelled one gives its key back.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub user_id: i64,
    pub kind: String,
    pub dedupe_key: String,
    pub created_at: i64,
    pub read_at: Option<i64>,
    pub cancelled_at: Option<i64>,
    pub basis: i64,
    pub level: i32,
    pub category_id: Option<i64>,
    pub category_name: Option<String>,
    pub month: Option<i32>,
    pub spent: Option<i64>,
    pub currency: Option<String>,
    pub days: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
