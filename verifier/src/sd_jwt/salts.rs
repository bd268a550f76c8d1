//! Salts, drawn many at a time: a call to the system's generator costs more than the salt is worth.

use zeroize::Zeroize as _;

/// How many bytes are drawn at once: 32 salts.
const POOL: usize = 512;

/// Hands out salts of 128 bits (RFC 9901 §9.3) from a generator that fills buffers. What was handed out is wiped here, and
/// the rest when this is dropped.
pub struct Salts<F> {
    fill: F,
    pool: [u8; POOL],
    used: usize,
}

impl<F: FnMut(&mut [u8])> Salts<F> {
    /// From a cryptographic generator that fills a buffer entirely.
    pub fn new(fill: F) -> Self {
        Self {
            fill,
            pool: [0; POOL],
            used: POOL,
        }
    }

    /// The next salt.
    pub fn draw(&mut self) -> [u8; 16] {
        if self.used >= POOL {
            (self.fill)(&mut self.pool);
            self.used = 0;
        }
        let mut salt = [0; 16];
        for (to, from) in salt.iter_mut().zip(self.pool.iter_mut().skip(self.used)) {
            *to = core::mem::take(from);
        }
        self.used += salt.len();
        salt
    }
}

impl<F> Drop for Salts<F> {
    fn drop(&mut self) {
        self.pool.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn no_salt_comes_twice_and_none_is_left_over() {
        let mut counter = 0u16;
        let mut calls = 0;
        let mut salts = Salts::new(|bytes: &mut [u8]| {
            calls += 1;
            for pair in bytes.chunks_mut(2) {
                counter += 1;
                pair.copy_from_slice(&counter.to_be_bytes());
            }
        });
        let mut drawn: Vec<_> = (0..70).map(|_| salts.draw()).collect();
        assert!(salts.pool.iter().take(salts.used).all(|byte| *byte == 0));
        drop(salts);
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!((drawn.len(), calls), (70, 3));
        assert!(drawn.iter().all(|salt| *salt != [0; 16]));
    }
}
