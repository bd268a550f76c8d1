//! What the wallet needs of the world, as arguments.

use aws_lc_rs::rand::SecureRandom;
use tessera_verifier::time::Timestamp;

use crate::transport::Transport;

/// Tells the time.
pub trait Clock {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Network, randomness and clock, handed to every operation that needs them.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Sends HTTP requests.
    pub transport: &'a dyn Transport,
    /// Keys, salts and nonces.
    pub rng: &'a dyn SecureRandom,
    /// The time.
    pub clock: &'a dyn Clock,
}
