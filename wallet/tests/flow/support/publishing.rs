//! The bundle and the relying party's requests.

use serde_json::{Value, json};
use tessera_verifier::bundle::{
    Authority, BundleBuilder, IssuingAuthority, RelyingParty, StatusListEntry, StatusListFormat,
    TrustedIssuer,
};
use tessera_verifier::catalogue::{Catalogue, LocalizedText};
use tessera_verifier::claims::AssuranceLevel;
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose, ecdsa_rdfc};
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::did;
use tessera_verifier::encoding::base64;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::request::RequestBuilder;
use tessera_verifier::status::{self, BitString};
use tessera_wallet::Clock;
use tessera_wallet::secret::HolderKey;

use super::*;

impl World {
    /// The signed bundle: one issuer, both encodings of one status list, one relying party.
    pub(crate) fn bundle(&self) -> String {
        let issuer = did::did_key(self.signing.public_key());
        let midnight = self.now().start_of_day();
        let hour_ago = self.now().add_seconds(-3600);
        // Lists are of a time for which their signer is listed.
        let listed = match self.fault.get() {
            Fault::LaterIssuer => hour_ago,
            _ => midnight,
        };
        let end = midnight.add_seconds(365 * DAY);
        let bits = BitString::new(131_072).unwrap();
        let token_uri = format!("{ISSUER}/status/1.jwt");
        let token = status::token_status_list(&token_uri, &issuer, &bits, listed, end)
            .unwrap()
            .sign(&self.signing)
            .unwrap();
        let uri = format!("{ISSUER}/status/1");
        let list = status::status_list_credential(&uri, &issuer, &bits, listed, end);
        let text = |en: &str, zh: &str| LocalizedText {
            en: en.to_owned(),
            zh: zh.to_owned(),
        };
        let mut unsigned = BundleBuilder::new(
            Authority {
                id: "specimen".to_owned(),
                name: text("Specimen Authority", "样本机构"),
            },
            self.now(),
            self.bundle_age.get(),
        )
        .issuer(TrustedIssuer {
            did: issuer,
            not_before: match self.fault.get() {
                Fault::LaterIssuer => hour_ago,
                _ => midnight.add_seconds(-365 * DAY),
            },
            not_after: (self.fault.get() == Fault::EndedIssuer).then_some(hour_ago),
            assurance_levels: match self.fault.get() {
                Fault::IssuerOfFullOnly => vec![AssuranceLevel::Full],
                _ => AssuranceLevel::ALL.to_vec(),
            },
        })
        .status_list(StatusListEntry {
            uri: token_uri,
            format: StatusListFormat::Token,
            value: json!(token),
        })
        .status_list(StatusListEntry {
            uri,
            format: StatusListFormat::Bitstring,
            value: self.secured(&list),
        })
        .relying_party(RelyingParty {
            client_id: self.client_id(),
            name: text("Specimen Services", "样本服务"),
            services: ["internet-cafe", "hotel", "bank-account", "notary"]
                .map(str::to_owned)
                .to_vec(),
            not_after: None,
        });
        if matches!(
            self.fault.get(),
            Fault::OtherListedIssuer | Fault::TwoIssuers
        ) {
            unsigned = unsigned.issuer(TrustedIssuer {
                did: did::did_key(self.unlisted.public_key()),
                not_before: midnight,
                not_after: None,
                assurance_levels: AssuranceLevel::ALL.to_vec(),
            });
        }
        let unsigned = unsigned.issuing_authority(IssuingAuthority {
            certificate: base64(&self.authority.der),
            issuers: vec![ISSUER.to_owned()],
            not_before: midnight.add_seconds(-365 * DAY),
            not_after: None,
            assurance_levels: AssuranceLevel::ALL.to_vec(),
        });
        let root = match self.fault.get() {
            Fault::OtherRoot => &self.unlisted,
            _ => &self.root,
        };
        unsigned.build(root.public_key()).sign(root).unwrap()
    }

    fn secured(&self, document: &Value) -> Value {
        let options = ProofOptions {
            created: Some(self.now().start_of_day()),
            ..ProofOptions::new(
                did::verification_method(self.signing.public_key()),
                ProofPurpose::AssertionMethod,
            )
        };
        let unsigned = ecdsa_rdfc::prepare(document, &options, &ContextStore::builtin()).unwrap();
        let signature = self.signing.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    }

    /// A request by the registered relying party, good for 300 seconds.
    pub(crate) fn request(
        &self,
        service: &str,
        also: Option<ClaimPath>,
        response_uri: Option<&str>,
    ) -> String {
        let mut builder = self.request_builder(service, &self.relying_party);
        if let Some(path) = also {
            builder = builder.also_ask(path);
        }
        builder
            .response_uri(response_uri)
            .build()
            .unwrap()
            .sign(&self.relying_party)
            .unwrap()
    }

    /// The same by somebody else.
    pub(crate) fn request_by(&self, key: &HolderKey, service: &str) -> String {
        self.request_builder(service, key)
            .build()
            .unwrap()
            .sign(key)
            .unwrap()
    }

    fn request_builder(&self, service: &str, key: &HolderKey) -> RequestBuilder<'static> {
        RequestBuilder::for_service(Catalogue::builtin().get(service).unwrap())
            .client(&did::did_key(key.public_key()))
            .nonce("nonce-of-this-request-1")
            .state(Some("state-1"))
            .issued_at(self.now())
            .expires(self.now().add_seconds(300))
    }
}
