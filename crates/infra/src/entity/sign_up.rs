//! `sign_up`: sign-ups whose address is not proved yet; hashes of codes are 32 bytes.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_up")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub user_id: i64,
    pub code_hash: Vec<u8>,
    pub code_expires_at: i64,
    pub created_at: i64,
    pub name: String,
    pub currency: String,
    pub timezone: String,
    pub password_hash: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
