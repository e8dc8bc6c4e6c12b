//! Where the counts are kept: in memory, and no more of them than fit.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use florin_domain::id::UserId;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

/// Who is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A signed-in person, whatever the token and the address.
    User(UserId),
    /// All requests from a network that nobody has signed.
    Network(IpAddr),
    /// Those among them that brought a token that is not in force.
    BadTokens(IpAddr),
    /// Everybody for whom there is no room of their own, or whose address is not known.
    Others,
}

/// A question to the limiter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ask {
    pub(super) key: Key,
    /// Whether it is only asked how things stand, and nothing is counted.
    pub(super) only_look: bool,
}

/// The counts: by key, when everything that it has used will have been given back. The limiter's own stores can neither be
/// looked at without counting nor be bounded.
#[derive(Debug)]
pub(super) struct Store {
    most: usize,
    given_back: Mutex<HashMap<Key, Nanos>>,
}

impl Store {
    /// Room for `most` keys; those that come later are counted together.
    pub(super) fn new(most: usize) -> Self {
        Self { most, given_back: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Nanos>> {
        self.given_back.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Store {
    type Key = Ask;

    fn measure_and_replace<T, F, E>(&self, ask: &Ask, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut given_back = self.lock();
        let is_full = given_back.len() >= self.most;
        let key = if is_full && !given_back.contains_key(&ask.key) { Key::Others } else { ask.key };
        let (outcome, next) = measure(given_back.get(&key).copied())?;
        if !ask.only_look {
            given_back.insert(key, next);
        }
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<Ask> for Store {
    fn retain_recent(&self, drop_below: Nanos) {
        self.lock().retain(|_, given_back| *given_back >= drop_below);
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}
