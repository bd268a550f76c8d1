//! Making a request object.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Value, json};

use super::{AUDIENCE, CLIENT_ID_PREFIX, LOCAL_RESPONSE_MODE, SERVICE_FORMAT, TYP};
use crate::catalogue::Service;
use crate::claims::{CredentialProfile, Format};
use crate::dcql::ClaimPath;
use crate::did;
use crate::error::Error;
use crate::jws;
use crate::time::Timestamp;

/// Builds a request for a service of the catalogue.
#[derive(Debug, Clone)]
pub struct RequestBuilder<'a> {
    service: &'a Service,
    claims: Vec<ClaimPath>,
    client: String,
    nonce: String,
    state: Option<String>,
    response_uri: Option<String>,
    issued_at: Timestamp,
    expires: Timestamp,
}

impl<'a> RequestBuilder<'a> {
    /// A request for exactly the claims of `service`.
    #[must_use]
    pub fn for_service(service: &'a Service) -> Self {
        Self {
            service,
            claims: service.claims.clone(),
            client: String::new(),
            nonce: String::new(),
            state: None,
            response_uri: None,
            issued_at: Timestamp::from_unix(0),
            expires: Timestamp::from_unix(0),
        }
    }

    /// The relying party's DID, whose key will sign.
    #[must_use]
    pub fn client(mut self, did: &str) -> Self {
        did.clone_into(&mut self.client);
        self
    }

    /// The nonce: at least 128 bits of fresh randomness in URL-safe characters, for this request alone.
    #[must_use]
    pub fn nonce(mut self, nonce: &str) -> Self {
        nonce.clone_into(&mut self.nonce);
        self
    }

    /// Sent back with the answer.
    #[must_use]
    pub fn state(mut self, state: Option<&str>) -> Self {
        self.state = state.map(str::to_owned);
        self
    }

    /// Where to post the answer; none for handing it over locally.
    #[must_use]
    pub fn response_uri(mut self, uri: Option<&str>) -> Self {
        self.response_uri = uri.map(str::to_owned);
        self
    }

    /// When it is made.
    #[must_use]
    pub fn issued_at(mut self, at: Timestamp) -> Self {
        self.issued_at = at;
        self
    }

    /// When it ends.
    #[must_use]
    pub fn expires(mut self, at: Timestamp) -> Self {
        self.expires = at;
        self
    }

    /// Asks for one claim more. A claim that the service may not ask makes an over-asking request, which wallets and
    /// our own verifier refuse: for showing that they do.
    #[must_use]
    pub fn also_ask(mut self, path: ClaimPath) -> Self {
        self.claims.push(path);
        self
    }

    /// The request object, to be signed by the key of the client's DID.
    ///
    /// # Errors
    /// Those of [`did::resolve`] for the client's DID.
    pub fn build(self) -> Result<jws::Unsigned, Error> {
        let (did, key) = did::resolve(&self.client)?;
        let kid = if did.starts_with("did:jwk:") {
            format!("{did}#0")
        } else {
            did::verification_method(&key)
        };
        let mut payload = json!({
            "client_id": format!("{CLIENT_ID_PREFIX}{did}"),
            "response_type": "vp_token",
            "response_mode": if self.response_uri.is_some() { "direct_post" } else { LOCAL_RESPONSE_MODE },
            "nonce": self.nonce,
            "aud": AUDIENCE,
            "iat": self.issued_at,
            "exp": self.expires,
            "dcql_query": self.query(),
            "client_metadata": {"vp_formats_supported": {
                "dc+sd-jwt": {"sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"]},
                "ldp_vc": {"proof_type_values": ["DataIntegrityProof"], "cryptosuite_values": ["ecdsa-sd-2023", "ecdsa-rdfc-2019"]},
            }},
            "verifier_info": [{"format": SERVICE_FORMAT, "data": self.service.id}],
        });
        if let Some(members) = payload.as_object_mut() {
            members.extend(self.state.map(|state| ("state".to_owned(), json!(state))));
            members.extend(
                self.response_uri
                    .map(|uri| ("response_uri".to_owned(), json!(uri))),
            );
        }
        Ok(jws::Unsigned::new(
            json!({"typ": TYP, "kid": kid}),
            &payload,
        ))
    }

    fn query(&self) -> Value {
        let profiles: Vec<_> = self
            .service
            .accepted_levels()
            .map(CredentialProfile::of)
            .collect();
        let vcts: Vec<_> = profiles.iter().map(|profile| profile.vct).collect();
        let types: Vec<_> = profiles
            .iter()
            .map(|profile| profile.expanded_types())
            .collect();
        let claims = |parent: Option<&str>| -> Vec<Value> {
            let path = |path: &ClaimPath| match parent {
                // In a W3C credential the evidence stands beside the subject.
                Some(parent) if *path != ClaimPath::keys(&["evidence"]) => path.below(parent),
                _ => path.clone(),
            };
            self.claims
                .iter()
                .map(|claim| match claim.inside("age_equal_or_over") {
                    // Only the answer yes will do: a holder who is too young shows nothing instead of a false.
                    Some(_) => json!({"path": path(claim), "values": [true]}),
                    None => json!({"path": path(claim)}),
                })
                .collect()
        };
        json!({
            "credentials": [
                {"id": "sd_jwt", "format": Format::SdJwt, "meta": {"vct_values": vcts}, "claims": claims(None)},
                {"id": "ldp", "format": Format::LdpVc, "meta": {"type_values": types}, "claims": claims(Some("credentialSubject"))},
            ],
            "credential_sets": [{"options": [["sd_jwt"], ["ldp"]]}],
        })
    }
}
