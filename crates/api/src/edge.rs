//! What happens to every request around its handler: an id, a log line, figures, security headers, problem bodies, a cap
//! on requests in flight, and a net for panics. One middleware, so that the order is plain to see.

pub mod client;
pub mod in_flight;
