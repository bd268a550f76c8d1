//! What relying parties carry away: status lists in both encodings, and the signed bundle around them.
//!
//! A list is made anew when a bit of it changed or half its life is over, and kept in memory until then: the store's
//! count of revocations tells, so replicas agree without talking to each other.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tessera_verifier::Timestamp;
use tessera_verifier::bundle::{
    Authority, BundleBuilder, IssuingAuthority, RelyingParty, StatusListEntry, StatusListFormat,
    TrustedIssuer, TypeEntry,
};
use tessera_verifier::catalogue::LocalizedText;
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile};
use tessera_verifier::crypto::Signature;
use tessera_verifier::status::{BitString, status_list_credential, token_status_list};
use tokio::sync::Mutex;

use crate::config::Config;
use crate::failure::{Code, Failure};
use crate::issue::status_proof;
use crate::keys::{KeyRecord, Signer};
use crate::store::{RelyingPartyRecord, STATUS_LIST_LEN, StatusListRecord, Store};

/// The types of SD-JWT VC that are issued, and what both extend.
const TYPES: [(&str, &str); 3] = [
    (
        "urn:tessera:identity:1",
        include_str!("../../schemas/types/identity-1.json"),
    ),
    (
        CredentialProfile::LIMITED.vct,
        include_str!("../../schemas/types/identity-limited-1.json"),
    ),
    (
        CredentialProfile::FULL.vct,
        include_str!("../../schemas/types/identity-full-1.json"),
    ),
];

/// One list, signed in both encodings.
#[derive(Debug)]
pub struct SignedList {
    /// The list's address, without `.jwt`.
    pub uri: String,
    /// The W3C status list credential.
    pub credential: Value,
    /// The IETF status list token.
    pub token: String,
}

struct Cached {
    record: StatusListRecord,
    signer: String,
    fresh_until: i64,
    list: Arc<SignedList>,
}

/// The keys a publication needs.
pub struct PublishingKeys {
    /// Signs the bundle.
    pub root: Arc<dyn Signer>,
    /// Signs the lists.
    pub active: Arc<dyn Signer>,
    /// The public history.
    pub history: Vec<KeyRecord>,
    /// The certificate of the authority that certifies the keys of the history, DER in base64.
    pub issuing_authority: String,
}

/// Makes lists and bundles.
#[derive(Default)]
pub struct Publisher {
    cache: Mutex<Vec<Cached>>,
}

impl Publisher {
    /// Every list, signed, no older than half its life.
    ///
    /// # Errors
    /// `internal`.
    pub async fn lists(
        &self,
        store: &dyn Store,
        config: &Config,
        signer: &Arc<dyn Signer>,
        now: i64,
    ) -> Result<Vec<Arc<SignedList>>, Failure> {
        // Held while lists are made: concurrent readers of a changed list wait for one making, not each their own.
        let mut cache = self.cache.lock().await;
        let mut lists = Vec::new();
        for record in store.status_lists().await? {
            let cached = cache.iter().position(|entry| entry.record.id == record.id);
            if let Some(entry) = cached.and_then(|position| cache.get(position))
                && entry.record.revoked == record.revoked
                && entry.signer == signer.did()
                && now < entry.fresh_until
            {
                lists.push(Arc::clone(&entry.list));
                continue;
            }
            let revoked = store.revoked_indices(&record.id).await?;
            let uri = format!("{}/status/{}", config.issuer_url(), record.id);
            let life = config.bundle.max_age_seconds;
            let list = Arc::new(sign_list(uri, &revoked, signer, (now, now + life)).await?);
            let entry = Cached {
                record,
                signer: signer.did().to_owned(),
                fresh_until: now + life / 2,
                list: Arc::clone(&list),
            };
            match cached.and_then(|position| cache.get_mut(position)) {
                Some(old) => *old = entry,
                None => cache.push(entry),
            }
            lists.push(list);
        }
        Ok(lists)
    }

    /// One list by its identifier.
    ///
    /// # Errors
    /// `not_found`, `internal`.
    pub async fn list(
        &self,
        store: &dyn Store,
        config: &Config,
        signer: &Arc<dyn Signer>,
        wanted: (&str, i64),
    ) -> Result<Arc<SignedList>, Failure> {
        let (id, now) = wanted;
        let uri = format!("{}/status/{id}", config.issuer_url());
        self.lists(store, config, signer, now)
            .await?
            .into_iter()
            .find(|list| list.uri == uri)
            .ok_or(Code::NotFound.into())
    }

