//! Reading requests and writing what goes over the wire: strict JSON, one field reader for bodies and queries, entity
//! tags, cursors.

pub mod base64url;
pub mod body;
pub mod cursor;
pub mod etag;
pub mod json;
pub mod operation;
pub mod path;
pub mod query;
pub mod reader;

pub use body::{Json, OptionalJson};
pub use etag::{IfMatch, IfNoneMatch};
pub use operation::Operation;
pub use path::{Id, Name};
pub use query::{NoQuery, Query};
pub use reader::{Field, Fields, Patch, Reader};
