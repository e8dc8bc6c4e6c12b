//! How many requests of one client are being worked on, work that its client no longer waits for included.

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::StatusCode;

use super::client::network;
use crate::problem::{self, Problem};

tokio::task_local! {
    static CURRENT: Option<Arc<Slot>>;
}

/// The place of the request that is being handled; whoever keeps it keeps the request counted.
#[must_use]
pub fn current() -> Option<Arc<Slot>> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

/// Counts requests in flight by client.
#[derive(Debug, Clone)]
pub struct InFlight {
    most: usize,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A place in the count, given back when it is dropped.
#[derive(Debug)]
pub struct Slot {
    client: IpAddr,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl InFlight {
    /// At most `most` requests of one client at once; 0 for any number.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, counts: Arc::default() }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// 429 when the client has too many already.
    pub fn enter(&self, client: Option<IpAddr>) -> problem::Result<Option<Arc<Slot>>> {
        let Some(client) = client.filter(|_| self.most > 0).map(network) else { return Ok(None) };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client).or_default();
        if *count >= self.most {
            let detail = "too many requests of this client are being worked on; wait for their answers";
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_in_flight", detail).retry_after(1));
        }
        *count += 1;
        drop(counts);
        Ok(Some(Arc::new(Slot { client, counts: Arc::clone(&self.counts) })))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

/// Runs `work` in a place that [`current`] knows.
pub(super) fn within<F: Future>(slot: Option<Arc<Slot>>, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(slot, work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_its_places_back() {
        let in_flight = InFlight::new(2);
        let client: Option<IpAddr> = "192.0.2.1".parse().ok();
        let (first, _second) = (in_flight.enter(client).unwrap(), in_flight.enter(client).unwrap());
        assert_eq!(in_flight.enter(client).unwrap_err().code(), "too_many_in_flight");
        assert!(in_flight.enter("192.0.2.2".parse().ok()).is_ok());
        drop(first);
        let _third = in_flight.enter(client).unwrap();
        assert!(in_flight.enter("::ffff:192.0.2.1".parse().ok()).is_err());
        assert!(InFlight::new(0).enter(client).unwrap().is_none());
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_client() {
        let in_flight = InFlight::new(1);
        let _first = in_flight.enter("2001:db8::1".parse().ok()).unwrap();
        assert!(in_flight.enter("2001:db8::ffff:2".parse().ok()).is_err());
        assert!(in_flight.enter("2001:db8:0:1::1".parse().ok()).is_ok());
    }
}
