//! A text as a QR code (ISO/IEC 18004) in SVG.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the code (§9.1).
const QUIET: i32 = 4;

/// The code in SVG without styles or scripts, one unit a module; none for a text that is too long for a code.
#[must_use]
pub fn svg(text: &str, label: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = code.size() + 2 * QUIET;
    let label: String = label
        .chars()
        .filter(|c| !matches!(c, '<' | '>' | '&' | '"' | '\''))
        .collect();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"{label}\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\""
    );
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                // Writing to a String cannot fail.
                let _ = write!(svg, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
            }
        }
    }
    svg.push_str("\"/></svg>");
    Some(svg)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// The three finder patterns (§6.3.3) stand in their corners, inside the quiet zone.
    #[test]
    fn the_finder_patterns_are_drawn() {
        let svg = svg("openid4vp://?client_id=x", "a <b>").unwrap();
        let side: i32 = svg
            .split("viewBox=\"0 0 ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .unwrap()
            .parse()
            .unwrap();
        let dark = |x: i32, y: i32| svg.contains(&format!("M{x} {y}h1v1h-1z"));
        for (left, top) in [(4, 4), (side - 11, 4), (4, side - 11)] {
            for step in 0..7 {
                assert!(dark(left + step, top) && dark(left + step, top + 6));
            }
            assert!(!dark(left + 1, top + 1) && dark(left + 3, top + 3));
        }
        assert!(!(0..side).any(|x| dark(x, 3)));
        assert!(svg.contains("aria-label=\"a b\""));
    }

    #[test]
    fn a_text_that_fits_no_code_is_refused() {
        assert!(svg(&"x".repeat(5000), "").is_none());
    }
}
