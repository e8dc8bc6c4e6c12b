//! The readers of `florin_api::wire`, from the same files.

#[path = "../../../crates/api/src/wire/base64url.rs"]
pub mod base64url;
#[path = "../../../crates/api/src/wire/cursor/bound.rs"]
pub mod bound;
#[path = "../../../crates/api/src/wire/json.rs"]
pub mod json;

/// Cursors.
pub mod cursor {
    pub use super::bound;
}
