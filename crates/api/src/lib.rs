//! Florin's HTTP server: routes, request reading, problem answers, OpenAPI. No rule of the product and no SQL live here.

pub mod auth;
pub mod cli;
pub mod compose;
pub mod edge;
pub mod housekeeping;
pub mod openapi;
pub mod problem;
pub mod reply;
pub mod retry;
pub mod routes;
pub mod server;
pub mod task;
pub mod wire;
