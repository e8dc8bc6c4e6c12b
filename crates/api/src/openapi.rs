//! The OpenAPI document: what the handlers' annotations say, completed by what holds for every operation.

mod complete;
pub(crate) mod inputs;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;
use utoipa::openapi::{RefOr, Response, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, OpenApi, ToSchema};

use crate::routes::{
    actions, admin, auth, batch, budgets, categories, changes, devices, erasure, expenses, export, insights, me,
    notifications, operations, oversight, passwords, phone, score, sessions, summary, tags, tokens, trail,
};

/// Every documented handler. The route table is in [`crate::routes`]; a test compares the two.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Florin",
        description = "Personal finance: expenses, budgets, a score, and a ledger that can take everything back.",
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/", description = "This server")),
    components(schemas(ProblemBody, FaultBody)),
    paths(
        auth::register, auth::verify, auth::request_code, auth::login, auth::refresh, auth::logout,
        passwords::change, passwords::forgot, passwords::reset,
        sessions::list, sessions::end, trail::list, tokens::create, tokens::list, tokens::revoke,
        me::get, me::update, me::forget_learned, erasure::erase, export::get,
        phone::get, phone::put, phone::delete, phone::verify,
        expenses::create, expenses::list, expenses::get, expenses::replace, expenses::update, expenses::delete,
        batch::run, changes::list,
        categories::list, categories::create, categories::get, categories::update, categories::delete,
        categories::keywords, categories::put_keywords, categories::categorize, categories::recategorize,
        tags::list, tags::rename, tags::delete,
        budgets::get, budgets::put, budgets::delete, budgets::put_total, budgets::delete_total,
        summary::get, score::get, score::history, insights::spending,
        actions::list, actions::undo, actions::redo, actions::reverse, actions::verify,
        notifications::list, notifications::read, notifications::read_all,
        notifications::preferences, notifications::put_preferences,
        devices::register, devices::list, devices::remove,
        admin::users, admin::user, admin::update, admin::revoke_sessions, admin::login_events, admin::stats,
        admin::verify, oversight::jobs, oversight::outbox, oversight::retry,
        operations::livez, operations::readyz, operations::metrics, operations::openapi_json,
    )
)]
struct Annotations;

/// The document.
///
/// # Errors
/// When an annotation cannot be written as JSON, which is a defect.
pub fn document() -> serde_json::Result<Value> {
    let mut document = serde_json::to_value(Annotations::openapi())?;
    complete::complete(&mut document);
    Ok(document)
}

/// The document as text: the bytes of `/openapi.json` and of `florin-api openapi`.
#[must_use]
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let text = document().and_then(|document| serde_json::to_string_pretty(&document));
        text.map(|text| text + "\n").unwrap_or_default()
    })
}

/// An error answer by RFC 9457.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[allow(dead_code, reason = "only its schema is used; the answers are made by `problem`")]
struct ProblemBody {
    /// `urn:florin:problem:` and the code.
    #[schema(format = "uri", example = "urn:florin:problem:invalid")]
    r#type: String,
    /// The status in words.
    title: String,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    status: i32,
    /// An explanation for people; it may change.
    detail: String,
    /// Stable snake_case code to switch on.
    #[schema(example = "invalid")]
    code: String,
    /// Names the request in the logs; also in `X-Request-Id`.
    #[schema(max_length = 64)]
    request_id: String,
    /// All faulty fields, with `invalid`.
    #[schema(nullable = false)]
    errors: Option<Vec<FaultBody>>,
    /// The actions that stand in the way of a reversal, with `conflict`.
    #[schema(nullable = false)]
    blocking_actions: Option<Vec<i64>>,
}

/// A fault of one field.
#[derive(ToSchema)]
#[schema(as = Fault)]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) struct FaultBody {
    /// JSON pointer to the field, or `/` and the name of a query parameter; empty for the body itself.
    #[schema(example = "/amount")]
    pointer: String,
    /// Stable snake_case code.
    #[schema(example = "required")]
    code: String,
    /// What is wrong with it.
    message: String,
}

/// The header of a conditional read.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only its schema is used; the header is read by `wire::etag`")]
pub(crate) struct IfNoneMatchHeader {
    /// Entity tags of the versions that the client has.
    #[param(rename = "If-None-Match", nullable = false, example = "\"3\"")]
    if_none_match: Option<String>,
}

/// The header of a conditional write.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only its schema is used; the header is read by `wire::etag`")]
pub(crate) struct IfMatchHeader {
    /// Entity tags of the versions that may be changed, such as `"3"`; any when it is left out.
    // Without an example, which pages that try an operation would send.
    #[param(rename = "If-Match", nullable = false)]
    if_match: Option<String>,
}

macro_rules! refusal {
    ($(#[$doc:meta])* $name:ident, $status:literal, $description:literal) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                // The body is added to every refusal when the document is completed.
                let response = ResponseBuilder::new().description($description).build();
                BTreeMap::from([($status.to_owned(), RefOr::T(response))])
            }
        }
    };
}

refusal!(
    /// 404, for what is absent or another person's.
    NotFound, "404", "`not_found`: it is not there, or not yours"
);
refusal!(
    /// 409.
    Conflict, "409", "The present state does not allow it; `code` says why"
);
refusal!(
    /// 412.
    Precondition, "412", "`precondition_failed`: it is not in the version that `If-Match` names"
);

#[cfg(test)]
mod tests;
