//! `user_action`: the logs.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_action")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub kind: String,
    pub at: i64,
    pub reverses: Option<i64>,
    pub reversed_by: Option<i64>,
    pub root: i64,
    pub effect: i16,
    pub undoable: i16,
    pub redoable: i16,
    pub operation: String,
    pub salt: Option<Vec<u8>>,
    pub payload: Option<String>,
    pub payload_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
