//! Scripted cards and scripted randomness, to replay the worked examples of the standards.

use std::collections::VecDeque;

use rand_core::{CryptoRng, RngCore};

use crate::hex::hex;
use crate::transport::{Transceiver, TransportError};

/// A card that expects given commands and gives given answers.
pub(crate) struct Script {
    exchanges: VecDeque<(Option<Vec<u8>>, Vec<u8>)>,
}

impl Script {
    /// Commands that must match and their answers.
    pub(crate) fn new(exchanges: &[(&str, &str)]) -> Self {
        Self {
            exchanges: exchanges
                .iter()
                .map(|(command, answer)| (Some(hex(command)), hex(answer)))
                .collect(),
        }
    }

    /// Answers to whatever is asked.
    pub(crate) fn answering(answers: &[&str]) -> Self {
        Self {
            exchanges: answers.iter().map(|answer| (None, hex(answer))).collect(),
        }
    }

    /// Every exchange took place.
    pub(crate) fn finished(&self) -> bool {
        self.exchanges.is_empty()
    }
}

impl Transceiver for Script {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, TransportError> {
        let (command, answer) = self.exchanges.pop_front().ok_or(TransportError::Removed)?;
        if let Some(command) = command {
            assert_eq!(apdu, command, "the command differs from the worked example");
        }
        Ok(answer)
    }
}

/// A random number generator that yields the figures of a worked example, in order.
pub(crate) struct Figures(VecDeque<u8>);

impl Figures {
    pub(crate) fn new(figures: &str) -> Self {
        Self(hex(figures).into())
    }
}

impl RngCore for Figures {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }
    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        for octet in dest {
            *octet = self.0.pop_front().unwrap_or(0x5A);
        }
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for Figures {}
