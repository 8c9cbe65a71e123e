//! Finds a QR code in a picture or a camera frame.
//!
//! The decoder is given hostile input and has panicked on public test pictures, so it works in a thread of its
//! own: a panic is caught, and after the deadline nobody waits for it. Passes at several scales and contrasts
//! help it; each pass looks at the clock first.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use image::imageops::FilterType;
use image::{GrayImage, ImageReader, Limits, imageops};
use rqrr::PreparedImage;
use zeroize::Zeroizing;

use crate::failure::Fault;
use crate::limits::{FRAME_TIMEOUT, PICTURE_BYTES, PICTURE_PIXELS, PICTURE_TIMEOUT};

/// The longest side of each pass, in pixels. Small ones are quick and see through noise.
const SCALES: [u32; 4] = [800, 1200, 480, 2000];

/// Finds the text of a code in a picture file.
pub(crate) fn read_file(bytes: Vec<u8>) -> Result<Zeroizing<String>, Fault> {
    if bytes.len() > PICTURE_BYTES {
        return Err(Fault::PictureUnreadable);
    }
    search(PICTURE_TIMEOUT, move || decode(&bytes))
}

/// Finds the text of a code in grey values.
pub(crate) fn read_luma(width: u32, height: u32, luma: &[u8]) -> Result<Zeroizing<String>, Fault> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > PICTURE_PIXELS || luma.len() as u64 != pixels {
        return Err(Fault::PictureUnreadable);
    }
    let luma = luma.to_vec();
    search(FRAME_TIMEOUT, move || GrayImage::from_raw(width, height, luma).ok_or(Fault::PictureUnreadable))
}

/// Runs the search in a thread of its own and waits for it until the deadline.
fn search(
    time: Duration,
    picture: impl FnOnce() -> Result<GrayImage, Fault> + Send + 'static,
) -> Result<Zeroizing<String>, Fault> {
    let (found, finding) = mpsc::sync_channel(1);
    let deadline = Instant::now() + time;
    let worker = std::thread::Builder::new().name("picture".to_owned()).spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(|| find_in_passes(&picture()?, deadline)));
        // Nobody may be waiting any more.
        drop(found.send(result.unwrap_or(Err(Fault::PictureNoCode))));
    });
    if worker.is_err() {
        return Err(Fault::Internal);
    }
    finding.recv_timeout(time).unwrap_or(Err(Fault::PictureNoCode))
}

fn decode(bytes: &[u8]) -> Result<GrayImage, Fault> {
    let reader = || ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| Fault::PictureUnreadable);
    let (width, height) = reader()?.into_dimensions().map_err(|_| Fault::PictureUnreadable)?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > PICTURE_PIXELS {
        return Err(Fault::PictureUnreadable);
    }
    let mut reader = reader()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(PICTURE_PIXELS * 8);
    reader.limits(limits);
    let picture = reader.decode().map_err(|_| Fault::PictureUnreadable)?;
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

fn find_in_passes(picture: &GrayImage, deadline: Instant) -> Result<Zeroizing<String>, Fault> {
    let longest = picture.width().max(picture.height());
    let as_it_is = std::iter::once(picture.clone()).filter(|_| longest <= SCALES[3]);
    let scaled = SCALES.iter().filter(|scale| **scale < longest || longest < 200).map(|scale| resize(picture, *scale));
    for pass in as_it_is.chain(scaled) {
        for variant in [None, Some(Contrast::Stretched), Some(Contrast::Inverted)] {
            if Instant::now() >= deadline {
                return Err(Fault::PictureNoCode);
            }
            let changed = variant.map(|contrast| contrast.apply(&pass));
            let tried = changed.as_ref().unwrap_or(&pass);
            // A panic of one pass says nothing about the next one.
            let found = catch_unwind(AssertUnwindSafe(|| find(tried))).unwrap_or_default();
            if let Some(text) = found {
                return Ok(text);
            }
        }
    }
    Err(Fault::PictureNoCode)
}

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

fn resize(picture: &GrayImage, longest: u32) -> GrayImage {
    let (width, height) = picture.dimensions();
    let scale = |side: u32| (u64::from(side) * u64::from(longest) / u64::from(width.max(height))).max(1);
    let side = |side| u32::try_from(scale(side)).unwrap_or(longest);
    imageops::resize(picture, side(width), side(height), FilterType::Triangle)
}

/// How a pass changes the grey values.
#[derive(Clone, Copy)]
enum Contrast {
    /// From black to white.
    Stretched,
    /// Light modules on a dark ground.
    Inverted,
}

impl Contrast {
    fn apply(self, picture: &GrayImage) -> GrayImage {
        let (low, high) = picture.iter().fold((u8::MAX, 0), |(low, high), value| (low.min(*value), high.max(*value)));
        let range = u16::from(high.saturating_sub(low)).max(1);
        let mut changed = picture.clone();
        for value in changed.iter_mut() {
            let stretched = u16::from(value.saturating_sub(low)) * 255 / range;
            let stretched = u8::try_from(stretched).unwrap_or(u8::MAX);
            *value = match self {
                Self::Stretched => stretched,
                Self::Inverted => 255 - stretched,
            };
        }
        changed
    }
}

#[cfg(test)]
mod tests;
