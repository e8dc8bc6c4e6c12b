//! Florin's database schema: one change a file, up and down, for SQLite, MariaDB/MySQL and PostgreSQL.
//!
//! A migration that has been released is never edited; a new one changes what it made. None of them takes a lock:
//! whoever runs [`Migrator`] holds one, since two instances may start together.

// The trait elides the lifetime of `SchemaManager`, and async-trait accepts no other spelling in the implementations.
#![allow(elided_lifetimes_in_paths)]

mod table;

pub use sea_orm_migration;

mod m20261124_000001_id_range;
mod m20261124_000002_id_range_rows;
mod m20261124_000003_user_login;
mod m20261124_000004_user_cred;
mod m20261124_000005_session;
mod m20261124_000006_refresh_token;
mod m20261124_000007_one_time_code;
mod m20261124_000008_category;
mod m20261124_000009_system_categories;
mod m20261124_000010_keyword;
mod m20261124_000011_expenses;
mod m20261124_000012_tags;
mod m20261124_000013_tag_map;
mod m20261124_000014_monthly_expense;
mod m20261124_000015_category_budget;
mod m20261124_000016_last_user_action;
mod m20261124_000017_user_action;
mod m20261124_000018_login_event;
mod m20261124_000019_throttle;
mod m20261124_000020_idempotency_key;
mod m20261124_000021_personal_token;
mod m20261124_000022_sign_up;
mod m20261124_000023_erased_at;
mod m20261124_000024_more_id_ranges;
mod m20261124_000025_pruning_indexes;
mod m20261125_000026_notification_preference;
mod m20261125_000027_notification;
mod m20261125_000028_notification_delivery;
mod m20261125_000029_device;
mod m20261125_000030_user_phone;
mod m20261125_000031_daily_run;
mod m20261125_000032_job_run;
mod m20261125_000033_notification_id_ranges;
mod m20261125_000034_timezone_index;
mod m20261130_000035_covering_index;
mod m20261130_000036_categorization_model;
mod m20261130_000037_learning;
mod m20261130_000038_sparse_external_id;
mod m20261130_000039_sparse_redoable;
mod m20261201_000040_sparse_revoked_at;
mod m20261201_000041_merge_threshold;

use sea_orm_migration::prelude::*;

/// The migrations in their order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261124_000001_id_range::Migration),
            Box::new(m20261124_000002_id_range_rows::Migration),
            Box::new(m20261124_000003_user_login::Migration),
            Box::new(m20261124_000004_user_cred::Migration),
            Box::new(m20261124_000005_session::Migration),
            Box::new(m20261124_000006_refresh_token::Migration),
            Box::new(m20261124_000007_one_time_code::Migration),
            Box::new(m20261124_000008_category::Migration),
            Box::new(m20261124_000009_system_categories::Migration),
            Box::new(m20261124_000010_keyword::Migration),
            Box::new(m20261124_000011_expenses::Migration),
            Box::new(m20261124_000012_tags::Migration),
            Box::new(m20261124_000013_tag_map::Migration),
            Box::new(m20261124_000014_monthly_expense::Migration),
            Box::new(m20261124_000015_category_budget::Migration),
            Box::new(m20261124_000016_last_user_action::Migration),
            Box::new(m20261124_000017_user_action::Migration),
            Box::new(m20261124_000018_login_event::Migration),
            Box::new(m20261124_000019_throttle::Migration),
            Box::new(m20261124_000020_idempotency_key::Migration),
            Box::new(m20261124_000021_personal_token::Migration),
            Box::new(m20261124_000022_sign_up::Migration),
            Box::new(m20261124_000023_erased_at::Migration),
            Box::new(m20261124_000024_more_id_ranges::Migration),
            Box::new(m20261124_000025_pruning_indexes::Migration),
            Box::new(m20261125_000026_notification_preference::Migration),
            Box::new(m20261125_000027_notification::Migration),
            Box::new(m20261125_000028_notification_delivery::Migration),
            Box::new(m20261125_000029_device::Migration),
            Box::new(m20261125_000030_user_phone::Migration),
            Box::new(m20261125_000031_daily_run::Migration),
            Box::new(m20261125_000032_job_run::Migration),
            Box::new(m20261125_000033_notification_id_ranges::Migration),
            Box::new(m20261125_000034_timezone_index::Migration),
            Box::new(m20261130_000035_covering_index::Migration),
            Box::new(m20261130_000036_categorization_model::Migration),
            Box::new(m20261130_000037_learning::Migration),
            Box::new(m20261130_000038_sparse_external_id::Migration),
            Box::new(m20261130_000039_sparse_redoable::Migration),
            Box::new(m20261201_000040_sparse_revoked_at::Migration),
            Box::new(m20261201_000041_merge_threshold::Migration),
        ]
    }
}
