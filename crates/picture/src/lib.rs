//! Finds a QR code in a picture or a camera frame.
//!
//! The decoder is given hostile input and has panicked on public test pictures, so it works in a thread of its
//! own: a panic is caught, and after the deadline nobody waits for it. Passes at several scales and contrasts
//! help it; each pass looks at the clock first.

use std::borrow::Cow;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use image::imageops::FilterType;
use image::{ImageReader, Limits, imageops};
use rqrr::PreparedImage;
use thiserror::Error;
use zeroize::Zeroizing;

pub use image::GrayImage;

/// The largest picture, in pixels.
const PICTURE_PIXELS: u64 = 12_000_000;
/// The largest picture file, in bytes.
const PICTURE_BYTES: usize = 32 * 1024 * 1024;
/// How long the search for a code in a picture may take.
const PICTURE_TIMEOUT: Duration = Duration::from_millis(2_000);
/// How long the search for a code in a camera frame may take.
const FRAME_TIMEOUT: Duration = Duration::from_millis(200);

/// Why no code was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PictureError {
    /// It is no picture of a form that is read, or too large.
    #[error("the picture cannot be read")]
    Unreadable,
    /// There is no code in it, or none that can be read.
    #[error("no code was found in the picture")]
    NoCode,
    /// The system gave no thread.
    #[error("the search did not start")]
    NotStarted,
}

/// Finds the text of a code in a picture file (PNG, JPEG, WebP, BMP, GIF).
///
/// # Errors
/// [`PictureError`]; after two seconds there is no code.
pub fn read_file(bytes: Vec<u8>) -> Result<Zeroizing<String>, PictureError> {
    if bytes.len() > PICTURE_BYTES {
        return Err(PictureError::Unreadable);
    }
    search(PICTURE_TIMEOUT, move || decode(&bytes))
}

/// Finds the text of a code in a camera frame of `width * height` grey values.
///
/// # Errors
/// [`PictureError`]; after 200 milliseconds there is no code.
pub fn read_luma(width: u32, height: u32, luma: &[u8]) -> Result<Zeroizing<String>, PictureError> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > PICTURE_PIXELS || luma.len() as u64 != pixels {
        return Err(PictureError::Unreadable);
    }
    let luma = luma.to_vec();
    search(FRAME_TIMEOUT, move || GrayImage::from_raw(width, height, luma).ok_or(PictureError::Unreadable))
}

/// Runs the search in a thread of its own and waits for it until the deadline.
fn search(
    time: Duration,
    picture: impl FnOnce() -> Result<GrayImage, PictureError> + Send + 'static,
) -> Result<Zeroizing<String>, PictureError> {
    let (found, finding) = mpsc::sync_channel(1);
    let deadline = Instant::now() + time;
    let worker = std::thread::Builder::new().name("picture".to_owned()).spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(|| find_in(&picture()?, deadline)));
        // Nobody may be waiting any more.
        drop(found.send(result.unwrap_or(Err(PictureError::NoCode))));
    });
    if worker.is_err() {
        return Err(PictureError::NotStarted);
    }
    finding.recv_timeout(time).unwrap_or(Err(PictureError::NoCode))
}

fn decode(bytes: &[u8]) -> Result<GrayImage, PictureError> {
    let reader = || ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| PictureError::Unreadable);
    let (width, height) = reader()?.into_dimensions().map_err(|_| PictureError::Unreadable)?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > PICTURE_PIXELS {
        return Err(PictureError::Unreadable);
    }
    let mut reader = reader()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(PICTURE_PIXELS * 8);
    reader.limits(limits);
    let picture = reader.decode().map_err(|_| PictureError::Unreadable)?;
    Ok(on_white(&picture))
}

/// Turns a picture grey; what is transparent becomes white, like the paper that a code is printed on.
fn on_white(picture: &image::DynamicImage) -> GrayImage {
    if !picture.color().has_alpha() {
        return picture.to_luma8();
    }
    let two = picture.to_luma_alpha8();
    GrayImage::from_fn(two.width(), two.height(), |x, y| {
        let image::LumaA([luma, alpha]) = *two.get_pixel(x, y);
        let blended = (u16::from(luma) * u16::from(alpha) + 255 * (255 - u16::from(alpha))) / 255;
        image::Luma([u8::try_from(blended).unwrap_or(u8::MAX)])
    })
}

