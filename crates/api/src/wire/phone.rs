//! Telephone numbers.

use florin_domain::calendar::Timestamp;
use florin_domain::repository::StoredPhone;
use serde::Serialize;
use utoipa::ToSchema;

/// A telephone number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PhoneBody {
    /// As E.164 writes it.
    #[schema(pattern = "^\\+[1-9][0-9]{7,14}$", example = "+919812345678")]
    phone: String,
    /// When a code proved it; `null` before.
    #[schema(required = true, format = "date-time")]
    proved_at: Option<String>,
}

impl From<StoredPhone> for PhoneBody {
    fn from(stored: StoredPhone) -> Self {
        Self { phone: stored.phone.to_string(), proved_at: stored.proved_at.map(Timestamp::to_rfc3339) }
    }
}
