//! Florin's use cases: what a person can do, as concrete services over the domain's repository ports and the technical
//! ports of this crate. Nothing here knows of HTTP, SQL or a wire format.

pub mod access;
pub mod admin;
pub mod auth;
pub mod budgets;
pub mod categories;
pub mod daily_checks;
pub mod deliveries;
pub mod demo;
pub mod devices;
pub mod erasure;
pub mod error;
pub mod expenses;
pub mod export;
pub mod housekeeping;
pub mod inbox;
pub mod insights;
mod lessons;
pub mod operator;
pub mod oversight;
pub mod port;
pub mod preferences;
pub mod receipts;
pub mod sessions;
pub mod tokens;
pub mod trail;
pub mod undo;
pub mod writer;
