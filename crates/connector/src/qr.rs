//! Pictures of a pairing code: QR with error correction M, for a terminal, as PNG and as SVG.

use std::io::Cursor;

use fast_qr::convert::Builder as _;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::qr::{QRBuilder, QRCode};
use fast_qr::{ECL, Module};
use image::{GrayImage, ImageFormat, Luma};
use thiserror::Error;

/// A QR code of a pairing code.
pub(crate) struct Picture(QRCode);

/// Why there is no picture.
#[derive(Debug, Error)]
#[error("the code does not fit a picture")]
pub(crate) struct PictureError;

/// The empty border that readers need, in modules (ISO/IEC 18004).
const QUIET: usize = 4;
/// The size of a module, in pixels of the PNG.
const SCALE: u32 = 8;
const DARK: u8 = 0;
const LIGHT: u8 = 255;

impl Picture {
    pub(crate) fn draw(code: &str) -> Result<Self, PictureError> {
        QRBuilder::new(code).ecl(ECL::M).build().map(Self).map_err(|_| PictureError)
    }

    /// Tells whether a module is dark; beyond the edge is the quiet zone.
    fn is_dark(&self, row: usize, column: usize) -> bool {
        let inside = |index: usize| index.checked_sub(QUIET).filter(|index| *index < self.0.size);
        let module = inside(row).zip(inside(column)).and_then(|(row, column)| self.0[row].get(column).copied());
        module.is_some_and(Module::value)
    }

    fn width(&self) -> usize {
        self.0.size + 2 * QUIET
    }

    /// Returns lines of half blocks: two rows of modules to a line, light modules drawn, so that the picture
    /// reads on a dark terminal. With `colours` the lines state black and white themselves.
    pub(crate) fn terminal(&self, colours: bool) -> String {
        let (begin, end) = if colours { ("\u{1b}[97;40m", "\u{1b}[0m") } else { ("", "") };
        let mut text = String::new();
        for row in (0..self.width()).step_by(2) {
            text.push_str(begin);
            for column in 0..self.width() {
                text.push(match (self.is_dark(row, column), self.is_dark(row + 1, column)) {
                    (false, false) => '█',
                    (false, true) => '▀',
                    (true, false) => '▄',
                    (true, true) => ' ',
                });
            }
            text.push_str(end);
            text.push('\n');
        }
        text
    }

    /// Returns a PNG.
    pub(crate) fn png(&self) -> Result<Vec<u8>, PictureError> {
        let width = u32::try_from(self.width()).map_err(|_| PictureError)? * SCALE;
        let at = |pixel: u32| usize::try_from(pixel / SCALE).unwrap_or(usize::MAX);
        let picture =
            GrayImage::from_fn(width, width, |x, y| Luma([if self.is_dark(at(y), at(x)) { DARK } else { LIGHT }]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).map_err(|_| PictureError)?;
        Ok(bytes.into_inner())
    }

    /// Returns an SVG.
    pub(crate) fn svg(&self) -> String {
        let mut builder = SvgBuilder::default();
        builder.margin(QUIET);
        builder.to_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "LG1:ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    #[test]
    fn all_three_pictures_show_the_same_modules() {
        let picture = Picture::draw(CODE).unwrap();
        let lines: Vec<Vec<char>> = picture.terminal(false).lines().map(|line| line.chars().collect()).collect();
        let png = image::load_from_memory(&picture.png().unwrap()).unwrap().to_luma8();
        assert_eq!(png.width() as usize, picture.width() * SCALE as usize);
        for row in 0..picture.width() {
            for column in 0..picture.width() {
                let dark = picture.is_dark(row, column);
                let half = *lines[row / 2].get(column).unwrap();
                let shown_dark = if row % 2 == 0 { matches!(half, '▄' | ' ') } else { matches!(half, '▀' | ' ') };
                assert_eq!(shown_dark, dark);
                let pixel = png.get_pixel(column as u32 * SCALE + 1, row as u32 * SCALE + 1).0[0];
                assert_eq!(pixel == DARK, dark);
            }
        }
        assert!(picture.svg().starts_with("<svg"));
    }

    #[test]
    fn the_quiet_zone_is_light_and_the_finder_dark() {
        let picture = Picture::draw(CODE).unwrap();
        assert!(!picture.is_dark(0, 0) && !picture.is_dark(QUIET - 1, QUIET));
        assert!(picture.is_dark(QUIET, QUIET));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Picture::draw(&"A".repeat(10_000)).is_err());
    }
}
