//! Verifiable credentials: VCDM 2.0 §4, and of VCDM 1.1 what still circulates.

use alloc::vec::Vec;

use serde_json::Value;

use super::date_time::DateTimeStamp;
use super::integrity::{self, Resource, Resources};
use super::language;
use super::member::{self, Members, object, one_or_more};
use super::path::Path;
use super::{Version, context};
use crate::error::Error;
use crate::jsonld::{ContextStore, unsecured_to_rdf};
use crate::time::Timestamp;
use crate::verify::within;

/// Members whose values are typed objects, by version: the name, and whether each object must have an `id`.
const EXTENSIONS_2: &[(&str, bool)] = &[
    ("confidenceMethod", false),
    ("credentialSchema", true),
    ("credentialStatus", false),
    ("evidence", false),
    ("proof", false),
    ("refreshService", false),
    ("renderMethod", false),
    ("termsOfUse", false),
];
/// VCDM 1.1 §4.9, §5.4, §5.5: two of them need an identifier there.
const EXTENSIONS_1: &[(&str, bool)] = &[
    ("credentialSchema", true),
    ("credentialStatus", true),
    ("evidence", false),
    ("proof", false),
    ("refreshService", true),
    ("termsOfUse", false),
];

/// A credential whose structure follows the data model: a view of a document, whose proof nobody has checked.
///
/// # Example
/// ```
/// use tessera_verifier::vcdm::Credential;
///
/// let mut document = serde_json::json!({
///     "@context": ["https://www.w3.org/ns/credentials/v2"],
///     "type": ["VerifiableCredential"],
///     "issuer": {"id": "did:example:issuer", "name": "Specimen Authority"},
///     "validUntil": "2030-01-01T00:00:00Z",
///     "credentialSubject": [{"id": "did:example:first"}, {"id": "did:example:second"}],
/// });
/// let credential = Credential::parse(&document)?;
/// assert_eq!(credential.issuer(), "did:example:issuer");
/// assert_eq!(credential.subjects().len(), 2);
///
/// document["credentialSubject"][1] = serde_json::json!({});
/// let error = Credential::parse(&document).err().ok_or("refused")?;
/// assert_eq!(error.to_string(), "the data model is broken at /credentialSubject/1: a claim is needed");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Credential<'a> {
    version: Version,
    members: &'a Members,
    id: Option<&'a str>,
    types: Vec<&'a str>,
    issuer: &'a str,
    subjects: Vec<&'a Members>,
    valid_from: Option<DateTimeStamp>,
    valid_until: Option<DateTimeStamp>,
    related: Vec<Resource<'a>>,
}

impl<'a> Credential<'a> {
    /// Checks the structure of a credential of either version.
    ///
    /// # Errors
    /// `malformed_value` with the place of the first member that breaks the data model.
    pub fn parse(document: &'a Value) -> Result<Self, Error> {
        Self::read(document, &Path::ROOT)
    }

