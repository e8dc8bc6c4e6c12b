//! What stands in a stream: which delivery, and the number of its lease. Nothing of what it says, or to whom.

use florin_app::port::Handed;
use florin_domain::id::DeliveryId;
use redis::streams::StreamId;

const DELIVERY: &str = "id";
const FENCE: &str = "fence";

/// The fields of an entry.
pub(super) fn fields(delivery: DeliveryId, fence: i64) -> [String; 4] {
    [DELIVERY.to_owned(), delivery.0.to_string(), FENCE.to_owned(), fence.to_string()]
}

/// Entries as deliveries, and the identifiers of those that are none.
pub(super) fn read(entries: Vec<StreamId>) -> (Vec<Handed>, Vec<String>) {
    let (mut handed, mut strange) = (Vec::new(), Vec::new());
    for entry in entries {
        match (entry.get::<i64>(DELIVERY), entry.get::<i64>(FENCE)) {
            (Some(delivery), Some(fence)) => {
                handed.push(Handed { delivery: DeliveryId(delivery), fence, receipt: entry.id });
            }
            _ => strange.push(entry.id),
        }
    }
    (handed, strange)
}
