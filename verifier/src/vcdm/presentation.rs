//! Verifiable presentations (VCDM 2.0 §4.13) and what is enveloped (§4.13.1, §4.13.2).

use alloc::vec::Vec;

use serde_json::Value;

use super::credential::{Credential, check_extensions, objects};
use super::member::{self, Members, object};
use super::path::Path;
use super::{Version, context};
use crate::error::Error;
use crate::jsonld::{ContextStore, unsecured_to_rdf};

/// The most credentials of one presentation.
const MAX_CREDENTIALS: usize = 64;

const EXTENSIONS: &[(&str, bool)] = &[("proof", false), ("termsOfUse", false)];

/// A presentation whose structure, and that of the credentials in it, follows the data model; no proof is checked.
pub struct Presentation<'a> {
    version: Version,
    members: &'a Members,
    id: Option<&'a str>,
    types: Vec<&'a str>,
    holder: Option<&'a str>,
    credentials: Vec<Presented<'a>>,
}

/// A credential in a presentation.
#[non_exhaustive]
pub enum Presented<'a> {
    /// With a proof of its own, or asserted by the holder and secured by the presentation.
    Credential {
        /// The document as it stands in the presentation.
        document: &'a Value,
        /// The view of it.
        credential: Credential<'a>,
    },
    /// `EnvelopedVerifiableCredential`.
    Enveloped {
        /// The document as it stands in the presentation.
        document: &'a Value,
        /// The view of it.
        envelope: Envelope<'a>,
    },
}

impl<'a> Presentation<'a> {
    /// Checks the structure of a presentation of either version.
    ///
    /// A credential without a proof of its own is secured by the presentation alone: it must be the holder's own
    /// assertion, so that `holder` is there and equals its issuer (§4.13.3).
    ///
    /// # Errors
    /// `malformed_value` with the place of the first member that breaks the data model; `too_large` for more than 64
    /// credentials.
    pub fn parse(document: &'a Value) -> Result<Self, Error> {
        let path = &Path::ROOT;
        let members = object(document, path)?;
        let version = context::version(members, path)?;
        let types = member::types(members, path)?;
        if !types.contains(&"VerifiablePresentation") {
            let path = path.name("type");
            return Err(path.malformed("VerifiablePresentation is needed"));
        }
        check_extensions(members, EXTENSIONS, path)?;
        let holder = members.get("holder");
        let holder = holder
            .map(|holder| member::url_or_object(holder, &path.name("holder")))
            .transpose()?;
        Ok(Self {
            version,
            members,
            id: member::optional_id(members, path)?,
            types,
            holder,
            credentials: credentials(members, holder, path)?,
        })
    }

    /// Checks what a presentation must satisfy before it is secured: its structure, and that every term is defined.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse); `undefined_term`, `unknown_context`, `malformed`, `too_large`.
    pub fn issuable(document: &'a Value, contexts: &ContextStore) -> Result<Self, Error> {
        let presentation = Self::parse(document)?;
        presentation.check_terms(document, contexts)?;
        Ok(presentation)
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

    /// The URL that identifies the holder.
    #[must_use]
    pub fn holder(&self) -> Option<&'a str> {
        self.holder
    }

    /// `verifiableCredential`; there may be none.
    #[must_use]
    pub fn credentials(&self) -> &[Presented<'a>] {
        &self.credentials
    }

    /// The objects of `proof`; none when the presentation is not secured by embedding.
    pub fn proofs(&self) -> impl Iterator<Item = &'a Members> + use<'a> {
        objects(self.members, "proof")
    }
}

/// `verifiableCredential`: objects only, never strings or URLs. Unlike other sets it may be empty.
fn credentials<'a>(
    members: &'a Members,
    holder: Option<&str>,
    path: &Path<'_>,
) -> Result<Vec<Presented<'a>>, Error> {
    let path = path.name("verifiableCredential");
    let elements = match members.get("verifiableCredential") {
        None => return Ok(Vec::new()),
        Some(Value::Array(elements)) => elements.as_slice(),
        Some(one) => core::slice::from_ref(one),
    };
    if elements.len() > MAX_CREDENTIALS {
        return Err(Error::too_large("number of credentials", MAX_CREDENTIALS));
    }
    let each = |(index, document)| {
        let path = path.index(index);
        let members = object(document, &path)?;
        if member::types(members, &path)?.contains(&Envelope::CREDENTIAL) {
            let envelope = Envelope::read(document, Envelope::CREDENTIAL, &path)?;
            return Ok(Presented::Enveloped { document, envelope });
        }
        let credential = Credential::read(document, &path)?;
        if credential.proofs().next().is_none() && holder != Some(credential.issuer()) {
            return Err(path.malformed("without a proof it must be asserted by the holder"));
        }
        Ok(Presented::Credential {
            document,
            credential,
        })
    };
    elements.iter().enumerate().map(each).collect()
}

