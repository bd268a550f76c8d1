//! The detection error trade-off curve as a picture: false non-matches against false matches, both on normal-deviate axes
//! (ISO/IEC 19795-1), where normally distributed scores give a straight line.

use std::fmt::Write as _;

use crate::statistics::{Scores, normal_deviate, sweep, threshold};

/// Rates the axes name; the first and the last are their ends.
const TICKS: [(f64, &str); 11] = [
    (1e-5, "0.001"),
    (1e-4, "0.01"),
    (1e-3, "0.1"),
    (0.01, "1"),
    (0.02, "2"),
    (0.05, "5"),
    (0.1, "10"),
    (0.2, "20"),
    (0.4, "40"),
    (0.6, "60"),
    (0.8, "80"),
];
const SIDE: f64 = 520.0;
const LEFT: f64 = 80.0;
const TOP: f64 = 44.0;

/// Draws the curve and marks the point at `marked`, the threshold in use; `None` without both kinds of comparison.
pub(crate) fn svg(impostor: &Scores, genuine: &Scores, marked: i32) -> Option<String> {
    let (impostors, genuines) = (impostor.total(), genuine.total());
    if impostors == 0 || genuines == 0 {
        return None;
    }
    let point = |reaching_i: u64, reaching_g: u64| {
        let missed = (genuines - reaching_g) as f64 / genuines as f64;
        (
            LEFT + along(reaching_i as f64 / impostors as f64),
            TOP + SIDE - along(missed),
        )
    };
    let mut out = frame();
    let _ = writeln!(
        out,
        r##"<text x="{LEFT}" y="26" font-size="15" fill="#111">Detection error trade-off: {genuines} genuine, {impostors} impostor comparisons</text>"##
    );
    // A step for each change: between two scores nothing is known that a slanted line could show.
    let mut path = String::new();
    let mut last: Option<(f64, f64)> = None;
    for (_, i, g) in sweep(impostor, genuine) {
        let (x, y) = point(i, g);
        match last {
            None => {
                let _ = write!(path, "M{x:.1},{y:.1}");
            }
            Some(_) => {
                let _ = write!(path, "H{x:.1}V{y:.1}");
            }
        }
        last = Some((x, y));
    }
    let _ = writeln!(
        out,
        r##"<path d="{path}" fill="none" stroke="#1f5fa8" stroke-width="2"/>"##
    );
    let (x, y) = point(impostor.reaching(marked), genuine.reaching(marked));
    let (label_x, anchor) = if x > LEFT + SIDE * 0.6 {
        (x - 9.0, "end")
    } else {
        (x + 9.0, "start")
    };
    let label_y = if y < TOP + 20.0 { y + 18.0 } else { y - 9.0 };
    let _ = writeln!(
        out,
        r##"<circle cx="{x:.1}" cy="{y:.1}" r="5" fill="#c2410c"/><text x="{label_x:.1}" y="{label_y:.1}" text-anchor="{anchor}" fill="#c2410c">threshold {:.4}</text>"##,
        threshold(marked)
    );
    let one_error = 100.0 / impostors.min(genuines) as f64;
    let notes = [
        "Rates of zero, and rates beyond the axes, are drawn on the border.".to_owned(),
        format!("One error is {one_error:.2} % of the smaller sample."),
    ];
    for (line, note) in notes.iter().enumerate() {
        let y = TOP + SIDE + 64.0 + 16.0 * line as f64;
        let _ = writeln!(
            out,
            r##"<text x="{LEFT}" y="{y}" fill="#555">{note}</text>"##
        );
    }
    out.push_str("</svg>\n");
    Some(out)
}

/// How far along an axis a rate lies, cut to its ends.
fn along(rate: f64) -> f64 {
    let end = |tick: Option<&(f64, &str)>| tick.map_or(0.5, |t| t.0);
    let (low, high) = (end(TICKS.first()), end(TICKS.last()));
    let deviate = |rate: f64| normal_deviate(rate.clamp(low, high));
    SIDE * (deviate(rate) - deviate(low)) / (deviate(high) - deviate(low))
}

fn frame() -> String {
    let (width, height) = (LEFT + SIDE + 30.0, TOP + SIDE + 96.0);
    let (right, bottom) = (LEFT + SIDE, TOP + SIDE);
    let mut out = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
"##
    );
    for (rate, name) in TICKS {
        let (x, y) = (LEFT + along(rate), bottom - along(rate));
        let _ = writeln!(
            out,
            r##"<path d="M{x:.1},{TOP}V{bottom}M{LEFT},{y:.1}H{right}" stroke="#ddd"/><text x="{x:.1}" y="{:.1}" text-anchor="middle" fill="#333">{name}</text><text x="{:.1}" y="{:.1}" text-anchor="end" fill="#333">{name}</text>"##,
            bottom + 18.0,
            LEFT - 8.0,
            y + 4.0
        );
    }
    let _ = writeln!(
        out,
        r##"<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#333"/>
<text x="{:.1}" y="{:.1}" text-anchor="middle" fill="#111">false match rate (FMR), %</text>
<text transform="translate(24,{:.1}) rotate(-90)" text-anchor="middle" fill="#111">false non-match rate (FNMR), %</text>"##,
        LEFT + SIDE / 2.0,
        bottom + 42.0,
        TOP + SIDE / 2.0
    );
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_axis_is_that_of_normal_deviates() {
        assert_eq!((along(0.0), along(1e-9), along(1e-5)), (0.0, 0.0, 0.0));
        assert!((along(0.8) - SIDE).abs() < 1e-9 && along(1.0) == along(0.8));
        // 0.5 lies 0 deviates from the middle; 1e-5 4.265 below, 0.8 0.842 above.
        assert!((along(0.5) / SIDE - 4.264_890_8 / (4.264_890_8 + 0.841_621_2)).abs() < 1e-6);
    }

    #[test]
    fn the_curve_starts_without_false_matches_and_passes_the_marked_point() {
        let (mut impostor, mut genuine) = (Scores::new(), Scores::new());
        assert!(svg(&impostor, &genuine, 4500).is_none());
        [0.1, 0.2, 0.6, 0.3].iter().for_each(|&s| impostor.add(s));
        [0.5, 0.7, 0.8, 0.9, 0.4]
            .iter()
            .for_each(|&s| genuine.add(s));
        let svg = svg(&impostor, &genuine, 4500).unwrap();
        // At 0.45 one of four impostors matches and one of five genuine pairs does not.
        let (x, y) = (LEFT + along(0.25), TOP + SIDE - along(0.2));
        assert!(
            svg.contains(&format!(r#"cx="{x:.1}" cy="{y:.1}""#)),
            "{svg}"
        );
        assert!(svg.contains(&format!("M{LEFT:.1},{TOP:.1}H")), "{svg}");
        assert!(svg.ends_with("</svg>\n"));
    }
}
