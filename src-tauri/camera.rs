//! The camera of a desktop: small pictures for the screen, and a search for a pairing code in every third one.
//!
//! 1. A thread of its own owns the camera ([`capture`]), because drivers hang and panic.
//! 2. Only brightness leaves that thread: a small picture for the screen, a whole one for the controller.
//! 3. A scan ends with the text of a code, when it is stopped, or when the camera is silent for too long.
//!
//! A phone scans with its own scanner, which hands the text to the command `read_code`.

#[cfg(desktop)]
mod capture;
#[cfg(desktop)]
mod luma;

#[cfg(desktop)]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(desktop)]
use std::sync::{Arc, Mutex, PoisonError};
#[cfg(desktop)]
use std::time::Duration;

use latchgate_client::{Client, Failure};
use tauri::ipc::{Channel, InvokeResponseBody};
use zeroize::Zeroizing;

#[cfg(desktop)]
use self::{capture::Trouble, luma::Luma};
use crate::view::CameraState;

/// How long a camera may be silent: some take seconds to open, and one that hangs must not hold the person.
#[cfg(desktop)]
const SILENCE: Duration = Duration::from_secs(12);
/// Of how many pictures one is searched for a code: the search may take 200 ms.
#[cfg(desktop)]
const SEARCHED: u32 = 3;
/// Pictures that may wait between the camera and the screen; the camera drops more.
#[cfg(desktop)]
const WAITING: usize = 2;

/// Runs at most one scan at a time.
#[derive(Default)]
pub(crate) struct Scanner {
    #[cfg(desktop)]
    stop: Mutex<Arc<AtomicBool>>,
}

#[cfg(desktop)]
impl Scanner {
    /// Runs the camera until it sees a code.
    ///
    /// # Errors
    /// `camera-none`, `camera-refused`, `camera-silent`, or `camera-stopped`.
    pub(crate) async fn scan(
        &self,
        client: Client,
        frames: Channel<InvokeResponseBody>,
        states: Channel<CameraState>,
    ) -> Result<Zeroizing<String>, Failure> {
        let stop = Stop(self.begin());
        let (send, mut pictures) = tokio::sync::mpsc::channel(WAITING);
        tell(&states, CameraState::Starting);
        capture::start(Arc::clone(&stop.0), send)?;
        for count in 0.. {
            let picture = match tokio::time::timeout(SILENCE, pictures.recv()).await {
                Ok(Some(Ok(picture))) => picture,
                Ok(Some(Err(trouble))) => return Err(trouble.into()),
                Ok(None) => break,
                Err(_) => return Err(Trouble::Silent.into()),
            };
            if count == 0 {
                tell(&states, CameraState::Running);
            }
            if let Err(error) = frames.send(InvokeResponseBody::Raw(picture.preview())) {
                tracing::debug!(error = &error as &dyn std::error::Error, "the screen takes no more pictures");
            }
            if count % SEARCHED == 0
                && let Some(text) = search(&client, picture).await
            {
                return Ok(text);
            }
        }
        Err(Trouble::Stopped.into())
    }

    /// Stops the present scan.
    pub(crate) fn stop(&self) {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).store(true, Ordering::Relaxed);
    }

    /// Stops an earlier scan and returns the switch of the next one.
    fn begin(&self) -> Arc<AtomicBool> {
        self.stop();
        let stop = Arc::new(AtomicBool::new(false));
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&stop);
        stop
    }
}

#[cfg(mobile)]
impl Scanner {
    /// # Errors
    /// Always `unavailable`: a phone has a scanner of its own.
    pub(crate) async fn scan(
        &self,
        _: Client,
        _: Channel<InvokeResponseBody>,
        _: Channel<CameraState>,
    ) -> Result<Zeroizing<String>, Failure> {
        std::future::ready(Err(latchgate_client::Fault::Unavailable.into())).await
    }

    pub(crate) fn stop(&self) {}
}

/// Switches the camera off when its scan ends, in whatever way.
#[cfg(desktop)]
struct Stop(Arc<AtomicBool>);

#[cfg(desktop)]
impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(desktop)]
async fn search(client: &Client, picture: Luma) -> Option<Zeroizing<String>> {
    let client = client.clone();
    let search = move || client.read_luma(picture.width(), picture.height(), picture.bytes()).ok();
    tauri::async_runtime::spawn_blocking(search).await.ok().flatten()
}

#[cfg(desktop)]
fn tell(states: &Channel<CameraState>, state: CameraState) {
    if let Err(error) = states.send(state) {
        tracing::debug!(error = &error as &dyn std::error::Error, "the screen does not follow the camera");
    }
}