/// Finds the text of a code, trying one pass after the other until the deadline, in the calling thread.
///
/// # Errors
/// [`PictureError::NoCode`].
pub fn find_in(picture: &GrayImage, deadline: Instant) -> Result<Zeroizing<String>, PictureError> {
    let longest = picture.width().max(picture.height());
    for (scale, looks) in PASSES {
        let pass = match scale {
            Scale::AsItIs if longest <= LARGE => picture.clone(),
            Scale::Times(factor) if longest * factor <= LARGE => enlarge(picture, *factor),
            Scale::Longest(scale) if *scale < longest => resize(picture, *scale),
            Scale::AsItIs | Scale::Times(_) | Scale::Longest(_) => continue,
        };
        for look in *looks {
            if Instant::now() >= deadline {
                return Err(PictureError::NoCode);
            }
            let changed = look.apply(&pass);
            // A panic of one pass says nothing about the next one.
            let found = catch_unwind(AssertUnwindSafe(|| find(&changed))).unwrap_or_default();
            if let Some(text) = found {
                return Ok(text);
            }
        }
    }
    Err(PictureError::NoCode)
}

/// How large a pass sees the picture.
enum Scale {
    AsItIs,
    /// Larger, so that a small code's modules are of several pixels.
    Times(u32),
    /// The longest side, in pixels. Small ones are quick and see through noise and grids.
    Longest(u32),
}

/// The largest side that a pass looks at, in pixels.
const LARGE: u32 = 2000;

/// The order is by what most often helps, in the time that it takes. What looks the same to a person is read
/// from one and not from another, so that several strengths of the same help are worth their time.
const PASSES: &[(Scale, &[Look])] = &[
    (Scale::AsItIs, &[Look::Plain, Look::Sharp { reach: 3, gain: 2 }]),
    (Scale::Longest(800), &[Look::Plain]),
    (Scale::Times(2), &[Look::Plain, Look::Even]),
    (Scale::AsItIs, &[Look::Sharp { reach: 5, gain: 2 }, Look::Sharp { reach: 2, gain: 2 }, Look::Even]),
    (Scale::AsItIs, &[Look::Sharp { reach: 3, gain: 4 }, Look::Stretched, Look::Inverted]),
    (Scale::Longest(1200), &[Look::Plain, Look::Even, Look::Inverted]),
    (Scale::Longest(480), &[Look::Plain, Look::Even, Look::Inverted]),
    (Scale::Times(2), &[Look::Sharp { reach: 3, gain: 2 }, Look::Sharp { reach: 5, gain: 2 }]),
    (Scale::Times(3), &[Look::Plain, Look::Even, Look::Sharp { reach: 3, gain: 2 }]),
    (Scale::Times(10), &[Look::Plain]),
    (Scale::Longest(LARGE), &[Look::Plain, Look::Even]),
];

/// Where a picture holds several codes, one that looks like ours is preferred.
fn find(picture: &GrayImage) -> Option<Zeroizing<String>> {
    let (width, height) = picture.dimensions();
    let row = width as usize;
    let mut prepared =
        PreparedImage::prepare_from_greyscale(row, height as usize, |x, y| picture.as_raw()[y * row + x]);
    let texts = prepared.detect_grids().into_iter().filter_map(|grid| grid.decode().ok());
    let mut texts: Vec<_> = texts.map(|(_, text)| Zeroizing::new(text)).collect();
    let ours = texts.iter().position(|text| text.starts_with("LG")).unwrap_or_default();
    (!texts.is_empty()).then(|| texts.swap_remove(ours))
}

/// Makes a picture `factor` times as large, each value on the line between its neighbours: ten times as fast as
/// the general way.
fn enlarge(picture: &GrayImage, factor: u32) -> GrayImage {
    let (width, height) = picture.dimensions();
    let (columns, rows) = (between(width, factor), between(height, factor));
    let line = |row: usize| &picture.as_raw()[row * width as usize..][..width as usize];
    let mut large = GrayImage::new(width * factor, height * factor);
    for (row, &(first, second, down)) in large.chunks_exact_mut((width * factor) as usize).zip(&rows) {
        let (above, below) = (line(first), line(second));
        for (value, &(left, right, along)) in row.iter_mut().zip(&columns) {
            let mix = |line: &[u8]| u32::from(line[left]) * (WHOLE - along) + u32::from(line[right]) * along;
            *value = ((mix(above) * (WHOLE - down) + mix(below) * down) / (WHOLE * WHOLE)) as u8;
        }
    }
    large
}

/// The share of a neighbour that is all of it.
const WHOLE: u32 = 256;

