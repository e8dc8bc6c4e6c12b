//! The tables as sea-orm sees them. What the columns mean stands in the migrations; what they mean to the product, in the
//! domain. Nothing here leaves this crate.

// sea-orm's derives need `pub` items; that they go no further than this crate is said once, where the module is declared.
#![allow(unreachable_pub, missing_docs)]

pub mod category;
pub mod category_budget;
pub mod daily_run;
pub mod device;
pub mod expense;
pub mod id_range;
pub mod idempotency_key;
pub mod job_run;
pub mod keyword;
pub mod last_user_action;
pub mod login_event;
pub mod monthly_expense;
pub mod notification;
pub mod notification_delivery;
pub mod notification_preference;
pub mod one_time_code;
pub mod personal_token;
pub mod refresh_token;
pub mod session;
pub mod sign_up;
pub mod tag;
pub mod tag_map;
pub mod throttle;
pub mod user_action;
pub mod user_cred;
pub mod user_login;
pub mod user_phone;
