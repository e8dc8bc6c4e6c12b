//! `expenses`: expenses, deleted ones included.

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "expenses")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub user_id: i64,
    pub amount: i64,
    pub date: NaiveDate,
    pub notes: String,
    pub notes_words: String,
    pub category_id: i64,
    pub categorization_source: String,
    pub categorization_matched: Option<String>,
    pub categorization_bp: i32,
    pub categorization_model: Option<i32>,
    pub category_chosen_at: Option<i64>,
    pub external_id: Option<String>,
    pub logged_at: i64,
    pub logged_on: NaiveDate,
    pub imported: i16,
    pub live: i16,
    pub version: i64,
    pub updated_at: i64,
    pub last_action: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
