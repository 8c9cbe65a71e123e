//! A flame graph: stacks as `perf script` prints them, drawn as SVG.
//!
//! The width of a box is the share of samples in which the function was on the stack. Its title, which a
//! browser shows under the pointer, names it in full.

use std::collections::BTreeMap;
use std::fmt::Write as _;

const WIDTH: f64 = 1600.0;
const ROW: f64 = 17.0;
/// Narrower boxes are left out: nobody can see them.
const NARROWEST: f64 = 0.5;
/// About the width of a letter.
const LETTER: f64 = 6.6;

/// Samples, by the functions on the stack from the outermost in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    samples: u64,
    inner: BTreeMap<String, Frame>,
}

impl Frame {
    /// Reads what `perf script -F comm,ip,sym` prints: a line with the process, a line for each function from
    /// the innermost out, and an empty line.
    pub(crate) fn read(script: &str) -> Self {
        let mut all = Self::default();
        for sample in script.split("\n\n") {
            let mut lines = sample.trim_matches('\n').lines();
            let Some(process) = lines.next().map(str::trim).filter(|process| !process.is_empty()) else { continue };
            let functions: Vec<&str> = lines.map(function).collect();
            all.add(std::iter::once(process).chain(functions.into_iter().rev()));
        }
        all
    }

    fn add<'a>(&mut self, stack: impl Iterator<Item = &'a str>) {
        self.samples += 1;
        let mut frame = self;
        for name in stack {
            frame = frame.inner.entry(name.to_owned()).or_default();
            frame.samples += 1;
        }
    }

    /// The functions in which most samples ended, with their share of all.
    pub(crate) fn hottest(&self, count: usize) -> Vec<(String, f64)> {
        let mut own = BTreeMap::new();
        self.collect_own(&mut own);
        let mut hottest: Vec<(String, f64)> =
            own.into_iter().map(|(name, samples)| (name, samples as f64 / self.samples.max(1) as f64)).collect();
        hottest.sort_by(|a, b| b.1.total_cmp(&a.1));
        hottest.truncate(count);
        hottest
    }

    fn collect_own(&self, own: &mut BTreeMap<String, u64>) {
        for (name, frame) in &self.inner {
            let deeper: u64 = frame.inner.values().map(|inner| inner.samples).sum();
            *own.entry(name.clone()).or_default() += frame.samples - deeper;
            frame.collect_own(own);
        }
    }

    /// Draws the graph, the outermost function below.
    pub(crate) fn draw(&self, title: &str) -> String {
        let height = ROW * (self.depth() as f64 + 2.0);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" font-size=\"11\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"4\" y=\"13\">{}: {} samples</text>\n",
            escape(title),
            self.samples
        );
        let scale = WIDTH / self.samples.max(1) as f64;
        self.draw_inner(&mut svg, 0.0, height - ROW, scale);
        svg.push_str("</svg>\n");
        svg
    }

    fn draw_inner(&self, svg: &mut String, mut x: f64, y: f64, scale: f64) {
        for (name, frame) in &self.inner {
            let width = frame.samples as f64 * scale;
            if width >= NARROWEST {
                frame.draw_box(svg, name, (x, y, width), 100.0 * width / WIDTH);
                frame.draw_inner(svg, x, y - ROW, scale);
            }
            x += width;
        }
    }

    fn draw_box(&self, svg: &mut String, name: &str, (x, y, width): (f64, f64, f64), percent: f64) {
        let hue = name.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())) % 40 + 15;
        let full = escape(name);
        let fits = (width / LETTER) as usize;
        let text = if fits >= 3 { escape(&name.chars().take(fits).collect::<String>()) } else { String::new() };
        let height = ROW - 1.0;
        // Writing to a string does not fail.
        let _ = writeln!(
            svg,
            "<g><title>{full} ({percent:.2} %)</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" \
             fill=\"hsl({hue},85%,65%)\"/><text x=\"{:.1}\" y=\"{:.1}\">{text}</text></g>",
            x + 2.0,
            y + 12.0
        );
    }

    fn depth(&self) -> usize {
        self.inner.values().map(|inner| inner.depth() + 1).max().unwrap_or(0)
    }
}

/// The name in `    7f12 core::ptr::read+0x1 (/lib/x.so)`, without address, offset and file.
fn function(line: &str) -> &str {
    let name = line.trim().split_once(' ').map_or("[unknown]", |(_, name)| name.trim());
    let name = name.rsplit_once(" (/").map_or(name, |(name, _)| name);
    name.rsplit_once("+0x").map_or(name, |(name, _)| name)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "\
gateway \n\t  55aa <u8 as Seal>::seal\n\t  55bb main\n\n\
gateway \n\t  55bb main\n\n\
device \n\t  55cc seal+0x12 (/usr/lib/x.so)\n\t  55bb main\n\n";

    #[test]
    fn stacks_are_joined_from_the_outermost_function_in() {
        let all = Frame::read(SCRIPT);
        assert_eq!(all.samples, 3);
        let gateway = &all.inner["gateway"];
        assert_eq!((gateway.samples, gateway.inner["main"].samples), (2, 2));
        assert_eq!(gateway.inner["main"].inner["<u8 as Seal>::seal"].samples, 1);
        assert_eq!(all.inner["device"].inner["main"].inner["seal"].samples, 1);
    }

    #[test]
    fn the_hottest_functions_are_those_in_which_samples_ended() {
        let hottest = Frame::read(SCRIPT).hottest(2);
        assert!(hottest.iter().all(|(_, share)| (share - 1.0 / 3.0).abs() < 1e-9), "{hottest:?}");
        assert!(!hottest.iter().any(|(name, _)| name == "gateway"), "{hottest:?}");
    }

    #[test]
    fn names_are_escaped_in_the_picture() {
        let svg = Frame::read(SCRIPT).draw("a < b");
        assert!(svg.contains("a &lt; b") && svg.contains("&lt;u8 as Seal&gt;::seal (33.33 %)"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 1 + 6);
    }
}