/// A secured document inside a `data:` URL (RFC 2397).
#[derive(Clone, Copy)]
pub struct Envelope<'a> {
    media_type: &'a str,
    data: &'a str,
}

impl<'a> Envelope<'a> {
    const CREDENTIAL: &'static str = "EnvelopedVerifiableCredential";
    const PRESENTATION: &'static str = "EnvelopedVerifiablePresentation";

    /// Reads an `EnvelopedVerifiableCredential` (§4.13.1).
    ///
    /// # Errors
    /// `malformed_value` with the place.
    pub fn credential(document: &'a Value) -> Result<Self, Error> {
        Self::read(document, Self::CREDENTIAL, &Path::ROOT)
    }

    /// Reads an `EnvelopedVerifiablePresentation` (§4.13.2).
    ///
    /// # Errors
    /// `malformed_value` with the place.
    pub fn presentation(document: &'a Value) -> Result<Self, Error> {
        Self::read(document, Self::PRESENTATION, &Path::ROOT)
    }

    fn read(document: &'a Value, kind: &str, path: &Path<'_>) -> Result<Self, Error> {
        let members = object(document, path)?;
        context::includes_base(members, path)?;
        if member::types(members, path)? != [kind] {
            return Err(path
                .name("type")
                .malformed("the type of an envelope is needed"));
        }
        // §4.13.1: the envelope is a wrapper; whatever else it said would be covered by no proof.
        if let Some(name) = members
            .keys()
            .find(|name| !matches!(name.as_str(), "@context" | "id" | "type"))
        {
            return Err(path
                .name(name)
                .malformed("an envelope says nothing of its own"));
        }
        // The data are opaque here: whoever opens them reads their form strictly.
        let url = members.get("id").and_then(Value::as_str);
        url.and_then(|url| url.strip_prefix("data:"))
            .and_then(|rest| rest.split_once(','))
            .filter(|(kind, data)| {
                kind.contains('/') && !kind.contains(char::is_whitespace) && !data.is_empty()
            })
            .map(|(media_type, data)| Self { media_type, data })
            .ok_or_else(|| path.name("id").malformed("a data: URL is needed"))
    }

    /// The media type with its parameters, as written: for example `application/vc+jwt`, or with `;base64` at its end.
    #[must_use]
    pub fn media_type(&self) -> &'a str {
        self.media_type
    }

    /// What follows the comma, as written.
    #[must_use]
    pub fn data(&self) -> &'a str {
        self.data
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use alloc::vec;

    use serde_json::json;

    use super::*;

    fn presentation(credentials: usize) -> Value {
        let holder = "https://holder.example/";
        // The holder's own word needs no proof.
        let one = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
            "issuer": holder, "credentialSubject": {"id": "did:example:subject"}});
        json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation", "Example"],
            "id": "urn:uuid:3978344f-8596-4c3a-a978-8fcaba3903c5", "holder": holder,
            "verifiableCredential": vec![one; credentials]})
    }

    #[test]
    fn what_it_says_can_be_read() {
        let document = presentation(1);
        let read = Presentation::parse(&document).unwrap();
        assert_eq!(
            read.id(),
            Some("urn:uuid:3978344f-8596-4c3a-a978-8fcaba3903c5")
        );
        assert_eq!(read.types(), ["VerifiablePresentation", "Example"]);
        assert_eq!(read.holder(), Some("https://holder.example/"));
    }

    #[test]
    fn it_holds_sixty_four_credentials_and_no_more() {
        assert!(Presentation::parse(&presentation(MAX_CREDENTIALS)).is_ok());
        let refusal = Presentation::parse(&presentation(MAX_CREDENTIALS + 1)).err();
        assert_eq!(refusal.map(|error| error.code()), Some("too_large"));
    }
}
