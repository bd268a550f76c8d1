//! A run of chip authentication kept as its seed and the messages so far, so that no secret state has
//! to outlive one step and any replica of the issuer can take the next.

use rand_core::{CryptoRng, RngCore};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Advance, ChipAuthenticated, ChipAuthentication, RelayCommand};
use crate::error::CardError;

/// Largest DG14 a run is begun with, in octets: several keys with their parameters spelled out.
const MOST_DG14: usize = 4096;

/// Where a run stands after the messages given.
pub enum Resumed {
    /// The chip has to answer this.
    Relay(RelayCommand),
    /// The chip is genuine.
    Done(ChipAuthenticated),
}

impl ChipAuthentication {
    /// Runs chip authentication from its beginning with the key that `seed` yields: `dg14`, then the
    /// chip's `answers` so far. The same arguments lead to the same step; `seed` is secret, random, and
    /// for one run. Whoever keeps a run only ever appends answers to it: a second answer to the same
    /// message would be a second try.
    ///
    /// # Errors
    /// As [`ChipAuthentication::start`] and [`ChipAuthentication::advance`];
    /// [`CardError::Protocol`] for answers after the last.
    ///
    /// # Example
    /// ```
    /// use tessera_card::ChipAuthentication;
    ///
    /// let nothing = [0x6E, 0x02, 0x31, 0x00];
    /// let error = ChipAuthentication::resume(&[7; 32], &nothing, &[]).err();
    /// assert_eq!(error.map(|error| error.code()), Some("chip_auth_missing"));
    /// ```
    pub fn resume(seed: &[u8; 32], dg14: &[u8], answers: &[Vec<u8>]) -> Result<Resumed, CardError> {
        if dg14.len() > MOST_DG14 {
            return Err(CardError::TooLarge {
                what: "DG14",
                limit: MOST_DG14,
            });
        }
        let mut stream = Stream::new(seed);
        let (mut run, mut command) = Self::start(dg14, &mut stream)?;
        let mut answers = answers.iter();
        while let Some(answer) = answers.next() {
            match run.advance(answer)? {
                Advance::Relay(next, following) => (run, command) = (*next, following),
                Advance::Done(_) if answers.len() > 0 => {
                    return Err(CardError::Protocol("an answer after the last"));
                }
                Advance::Done(done) => return Ok(Resumed::Done(done)),
            }
        }
        Ok(Resumed::Relay(command))
    }
}

/// SHA-256 over seed and block number: unpredictable without the seed, the same with it.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Stream {
    seed: [u8; 32],
    blocks: u64,
    block: Vec<u8>,
}

impl Stream {
    fn new(seed: &[u8; 32]) -> Self {
        Self {
            seed: *seed,
            blocks: 0,
            block: Vec::new(),
        }
    }
}

impl RngCore for Stream {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, octets: &mut [u8]) {
        for octet in octets {
            if self.block.is_empty() {
                let hash = Sha256::new()
                    .chain_update(b"chip authentication")
                    .chain_update(self.seed)
                    .chain_update(self.blocks.to_be_bytes());
                self.block = hash.finalize().to_vec();
                self.blocks = self.blocks.wrapping_add(1);
            }
            *octet = self.block.pop().unwrap_or_default();
        }
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(octets);
        Ok(())
    }
}

impl CryptoRng for Stream {}
