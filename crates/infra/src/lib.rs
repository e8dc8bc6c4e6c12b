//! Adapters: storage through sea-orm on SQLite, MariaDB/MySQL and PostgreSQL, password hashing, tokens, settings,
//! telemetry. No rule of the product lives here, and no branch per database outside [`db`].

pub mod channel;
pub mod clock;
pub mod crash;
pub mod db;
mod entity;
mod id_allocator;
pub mod otp;
pub mod queue;
pub mod random;
pub mod repository;
pub mod security;
pub mod settings;
pub mod telemetry;