/// For each place of a side `factor` times as long: its two neighbours, and the share of the second one.
fn between(side: u32, factor: u32) -> Vec<(usize, usize, u32)> {
    let last = (side - 1) as usize;
    let place = |at: u32| {
        // The middle of a place lies half a place from its edge.
        let from = ((2 * at + 1) * WHOLE / (2 * factor)).saturating_sub(WHOLE / 2);
        let first = (from / WHOLE) as usize;
        (first.min(last), (first + 1).min(last), from % WHOLE)
    };
    (0..side * factor).map(place).collect()
}

fn resize(picture: &GrayImage, longest: u32) -> GrayImage {
    let (width, height) = picture.dimensions();
    let scale = |side: u32| (u64::from(side) * u64::from(longest) / u64::from(width.max(height))).max(1);
    let side = |side| u32::try_from(scale(side)).unwrap_or(longest);
    imageops::resize(picture, side(width), side(height), FilterType::Triangle)
}

/// How a pass changes the grey values.
#[derive(Debug, Clone, Copy)]
enum Look {
    Plain,
    /// From black to white.
    Stretched,
    /// Light modules on a dark ground.
    Inverted,
    /// Edges made steeper, for a camera out of focus. `reach` is in pixels of a picture that is 640 wide.
    Sharp {
        reach: usize,
        gain: i32,
    },
    /// Each place compared with the mean of what is around it: under glare and in shadow.
    Even,
}

impl Look {
    fn apply(self, picture: &GrayImage) -> Cow<'_, GrayImage> {
        match self {
            Self::Plain => Cow::Borrowed(picture),
            Self::Stretched => Cow::Owned(stretch(picture, |value| value)),
            Self::Inverted => Cow::Owned(stretch(picture, |value| 255 - value)),
            Self::Sharp { reach, gain } => Cow::Owned(sharpen(picture, reach, gain)),
            Self::Even => Cow::Owned(even(picture)),
        }
    }
}

fn stretch(picture: &GrayImage, change: fn(u8) -> u8) -> GrayImage {
    let (low, high) = picture.iter().fold((u8::MAX, 0), |(low, high), value| (low.min(*value), high.max(*value)));
    let range = u16::from(high.saturating_sub(low)).max(1);
    let mut changed = picture.clone();
    for value in changed.iter_mut() {
        let stretched = u16::from(value.saturating_sub(low)) * 255 / range;
        *value = change(u8::try_from(stretched).unwrap_or(u8::MAX));
    }
    changed
}

/// Sets each value against the mean of the square around it, so that black and white are the same everywhere.
fn even(picture: &GrayImage) -> GrayImage {
    let reach = (picture.width().max(picture.height()) as usize / 24).max(2);
    let means = means(picture, reach);
    combine(picture, &means, |value, mean| 128 + 4 * (value - mean))
}

/// Takes away what the neighbours added to each value.
fn sharpen(picture: &GrayImage, reach: usize, gain: i32) -> GrayImage {
    let reach = (reach * picture.width().max(picture.height()) as usize / 640).max(1);
    // Twice, because a square has corners and a lens has not.
    let means = means(&means(picture, reach), reach);
    combine(picture, &means, |value, mean| value + gain * (value - mean))
}

fn combine(picture: &GrayImage, means: &GrayImage, change: impl Fn(i32, i32) -> i32) -> GrayImage {
    let mut changed = picture.clone();
    for (value, mean) in changed.iter_mut().zip(means.iter()) {
        *value = change(i32::from(*value), i32::from(*mean)).clamp(0, 255) as u8;
    }
    changed
}

/// The mean of the square around each place, `reach` to every side.
fn means(picture: &GrayImage, reach: usize) -> GrayImage {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    // Sums over everything above and to the left of each place.
    let mut sums = vec![0_u32; (width + 1) * (height + 1)];
    for y in 0..height {
        let mut row = 0;
        for x in 0..width {
            row += u32::from(picture.as_raw()[y * width + x]);
            sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1].wrapping_add(row);
        }
    }
    let mut means = GrayImage::new(picture.width(), picture.height());
    for (y, row) in means.chunks_exact_mut(width).enumerate() {
        let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(height));
        let (above, below) = (&sums[top * (width + 1)..][..=width], &sums[bottom * (width + 1)..][..=width]);
        for (x, mean) in row.iter_mut().enumerate() {
            let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(width));
            let sum = below[right].wrapping_add(above[left]).wrapping_sub(below[left]).wrapping_sub(above[right]);
            *mean = (sum / ((right - left) * (bottom - top)) as u32) as u8;
        }
    }
    means
}

#[cfg(test)]
mod tests;
