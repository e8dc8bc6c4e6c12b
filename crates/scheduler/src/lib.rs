//! Florin's notification process: the composition root over the daily checks and the delivery of what they decide. It triggers,
//! and decides nothing: who should hear what is the business of `florin_app` and `florin_domain`. Tests start its parts in
//! their own process.

pub mod cli;
pub mod compose;
mod failure;
pub mod health;
mod once;
pub mod process;
mod timetable;
