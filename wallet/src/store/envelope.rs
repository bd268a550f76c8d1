//! The sealed file: one envelope around everything the wallet keeps, or around a backup of it.
//!
//! ```text
//! magic 16 | version u16 | argon2id: memory KiB u32, passes u32, lanes u32 | salt 16
//!          | nonce 12 | data key sealed under the passphrase key 32+16
//!          | nonce 12 | contents sealed under the data key, n+16
//!          | SHA-256 of everything before, 32
//! ```
//!
//! Numbers are big-endian. Both seals are AES-256-GCM (NIST SP 800-38D) with random nonces; each covers the header
//! before it as associated data, so no field can be exchanged between two files. The closing digest is there to tell
//! an accident (damaged disk, cut copy) from a wrong passphrase; it protects nothing, the seals do. The magic, the
//! version and the closing digest stay where they are in every later version, so that "newer" can be told from
//! "damaged".

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use aws_lc_rs::rand::SecureRandom;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::secret::Passphrase;

const MAGIC_LEN: usize = 16;
const VERSION: u16 = 1;
const SALT_LEN: usize = 16;
const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;
const PARAMETERS_AT: usize = MAGIC_LEN + 2;
const SALT_AT: usize = PARAMETERS_AT + 12;
const KEY_NONCE_AT: usize = SALT_AT + SALT_LEN;
const SEALED_KEY_AT: usize = KEY_NONCE_AT + NONCE_LEN;
/// Everything up to and with the sealed data key.
pub(super) const HEADER_LEN: usize = SEALED_KEY_AT + KEY_LEN + TAG_LEN;
const CONTENTS_AT: usize = HEADER_LEN + NONCE_LEN;
const LEAST_LEN: usize = CONTENTS_AT + TAG_LEN + SHA256_OUTPUT_LEN;

/// Largest store file read, in bytes: thousands of credentials.
pub(super) const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;

/// What a file is: the two differ in their magic, so that neither is taken for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The wallet's own file.
    Wallet,
    /// A backup.
    Backup,
}

impl Kind {
    const fn magic(self) -> &'static [u8; MAGIC_LEN] {
        match self {
            Self::Wallet => b"tessera wallet\r\n",
            Self::Backup => b"tessera backup\r\n",
        }
    }
}

/// How hard it is to try passphrases: Argon2id (RFC 9106).
///
/// The parameters are kept in the file, and bounded when they are read: a file must not be able to claim terabytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyStretching {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl KeyStretching {
    /// 64 MiB, three passes, one lane: RFC 9106 §4, second recommended option, with one lane.
    pub const DEFAULT: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };

    /// The least that is accepted; for tests, which open hundreds of stores.
    pub const HAZMAT_TESTING_ONLY: Self = Self {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    /// Checks parameters: memory 8 KiB a lane to 1 GiB, 1 to 16 passes, 1 to 8 lanes.
    ///
    /// # Errors
    /// [`Error::StoreDamaged`] when a parameter is out of bounds.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, Error> {
        let fits = (1..=8).contains(&lanes)
            && (1..=16).contains(&passes)
            && (8 * lanes..=1024 * 1024).contains(&memory_kib);
        fits.then_some(Self {
            memory_kib,
            passes,
            lanes,
        })
        .ok_or(Error::StoreDamaged)
    }

    fn stretch(self, passphrase: &Passphrase, salt: &[u8]) -> Result<LessSafeKey, Error> {
        let mut key = Zeroizing::new([0u8; KEY_LEN]);
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_LEN))
            .map_err(|_| Error::StoreDamaged)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, key.as_mut())
            .map_err(|_| Error::StoreDamaged)?;
        aead_key(key.as_ref())
    }
}

/// An opened envelope: seals new contents under the same header. Holds the data key; has no `Debug`.
pub(super) struct Envelope {
    kind: Kind,
    header: Vec<u8>,
    data_key: LessSafeKey,
}

impl Envelope {
    /// A new envelope with a fresh data key sealed under the passphrase.
    pub(super) fn create(
        kind: Kind,
        passphrase: &Passphrase,
        stretching: KeyStretching,
        rng: &dyn SecureRandom,
    ) -> Result<Self, Error> {
        let mut salt = [0u8; SALT_LEN];
        fill(rng, &mut salt)?;
        let mut header = Vec::with_capacity(HEADER_LEN);
        header.extend_from_slice(kind.magic());
        header.extend_from_slice(&VERSION.to_be_bytes());
        for number in [stretching.memory_kib, stretching.passes, stretching.lanes] {
            header.extend_from_slice(&number.to_be_bytes());
        }
        header.extend_from_slice(&salt);

        let mut data_key = Zeroizing::new([0u8; KEY_LEN]);
        fill(rng, data_key.as_mut())?;
        let passphrase_key = stretching.stretch(passphrase, &salt)?;
        seal_onto(&mut header, &passphrase_key, data_key.as_ref(), rng)?;
        Ok(Self {
            kind,
            header,
            data_key: aead_key(data_key.as_ref())?,
        })
    }

