//! What paged lists have in common.

use super::Reader;

/// Reads `limit`: 1 to 200, 50 when it is left out.
pub(crate) fn read_limit(r: &mut Reader<'_>) -> u64 {
    let limit = r.get("limit").integer(1..=200).and_then(|limit| u64::try_from(limit).ok());
    limit.unwrap_or(50)
}