    /// The bundle, signed by the root key.
    ///
    /// # Errors
    /// `internal`.
    pub async fn bundle(
        &self,
        store: &dyn Store,
        config: &Config,
        keys: &PublishingKeys,
        now: i64,
    ) -> Result<String, Failure> {
        let authority = Authority {
            id: config.authority.id.clone(),
            name: text(&config.authority.name_en, &config.authority.name_zh),
        };
        let mut builder = BundleBuilder::new(
            authority,
            Timestamp::from_unix(now),
            config.bundle.max_age_seconds,
        );
        for key in &keys.history {
            builder = builder.issuer(TrustedIssuer {
                did: key.did.clone(),
                not_before: Timestamp::from_unix(key.not_before),
                not_after: key.not_after.map(Timestamp::from_unix),
                assurance_levels: AssuranceLevel::ALL.to_vec(),
            });
        }
        // Whether new credentials carry certificates or not: earlier ones may, and each is held to the line of its key too.
        let began = keys.history.first().map_or(now, |first| first.not_before);
        builder = builder.issuing_authority(IssuingAuthority {
            certificate: keys.issuing_authority.clone(),
            issuers: vec![config.issuer_url()],
            not_before: Timestamp::from_unix(began),
            not_after: None,
            assurance_levels: AssuranceLevel::ALL.to_vec(),
        });
        for list in self.lists(store, config, &keys.active, now).await? {
            builder = builder
                .status_list(StatusListEntry {
                    uri: list.uri.clone(),
                    format: StatusListFormat::Bitstring,
                    value: list.credential.clone(),
                })
                .status_list(StatusListEntry {
                    uri: format!("{}.jwt", list.uri),
                    format: StatusListFormat::Token,
                    value: Value::String(list.token.clone()),
                });
        }
        for (vct, document) in TYPES {
            builder = builder.type_metadata(TypeEntry {
                vct: vct.to_owned(),
                document: document.to_owned(),
            });
        }
        for party in store.relying_parties().await? {
            builder = builder.relying_party(registration(&party));
        }
        let unsigned = builder.build(keys.root.public_key());
        let signature = sign_one(&keys.root, unsigned.signing_input()).await?;
        Ok(unsigned.attach(signature))
    }

    /// Writes bundle and lists below `folder`, each file whole or not at all. Returns how many files.
    ///
    /// # Errors
    /// `internal`.
    pub async fn write(
        &self,
        store: &dyn Store,
        config: &Config,
        keys: &PublishingKeys,
        now: i64,
    ) -> Result<usize, Failure> {
        let folder = config.data.join("public");
        let failed = |error: std::io::Error| Failure::internal(&error);
        std::fs::create_dir_all(folder.join("status")).map_err(failed)?;
        let mut files = 1;
        for list in self.lists(store, config, &keys.active, now).await? {
            let id = list.uri.rsplit('/').next().unwrap_or_default();
            let at = folder.join("status").join(id);
            write_file(&at, list.credential.to_string().as_bytes()).map_err(failed)?;
            write_file(&at.with_extension("jwt"), list.token.as_bytes()).map_err(failed)?;
            files += 2;
        }
        // Last, so that a bundle never points at a list that is not there yet.
        let bundle = self.bundle(store, config, keys, now).await?;
        write_file(&folder.join("bundle.jwt"), bundle.as_bytes()).map_err(failed)?;
        Ok(files)
    }
}

/// The registration of a relying party, as it stands in the bundle and in its own file.
#[must_use]
pub fn registration(party: &RelyingPartyRecord) -> RelyingParty {
    RelyingParty {
        client_id: format!("decentralized_identifier:{}", party.did),
        name: text(&party.name_en, &party.name_zh),
        services: party.services.clone(),
        not_after: Some(Timestamp::from_unix(party.not_after)),
    }
}

async fn sign_list(
    uri: String,
    revoked: &[u32],
    signer: &Arc<dyn Signer>,
    life: (i64, i64),
) -> Result<SignedList, Failure> {
    let internal = |error: tessera_verifier::Error| Failure::internal(&error);
    let mut bits = BitString::new(STATUS_LIST_LEN as usize).map_err(internal)?;
    for &index in revoked {
        bits.set(index as usize, true).map_err(internal)?;
    }
    let (from, until) = (Timestamp::from_unix(life.0), Timestamp::from_unix(life.1));
    let document = status_list_credential(&uri, signer.did(), &bits, from, until);
    let unsigned = status_proof(&document, signer.key_id(), from)?;
    let signature = sign_one(signer, unsigned.signing_input()).await?;
    let credential = unsigned.attach(signature);

    let token = token_status_list(&format!("{uri}.jwt"), signer.did(), &bits, from, until)
        .map_err(internal)?;
    let signature = sign_one(signer, token.signing_input()).await?;
    Ok(SignedList {
        uri,
        credential,
        token: token.attach(signature),
    })
}

async fn sign_one(signer: &Arc<dyn Signer>, input: &[u8]) -> Result<Signature, Failure> {
    let signatures = signer
        .sign(&[input])
        .await
        .map_err(|error| Failure::internal(&error))?;
    signatures
        .first()
        .copied()
        .ok_or_else(|| Failure::internal(&"the signer returned nothing"))
}

fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    crate::files::publish(path, |file| file.write_all(bytes))
}

fn text(en: &str, zh: &str) -> LocalizedText {
    LocalizedText {
        en: en.to_owned(),
        zh: zh.to_owned(),
    }
}
