//! Schemas of credentials (VC JSON Schema 1.0), each read once.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;

use serde_json::{Map, Value};

use super::{CredentialPolicy, Materials, verify};
use crate::error::Error;
use crate::json::{self, Limits};
use crate::json_schema::Schema;
use crate::time::Timestamp;
use crate::vcdm::{Credential, Path, Resource, Resources};

/// The most schemas at hand.
const MAX_SCHEMAS: usize = 4096;

/// JSON Schemas by the URL that credentials name in `credentialSchema`. Nothing is ever fetched.
#[derive(Clone, Default)]
pub struct Schemas {
    by_url: BTreeMap<String, Known>,
}

#[derive(Clone)]
struct Known {
    schema: Schema,
    /// The type of `credentialSchema` that leads here.
    kind: &'static str,
    digests: Resources,
}

/// A schema by itself (§2.1).
const PLAIN: &str = "JsonSchema";
/// A schema in a credential (§2.2).
const CREDENTIAL: &str = "JsonSchemaCredential";

impl Schemas {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            by_url: BTreeMap::new(),
        }
    }

    /// Adds the schema at `url`, as it would be fetched, for credentials that name it as `JsonSchema`.
    ///
    /// # Errors
    /// Those of [`Schema::parse`] and of reading JSON; `malformed` without `$schema`; `too_large`.
    pub fn add(&mut self, url: &str, bytes: &[u8]) -> Result<(), Error> {
        let schema = json::parse(bytes, Limits::MESSAGE)?;
        self.insert(url, &schema, (PLAIN, bytes))
    }

    /// Adds the schema in the credential at `url`, for credentials that name it as `JsonSchemaCredential`. The credential is
    /// verified, embedded proof or envelope; who may issue schemas is for the policy to say.
    ///
    /// # Errors
    /// Those of [`verify`] and [`Schema::parse`]; `wrong_credential_type` for another credential, `malformed` for one that
    /// holds no schema or names another place.
    pub fn add_credential(
        &mut self,
        url: &str,
        bytes: &[u8],
        policy: &CredentialPolicy,
        materials: &Materials<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let document = json::parse(bytes, Limits::MESSAGE)?;
        let verified = verify(&document, policy, materials, now)?;
        let credential = Credential::parse(verified.document())?;
        if !credential.types().contains(&CREDENTIAL) {
            return Err(Error::WrongCredentialType);
        }
        if credential.id().is_some_and(|id| id != url) {
            return Err(Error::malformed("schema credential of another place"));
        }
        let [subject] = credential.subjects() else {
            return Err(Error::malformed("schema credential"));
        };
        let schema = subject.get("jsonSchema");
        if subject.get("type").is_none_or(|kind| kind != PLAIN) {
            return Err(Error::malformed("schema credential"));
        }
        let schema = schema.ok_or(Error::malformed("schema credential"))?;
        self.insert(url, schema, (CREDENTIAL, bytes))
    }

    fn insert(
        &mut self,
        url: &str,
        schema: &Value,
        (kind, bytes): (&'static str, &[u8]),
    ) -> Result<(), Error> {
        // §3.1: the dialect must be stated.
        if schema.get("$schema").is_none() {
            return Err(Error::malformed("JSON Schema without $schema"));
        }
        if self.by_url.len() >= MAX_SCHEMAS && !self.by_url.contains_key(url) {
            return Err(Error::too_large("number of schemas", MAX_SCHEMAS));
        }
        let mut digests = Resources::new();
        digests.insert(url, bytes);
        let known = Known {
            schema: Schema::parse(schema)?,
            kind,
            digests,
        };
        self.by_url.insert(url.to_owned(), known);
        Ok(())
    }

    /// Holds a credential to each of its schemas that is at hand, and gives how many those were. With `all`, one that is not
    /// at hand is an error.
    pub(super) fn check(
        &self,
        credential: &Credential<'_>,
        document: &Value,
        all: bool,
    ) -> Result<usize, Error> {
        let path = Path::ROOT.name("credentialSchema");
        let mut matched = 0;
        for (index, members) in credential.schemas().enumerate() {
            let path = path.index(index);
            let stated = Resource::read(members, &path)?;
            match self
                .by_url
                .get(stated.id)
                .filter(|known| is_of(members, known.kind))
            {
                Some(known) => {
                    stated.check(&known.digests, &path)?;
                    known.schema.validate(document)?;
                    matched += 1;
                }
                None if all => {
                    return Err(Error::UnsupportedFormat {
                        what: "credential schema that is not at hand",
                    });
                }
                None => {}
            }
        }
        Ok(matched)
    }
}

fn is_of(members: &Map<String, Value>, kind: &str) -> bool {
    match members.get("type") {
        Some(Value::Array(types)) => types.iter().any(|one| one == kind),
        Some(one) => one == kind,
        None => false,
    }
}
