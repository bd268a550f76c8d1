//! A line chart as SVG, on logarithmic axes, legible on light and on dark ground.

use std::fmt::Write as _;

/// One line.
pub(crate) struct Series<'a> {
    pub(crate) name: &'a str,
    /// Number of claims, and cost.
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 640.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 424.0;
/// Between two labels.
const LINE: f64 = 17.0;

const STYLE: &str = "
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-size: 16px; font-weight: 600; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.s0 { --c: #0969da; } .s1 { --c: #bc4c00; } .s2 { --c: #1a7f37; } .s3 { --c: #8250df; }
.s4 { --c: #9a6700; } .s5 { --c: #bf3989; } .s6 { --c: #1b7c83; }
.line { stroke: var(--c); } circle { fill: var(--c); } .name { fill: var(--c); }
.ground { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .grid { stroke: #3d444d; } .ground { fill: #0d1117; }
.s0 { --c: #58a6ff; } .s1 { --c: #f0883e; } .s2 { --c: #3fb950; } .s3 { --c: #bc8cff; }
.s4 { --c: #d29922; } .s5 { --c: #f778ba; } .s6 { --c: #39c5cf; }
}";

/// Draws the lines with their names beside their ends.
pub(crate) fn draw(series: &[Series<'_>]) -> String {
    let all = || series.iter().flat_map(|line| &line.points);
    let (from, to) = bounds(all().map(|point| point.0));
    let (low, high) = bounds(all().map(|point| point.1));
    let (low, high) = (
        10f64.powf(low.log10().floor()),
        10f64.powf(high.log10().ceil()),
    );
    let x = |value: f64| LEFT + (RIGHT - LEFT) * (value / from).log10() / (to / from).log10();
    let y = |value: f64| BOTTOM - (BOTTOM - TOP) * (value / low).log10() / (high / low).log10();

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Cost of operations by number of claims\">\n<style>{STYLE}\n</style>\n\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n\
         <text class=\"title\" x=\"{LEFT}\" y=\"26\">Cost by number of claims, three disclosed</text>\n\
         <text x=\"{LEFT}\" y=\"46\">multiples of one raw P-256 verification; both axes logarithmic</text>\n"
    );
    let mut decade = low;
    while decade <= high * 1.01 {
        let at = y(decade);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{decade}</text>",
            LEFT - 8.0,
            at + 4.5
        );
        decade *= 10.0;
    }
    if let Some(line) = series.first() {
        for (claims, _) in &line.points {
            let at = x(*claims);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{BOTTOM}\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{claims}</text>",
                BOTTOM + 20.0
            );
        }
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">claims</text>",
        (LEFT + RIGHT) / 2.0,
        BOTTOM + 42.0
    );
    let labels = labels(series, y);
    for (index, (line, label)) in series.iter().zip(labels).enumerate() {
        let points: Vec<String> = line
            .points
            .iter()
            .map(|(claims, cost)| format!("{:.1},{:.1}", x(*claims), y(*cost)))
            .collect();
        let _ = writeln!(
            svg,
            "<g class=\"s{index}\"><polyline class=\"line\" points=\"{}\"/>",
            points.join(" ")
        );
        for (claims, cost) in &line.points {
            let (claims, cost) = (x(*claims), y(*cost));
            let _ = writeln!(
                svg,
                "<circle cx=\"{claims:.1}\" cy=\"{cost:.1}\" r=\"3.5\"/>"
            );
        }
        let _ = writeln!(
            svg,
            "<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            RIGHT + 12.0,
            label + 4.5,
            line.name
        );
    }
    svg += "</svg>\n";
    svg
}

/// Where the names go: at the ends of their lines, moved apart where lines end close together.
fn labels(series: &[Series<'_>], y: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut ends: Vec<(usize, f64)> = series
        .iter()
        .map(|line| y(line.points.last().unwrap().1))
        .enumerate()
        .collect();
    ends.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut free = f64::MIN;
    for (_, end) in &mut ends {
        *end = end.max(free);
        free = *end + LINE;
    }
    ends.sort_by_key(|end| end.0);
    ends.into_iter().map(|end| end.1).collect()
}

fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::MAX, f64::MIN), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}