    /// Opens a file's bytes: the envelope and the contents in the clear (wiped when dropped).
    ///
    /// # Errors
    /// [`Error::StoreDamaged`], [`Error::StoreNewer`] or [`Error::WrongPassphrase`].
    pub(super) fn open(
        kind: Kind,
        file: &[u8],
        passphrase: &Passphrase,
    ) -> Result<(Self, Zeroizing<Vec<u8>>), Error> {
        let body = undamaged(kind, file)?;
        let (header, sealed) = body.split_at(HEADER_LEN);
        let stretching = KeyStretching::new(
            number_at(header, PARAMETERS_AT),
            number_at(header, PARAMETERS_AT + 4),
            number_at(header, PARAMETERS_AT + 8),
        )?;
        let passphrase_key = stretching.stretch(passphrase, &header[SALT_AT..KEY_NONCE_AT])?;
        let data_key = unseal(
            &passphrase_key,
            &header[..KEY_NONCE_AT],
            &header[KEY_NONCE_AT..],
        )
        .ok_or(Error::WrongPassphrase)?;
        let envelope = Self {
            kind,
            header: header.to_vec(),
            data_key: aead_key(&data_key)?,
        };
        let contents = unseal(&envelope.data_key, header, sealed).ok_or(Error::StoreDamaged)?;
        Ok((envelope, contents))
    }

    /// Opens a file written by this same envelope, without stretching the passphrase again.
    pub(super) fn reopen(&self, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let body = undamaged(self.kind, file)?;
        let (header, sealed) = body.split_at(HEADER_LEN);
        if header != self.header {
            return Err(Error::StoreDamaged);
        }
        unseal(&self.data_key, header, sealed).ok_or(Error::StoreDamaged)
    }

    /// The bytes of a whole file around `contents`.
    pub(super) fn seal(&self, contents: &[u8], rng: &dyn SecureRandom) -> Result<Vec<u8>, Error> {
        let mut file = self.header.clone();
        seal_onto(&mut file, &self.data_key, contents, rng)?;
        let closing = digest(&SHA256, &file);
        file.extend_from_slice(closing.as_ref());
        if file.len() > MAX_FILE_BYTES {
            return Err(Error::StoreFull);
        }
        Ok(file)
    }
}

/// Everything before the closing digest, once length, digest, magic and version are right.
fn undamaged(kind: Kind, file: &[u8]) -> Result<&[u8], Error> {
    if file.len() < MAGIC_LEN + 2 + SHA256_OUTPUT_LEN || file.len() > MAX_FILE_BYTES {
        return Err(Error::StoreDamaged);
    }
    let (body, closing) = file.split_at(file.len() - SHA256_OUTPUT_LEN);
    if digest(&SHA256, body).as_ref() != closing || !body.starts_with(kind.magic()) {
        return Err(Error::StoreDamaged);
    }
    match u16::from_be_bytes([body[MAGIC_LEN], body[MAGIC_LEN + 1]]) {
        VERSION if file.len() >= LEAST_LEN => Ok(body),
        0 | VERSION => Err(Error::StoreDamaged),
        found => Err(Error::StoreNewer {
            found,
            supported: VERSION,
        }),
    }
}

/// Appends nonce and ciphertext of `plain`; what `onto` already holds is the associated data.
fn seal_onto(
    onto: &mut Vec<u8>,
    key: &LessSafeKey,
    plain: &[u8],
    rng: &dyn SecureRandom,
) -> Result<(), Error> {
    let mut nonce = [0u8; NONCE_LEN];
    fill(rng, &mut nonce)?;
    let mut buffer = Zeroizing::new(Vec::with_capacity(plain.len() + TAG_LEN));
    buffer.extend_from_slice(plain);
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(onto.as_slice()),
        &mut *buffer,
    )
    .map_err(|_| Error::StoreFull)?;
    onto.extend_from_slice(&nonce);
    onto.extend_from_slice(&buffer);
    Ok(())
}

/// Opens `nonce ‖ ciphertext ‖ tag`; `None` when the key or any bit is wrong.
fn unseal(key: &LessSafeKey, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut buffer = Zeroizing::new(sealed.to_vec());
    let length = key
        .open_in_place(nonce, Aad::from(aad), &mut buffer)
        .ok()?
        .len();
    buffer.truncate(length);
    Some(buffer)
}

fn aead_key(bytes: &[u8]) -> Result<LessSafeKey, Error> {
    UnboundKey::new(&AES_256_GCM, bytes)
        .map(LessSafeKey::new)
        .map_err(|_| Error::StoreDamaged)
}

