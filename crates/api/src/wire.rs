//! Reading requests and writing what goes over the wire: strict JSON, one field reader for bodies and queries, entity
//! tags, cursors, and the bodies of resources.

pub(crate) mod action;
pub(crate) mod admin;
pub mod base64url;
pub mod body;
pub(crate) mod budget;
pub(crate) mod category;
pub mod cursor;
pub mod etag;
pub(crate) mod expense;
pub(crate) mod export;
pub(crate) mod insights;
pub mod json;
pub(crate) mod money;
pub(crate) mod notification;
pub(crate) mod number;
pub(crate) mod oversight;
pub(crate) mod page;
pub mod path;
pub(crate) mod phone;
pub(crate) mod preferences;
pub mod query;
pub mod reader;
pub(crate) mod recategorize;
pub(crate) mod score;
pub(crate) mod summary;
pub(crate) mod trail;

pub use body::{Json, OptionalJson};
pub use etag::{IfMatch, IfNoneMatch, Untagged};
pub use path::{Id, Name};
pub use query::{NoQuery, Query};
pub use reader::{Field, Fields, Patch, Reader};
