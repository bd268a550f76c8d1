//! `multipart/form-data` (RFC 7578) of the one form with a file: strict, bounded, nothing copied but what is kept.

use crate::failure::{Code, Failure};

/// Parts of a form at most.
const PARTS_MAX: usize = 8;
/// Bytes of a part's headers at most.
const HEADERS_MAX: usize = 1024;
/// RFC 2046 §5.1.1.
const BOUNDARY_MAX: usize = 70;

/// The parts of a form: name and content.
pub(super) struct Parts<'b>(Vec<(&'b str, &'b [u8])>);

impl<'b> Parts<'b> {
    /// Reads a body whose `Content-Type` is this.
    ///
    /// # Errors
    /// `malformed`, also for a name given twice.
    pub(super) fn parse(content_type: &str, body: &'b [u8]) -> Result<Self, Failure> {
        let malformed = || Failure::from(Code::Malformed);
        let boundary = boundary(content_type).ok_or_else(malformed)?;
        let delimiter = format!("\r\n--{boundary}");
        let first = delimiter.as_bytes().get(2..).unwrap_or_default();
        let mut rest = body.strip_prefix(first).ok_or_else(malformed)?;
        let mut parts: Vec<(&str, &[u8])> = Vec::new();
        while let Some(part) = rest.strip_prefix(b"\r\n") {
            let head = find(part.get(..HEADERS_MAX).unwrap_or(part), b"\r\n\r\n");
            let (headers, content) = part.split_at(head.ok_or_else(malformed)?);
            let content = content.get(4..).unwrap_or_default();
            let end = find(content, delimiter.as_bytes()).ok_or_else(malformed)?;
            let (content, after) = content.split_at(end);
            rest = after.get(delimiter.len()..).unwrap_or_default();
            let name = name(headers).ok_or_else(malformed)?;
            if parts.len() >= PARTS_MAX || parts.iter().any(|(known, _)| *known == name) {
                return Err(malformed());
            }
            parts.push((name, content));
        }
        match rest.starts_with(b"--") {
            true => Ok(Self(parts)),
            false => Err(malformed()),
        }
    }

    /// The content of a part.
    pub(super) fn bytes(&self, name: &str) -> Option<&'b [u8]> {
        let (_, content) = self.0.iter().find(|(known, _)| *known == name)?;
        Some(content)
    }

    /// The content of a part, as text.
    pub(super) fn text(&self, name: &str) -> Option<&'b str> {
        std::str::from_utf8(self.bytes(name)?).ok()
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let (_, boundary) = content_type.split_once("boundary=")?;
    let boundary = boundary.split(';').next()?.trim().trim_matches('"');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (!boundary.is_empty() && boundary.len() <= BOUNDARY_MAX && boundary.bytes().all(plain))
        .then_some(boundary)
}

fn name(headers: &[u8]) -> Option<&str> {
    let headers = std::str::from_utf8(headers).ok()?;
    let line = headers.split("\r\n").find(|line| {
        line.get(..20)
            .is_some_and(|start| start.eq_ignore_ascii_case("content-disposition:"))
    })?;
    let (_, name) = line.split_once("; name=\"")?;
    name.split('"').next()
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=----x1";

    #[test]
    fn parts_are_found_by_name() {
        let body = b"------x1\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nsecret\r\n------x1\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\r\n--\r\n\xff\r\n------x1--\r\n";
        let parts = Parts::parse(TYPE, body).unwrap();
        assert_eq!(parts.text("csrf"), Some("secret"));
        assert_eq!(parts.bytes("photo"), Some(&b"\xff\xd8\r\n--\r\n\xff"[..]));
        assert_eq!(parts.bytes("other"), None);
        assert_eq!(parts.text("photo"), None);
    }

    #[test]
    fn no_body_panics_and_half_a_form_is_none() {
        let whole =
            b"------x1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n------x1--";
        assert!(Parts::parse(TYPE, whole).is_ok());
        for end in 0..whole.len() {
            assert!(Parts::parse(TYPE, &whole[..end]).is_err(), "{end}");
        }
        let twice = b"------x1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n------x1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n2\r\n------x1--";
        assert!(Parts::parse(TYPE, twice).is_err());
        for kind in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "x; boundary=\r\n",
        ] {
            assert!(Parts::parse(kind, whole).is_err(), "{kind}");
        }
    }
}
