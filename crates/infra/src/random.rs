//! Randomness of the operating system.

use florin_app::port::Random;

/// Draws numbers from the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn number(&self) -> u64 {
        // Without it everything still works, only at one moment.
        getrandom::u64().unwrap_or_default()
    }
}