fn fill(rng: &dyn SecureRandom, into: &mut [u8]) -> Result<(), Error> {
    rng.fill(into).map_err(|_| Error::Randomness)
}

fn number_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .first_chunk::<4>()
        .map_or(0, |number| u32::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    fn words(text: &str) -> Passphrase {
        Passphrase::new(text).unwrap()
    }

    static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let rng = SystemRandom::new();
        Envelope::create(
            Kind::Wallet,
            &words("right"),
            KeyStretching::HAZMAT_TESTING_ONLY,
            &rng,
        )
        .unwrap()
        .seal(b"contents of the wallet", &rng)
        .unwrap()
    });

    fn refused(file: &[u8], passphrase: &str) -> Error {
        Envelope::open(Kind::Wallet, file, &words(passphrase))
            .err()
            .unwrap()
    }

    fn with_digest(mut body: Vec<u8>) -> Vec<u8> {
        let closing = digest(&SHA256, &body);
        body.extend_from_slice(closing.as_ref());
        body
    }

    #[test]
    fn opens_what_it_sealed_and_names_a_wrong_passphrase() {
        let (envelope, contents) = Envelope::open(Kind::Wallet, &FILE, &words("right")).unwrap();
        assert_eq!(contents.as_slice(), b"contents of the wallet");
        assert_eq!(envelope.reopen(&FILE).unwrap(), contents);
        assert_eq!(refused(&FILE, "wrong").code(), "wrong_passphrase");
    }

    #[test]
    fn every_flipped_bit_is_damage_not_a_wrong_passphrase() {
        for at in 0..FILE.len() * 8 {
            let mut file = FILE.clone();
            file[at / 8] ^= 1 << (at % 8);
            assert_eq!(refused(&file, "right").code(), "store_damaged", "bit {at}");
        }
    }

    #[test]
    fn every_cut_is_damage() {
        for length in 0..FILE.len() {
            assert_eq!(refused(&FILE[..length], "right").code(), "store_damaged");
        }
    }

    #[test]
    fn a_forger_who_repairs_the_digest_still_cannot_change_the_contents() {
        for at in CONTENTS_AT..FILE.len() - SHA256_OUTPUT_LEN {
            let mut body = FILE[..FILE.len() - SHA256_OUTPUT_LEN].to_vec();
            body[at] ^= 1;
            assert_eq!(refused(&with_digest(body), "right").code(), "store_damaged");
        }
    }

    #[test]
    fn contents_of_another_file_do_not_fit_this_header() {
        let rng = SystemRandom::new();
        let other = Envelope::create(
            Kind::Wallet,
            &words("right"),
            KeyStretching::HAZMAT_TESTING_ONLY,
            &rng,
        )
        .unwrap()
        .seal(b"other", &rng)
        .unwrap();
        let mut body = FILE[..HEADER_LEN].to_vec();
        body.extend_from_slice(&other[HEADER_LEN..other.len() - SHA256_OUTPUT_LEN]);
        assert_eq!(refused(&with_digest(body), "right").code(), "store_damaged");
    }

    #[test]
    fn a_backup_is_not_taken_for_a_wallet() {
        let outcome = Envelope::open(Kind::Backup, &FILE, &words("right"));
        assert_eq!(outcome.err().unwrap().code(), "store_damaged");
    }

    #[test]
    fn a_newer_version_is_named_as_such() {
        let mut body = FILE[..FILE.len() - SHA256_OUTPUT_LEN].to_vec();
        body[MAGIC_LEN + 1] = 2;
        let error = refused(&with_digest(body), "right");
        assert_eq!(error.code(), "store_newer");
    }

    #[test]
    fn a_file_cannot_demand_terabytes_or_years() {
        for (at, bytes) in [(0, [0xff; 4]), (4, [0xff; 4]), (8, [0xff; 4]), (8, [0; 4])] {
            let mut body = FILE[..FILE.len() - SHA256_OUTPUT_LEN].to_vec();
            body[PARAMETERS_AT + at..PARAMETERS_AT + at + 4].copy_from_slice(&bytes);
            assert_eq!(refused(&with_digest(body), "right").code(), "store_damaged");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_contents_come_back(contents in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let (envelope, _) = Envelope::open(Kind::Wallet, &FILE, &words("right")).unwrap();
            let file = envelope.seal(&contents, &SystemRandom::new()).unwrap();
            let (_, back) = Envelope::open(Kind::Wallet, &file, &words("right")).unwrap();
            prop_assert_eq!(back.as_slice(), contents.as_slice());
        }

        #[test]
        fn any_bytes_are_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let file = with_digest([Kind::Wallet.magic().as_slice(), &bytes].concat());
            prop_assert!(Envelope::open(Kind::Wallet, &file, &words("right")).is_err());
            prop_assert!(Envelope::open(Kind::Wallet, &bytes, &words("right")).is_err());
        }
    }
}