    /// Checks what a credential must satisfy before it is secured: its structure, and that every term of it is defined
    /// (nothing is dropped from what is signed, nor left without meaning in a format that signs bytes).
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse); `undefined_term`, `unknown_context`, `malformed`, `too_large`.
    pub fn issuable(document: &'a Value, contexts: &ContextStore) -> Result<Self, Error> {
        let credential = Self::parse(document)?;
        credential.check_terms(document, contexts)?;
        Ok(credential)
    }

    pub(super) fn read(document: &'a Value, path: &Path<'_>) -> Result<Self, Error> {
        let members = object(document, path)?;
        let version = context::version(members, path)?;
        let types = member::types(members, path)?;
        if !types.contains(&"VerifiableCredential") {
            return Err(path
                .name("type")
                .malformed("VerifiableCredential is needed"));
        }
        let issuer = members
            .get("issuer")
            .ok_or_else(|| path.name("issuer").malformed("missing"))?;
        let issuer_path = path.name("issuer");
        if let Value::Object(members) = issuer {
            language::check_texts(members, &issuer_path)?;
        }
        language::check_texts(members, path)?;
        let extensions = match version {
            Version::V2 => EXTENSIONS_2,
            Version::V1 => EXTENSIONS_1,
        };
        check_extensions(members, extensions, path)?;
        let (valid_from, valid_until) = validity(version, members, path)?;
        Ok(Self {
            version,
            members,
            id: member::optional_id(members, path)?,
            types,
            issuer: member::url_or_object(issuer, &issuer_path)?,
            subjects: subjects(members, path)?,
            valid_from,
            valid_until,
            related: integrity::related(members, path)?,
        })
    }

    /// Every term of the `document` that this is a view of has a meaning.
    pub(crate) fn check_terms(
        &self,
        document: &Value,
        contexts: &ContextStore,
    ) -> Result<(), Error> {
        unsecured_to_rdf(document, contexts)?;
        Ok(())
    }

    /// The version of the data model, by its context.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// `id`.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        self.id
    }

    /// `type`, never empty.
    #[must_use]
    pub fn types(&self) -> &[&'a str] {
        &self.types
    }

    /// The URL that identifies the issuer.
    #[must_use]
    pub fn issuer(&self) -> &'a str {
        self.issuer
    }

    /// The subjects, at least one, each with at least one claim or identifier. Personal data.
    #[must_use]
    pub fn subjects(&self) -> &[&'a Members] {
        &self.subjects
    }

    /// `validFrom`; `issuanceDate` in version 1.1.
    #[must_use]
    pub fn valid_from(&self) -> Option<DateTimeStamp> {
        self.valid_from
    }

    /// `validUntil`; `expirationDate` in version 1.1.
    #[must_use]
    pub fn valid_until(&self) -> Option<DateTimeStamp> {
        self.valid_until
    }

    /// The objects of `credentialStatus`.
    pub fn status(&self) -> impl Iterator<Item = &'a Members> + use<'a> {
        objects(self.members, "credentialStatus")
    }

    /// The objects of `credentialSchema`.
    pub fn schemas(&self) -> impl Iterator<Item = &'a Members> + use<'a> {
        objects(self.members, "credentialSchema")
    }

    /// The objects of `proof`; none when the credential is not secured by embedding.
    pub fn proofs(&self) -> impl Iterator<Item = &'a Members> + use<'a> {
        objects(self.members, "proof")
    }

    /// Whether it is valid at `now` (§4.9).
    ///
    /// # Errors
    /// `not_yet_valid`, `expired`.
    pub fn check_validity(&self, now: Timestamp) -> Result<(), Error> {
        // A moment may lie within the second that `now` names.
        let (from, until) = (self.valid_from, self.valid_until);
        within(
            from.map(DateTimeStamp::timestamp),
            until.map(DateTimeStamp::timestamp),
            now,
        )
    }

    /// Compares the related resources (§5.3) with those in hand, and gives how many could be compared.
    ///
    /// # Errors
    /// `digest_mismatch`.
    pub fn check_resources(&self, resources: &Resources) -> Result<usize, Error> {
        resources.check(self.related.iter(), &Path::ROOT.name("relatedResource"))
    }
}

/// The objects of a member that was checked to hold one or more.
pub(super) fn objects<'a>(
    members: &'a Members,
    name: &str,
) -> impl Iterator<Item = &'a Members> + use<'a> {
    let elements = match members.get(name) {
        Some(Value::Array(elements)) => elements.as_slice(),
        Some(one) => core::slice::from_ref(one),
        None => &[],
    };
    elements.iter().filter_map(Value::as_object)
}

/// One or more objects under each name, each with a type, and an identifier that is a URL.
pub(super) fn check_extensions(
    members: &Members,
    extensions: &[(&str, bool)],
    path: &Path<'_>,
) -> Result<(), Error> {
    for (name, needs_id) in extensions {
        let Some(value) = members.get(*name) else {
            continue;
        };
        one_or_more(value, &path.name(name), |one, path| {
            let members = object(one, path)?;
            member::types(members, path)?;
            if *needs_id {
                member::required_id(members, path)?;
            } else {
                member::optional_id(members, path)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// `credentialSubject` (§4.8).
fn subjects<'a>(members: &'a Members, path: &Path<'_>) -> Result<Vec<&'a Members>, Error> {
    let path = path.name("credentialSubject");
    let value = members
        .get("credentialSubject")
        .ok_or_else(|| path.malformed("missing"))?;
    let mut subjects = Vec::with_capacity(1);
    one_or_more(value, &path, |one, path| {
        let subject = object(one, path)?;
        if subject.is_empty() {
            return Err(path.malformed("a claim is needed"));
        }
        member::optional_id(subject, path)?;
        subjects.push(subject);
        Ok(())
    })?;
    Ok(subjects)
}

type Validity = (Option<DateTimeStamp>, Option<DateTimeStamp>);

/// `validFrom` and `validUntil` (§4.9); in version 1.1 `issuanceDate` and `expirationDate` (VCDM 1.1 §4.5, §4.6).
fn validity(version: Version, members: &Members, path: &Path<'_>) -> Result<Validity, Error> {
    let time = |name: &'static str| {
        let Some(value) = members.get(name) else {
            return Ok(None);
        };
        value
            .as_str()
            .and_then(DateTimeStamp::parse)
            .map(Some)
            .ok_or_else(|| path.name(name).malformed("a dateTimeStamp is needed"))
    };
    let (from, until, last) = match version {
        Version::V2 => (time("validFrom")?, time("validUntil")?, "validUntil"),
        Version::V1 => {
            let from = time("issuanceDate")?
                .ok_or_else(|| path.name("issuanceDate").malformed("missing"))?;
            (Some(from), time("expirationDate")?, "expirationDate")
        }
    };
    match (from, until) {
        (Some(from), Some(until)) if until < from => {
            Err(path.name(last).malformed("it ends before it begins"))
        }
        _ => Ok((from, until)),
    }
}
