//! The thread that owns the camera.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use latchgate_client::Failure;
use nokhwa::utils::{
    ApiBackend, CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType, Resolution,
};
use nokhwa::{Camera, NokhwaError};
use tokio::sync::mpsc::Sender;

use super::luma::Luma;

/// Large enough for a code on a screen, small enough to search in time.
const WANTED: Resolution = Resolution { width_x: 1280, height_y: 720 };
/// Pictures per second that are asked for.
const RATE: u32 = 30;
/// The formats that [`Luma`] reads, the cheapest first.
const FORMATS: [FrameFormat; 6] = [
    FrameFormat::GRAY,
    FrameFormat::NV12,
    FrameFormat::YUYV,
    FrameFormat::MJPEG,
    FrameFormat::RAWRGB,
    FrameFormat::RAWBGR,
];
/// Unreadable pictures in a row after which a camera counts as broken.
const UNREADABLE: u32 = 30;

/// Why the camera delivers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// There is none.
    None,
    /// There is one, and it does not open.
    Refused,
    /// It opened, and nothing comes.
    Silent,
    /// The scan was stopped.
    Stopped,
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let (code, message, advice) = match trouble {
            Trouble::None => (
                "camera-none",
                "No camera was found on this device.",
                "Choose a picture of the code, or paste its text.",
            ),
            Trouble::Refused => (
                "camera-refused",
                "The camera cannot be used.",
                "Close other programs that use it and allow Latchgate to use the camera, or choose a picture.",
            ),
            Trouble::Silent => (
                "camera-silent",
                "The camera does not answer.",
                "Unplug it and plug it in again, or choose a picture of the code.",
            ),
            Trouble::Stopped => ("camera-stopped", "The camera was switched off.", "Start it again to scan a code."),
        };
        Self { code: code.to_owned(), message: message.to_owned(), advice: advice.to_owned() }
    }
}

/// Opens the camera on a thread of its own, which ends soon after `stop` is set.
///
/// # Errors
/// [`Trouble::Refused`] when the system gives no thread; every other trouble comes through `send`.
pub(crate) fn start(stop: Arc<AtomicBool>, send: Sender<Result<Luma, Trouble>>) -> Result<(), Trouble> {
    let run = move || {
        // A driver's panic ends the scan, not the app.
        let ended = catch_unwind(AssertUnwindSafe(|| run(&stop, &send)));
        if let Some(trouble) = ended.unwrap_or(Some(Trouble::Refused)) {
            // The screen may be gone by then, and that is as good.
            drop(send.blocking_send(Err(trouble)));
        }
    };
    thread::Builder::new().name("camera".to_owned()).spawn(run).map(drop).map_err(|_| Trouble::Refused)
}

fn run(stop: &AtomicBool, send: &Sender<Result<Luma, Trouble>>) -> Option<Trouble> {
    let mut camera = match open(stop) {
        Ok(camera) => camera,
        Err(trouble) => return Some(trouble),
    };
    let mut unreadable = 0;
    while !stop.load(Ordering::Relaxed) && !send.is_closed() {
        match camera.frame().ok().and_then(|frame| Luma::read(&frame)) {
            Some(picture) => {
                unreadable = 0;
                // A full queue means that the screen is behind; the next picture is as good.
                drop(send.try_send(Ok(picture)));
            }
            None => unreadable += 1,
        }
        if unreadable == UNREADABLE {
            return Some(Trouble::Silent);
        }
    }
    if let Err(error) = camera.stop_stream() {
        tracing::debug!(error = &error as &dyn std::error::Error, "the camera does not stop");
    }
    None
}

fn open(stop: &AtomicBool) -> Result<Camera, Trouble> {
    let found = nokhwa::query(ApiBackend::Auto).unwrap_or_default();
    let mut trouble = Trouble::None;
    for camera in found {
        for format in FORMATS {
            if stop.load(Ordering::Relaxed) {
                return Err(Trouble::Stopped);
            }
            match open_as(camera.index(), format) {
                Ok(camera) => return Ok(camera),
                Err(error) => {
                    trouble = Trouble::Refused;
                    tracing::debug!(error = &error as &dyn std::error::Error, %format, "the camera does not open");
                }
            }
        }
    }
    Err(trouble)
}

fn open_as(index: &CameraIndex, format: FrameFormat) -> Result<Camera, NokhwaError> {
    let wanted = CameraFormat::new(WANTED, format, RATE);
    let request = RequestedFormat::with_formats(RequestedFormatType::Closest(wanted), std::slice::from_ref(&format));
    let mut camera = Camera::new(index.clone(), request)?;
    camera.open_stream()?;
    Ok(camera)
}
