//! `job_run`: runs of the scheduler's jobs.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_run")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub job: String,
    pub instance: String,
    pub started_at: i64,
    pub seen_at: i64,
    pub finished_at: Option<i64>,
    pub outcome: String,
    pub decided: i64,
    pub unreadable: i64,
    pub error: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
