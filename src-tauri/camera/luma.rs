//! The brightness of a camera picture.

use image::ImageFormat;
use nokhwa::Buffer;
use nokhwa::utils::FrameFormat;

/// The width of the picture on the screen: it only has to show whether the code is in view.
const PREVIEW_WIDTH: u32 = 320;
/// The largest picture that is read, in pixels; a code needs far fewer.
const LARGEST: u32 = 4096 * 3072;

/// A grey picture of `width × height` bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Luma {
    width: u32,
    height: u32,
    bytes: Vec<u8>,
}

impl Luma {
    /// Reads a frame; `None` when the driver's words about it are not true.
    pub(crate) fn read(frame: &Buffer) -> Option<Self> {
        let size = frame.resolution();
        Self::convert(size.width(), size.height(), frame.source_frame_format(), frame.buffer())
    }

    fn convert(width: u32, height: u32, format: FrameFormat, data: &[u8]) -> Option<Self> {
        let pixels = width.checked_mul(height).filter(|pixels| (1..=LARGEST).contains(pixels))?;
        let pixels = usize::try_from(pixels).ok()?;
        let bytes = match format {
            FrameFormat::GRAY | FrameFormat::NV12 => data.get(..pixels)?.to_vec(),
            FrameFormat::YUYV => data.get(..pixels.checked_mul(2)?)?.iter().step_by(2).copied().collect(),
            FrameFormat::RAWRGB => brightness(data.get(..pixels.checked_mul(3)?)?, [0, 1, 2]),
            FrameFormat::RAWBGR => brightness(data.get(..pixels.checked_mul(3)?)?, [2, 1, 0]),
            FrameFormat::MJPEG => return Self::decode(data),
        };
        Some(Self { width, height, bytes })
    }

    fn decode(jpeg: &[u8]) -> Option<Self> {
        let picture = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).ok()?.into_luma8();
        let (width, height) = picture.dimensions();
        Some(Self { width, height, bytes: picture.into_raw() })
    }

    pub(crate) const fn width(&self) -> u32 {
        self.width
    }

    pub(crate) const fn height(&self) -> u32 {
        self.height
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns a small copy for the screen: `width u16 LE | height u16 LE | brightness`.
    pub(crate) fn preview(&self) -> Vec<u8> {
        let step = self.width.div_ceil(PREVIEW_WIDTH).max(1);
        let (width, height) = (self.width / step, self.height / step);
        let mut small = Vec::with_capacity(4 + (width * height) as usize);
        for side in [width, height] {
            small.extend(u16::try_from(side).unwrap_or(0).to_le_bytes());
        }
        let rows = self.bytes.chunks_exact(self.width as usize).step_by(step as usize).take(height as usize);
        for row in rows {
            small.extend(row.iter().step_by(step as usize).take(width as usize));
        }
        small
    }
}

/// Weighs red, green and blue as the eye does (ITU-R BT.601), in 256ths.
fn brightness(pixels: &[u8], [red, green, blue]: [usize; 3]) -> Vec<u8> {
    let weigh = |pixel: &[u8]| {
        let sum = 77 * u32::from(pixel[red]) + 150 * u32::from(pixel[green]) + 29 * u32::from(pixel[blue]);
        (sum >> 8) as u8
    };
    pixels.chunks_exact(3).map(weigh).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_gives_its_brightness() {
        let read = |format, data: &[u8]| Luma::convert(2, 1, format, data).map(|luma| luma.bytes);
        assert_eq!(read(FrameFormat::GRAY, &[10, 20]), Some(vec![10, 20]));
        assert_eq!(read(FrameFormat::NV12, &[10, 20, 128]), Some(vec![10, 20]));
        assert_eq!(read(FrameFormat::YUYV, &[10, 128, 20, 128]), Some(vec![10, 20]));
        assert_eq!(read(FrameFormat::RAWRGB, &[255, 0, 0, 255, 255, 255]), Some(vec![76, 255]));
        assert_eq!(read(FrameFormat::RAWBGR, &[255, 0, 0, 0, 0, 0]), Some(vec![28, 0]));
    }

    #[test]
    fn a_frame_that_is_smaller_than_the_driver_says_is_not_read() {
        for format in [FrameFormat::GRAY, FrameFormat::NV12, FrameFormat::YUYV, FrameFormat::RAWRGB, FrameFormat::MJPEG]
        {
            assert_eq!(Luma::convert(64, 64, format, &[0; 64]), None, "{format}");
        }
        assert_eq!(Luma::convert(0, 9, FrameFormat::GRAY, &[]), None);
        assert_eq!(Luma::convert(u32::MAX, u32::MAX, FrameFormat::GRAY, &[0; 64]), None);
    }

    #[test]
    fn the_preview_is_small_and_keeps_the_proportions() {
        let luma = Luma { width: 1280, height: 720, bytes: vec![7; 1280 * 720] };
        let preview = luma.preview();
        assert_eq!(&preview[..4], &[64, 1, 180, 0]);
        assert_eq!(preview.len(), 4 + 320 * 180);
    }

    #[test]
    fn a_small_picture_is_its_own_preview() {
        let luma = Luma { width: 3, height: 2, bytes: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(luma.preview(), [3, 0, 2, 0, 1, 2, 3, 4, 5, 6]);
    }
}
