//! Starting while an earlier instance is leaving: it still has the name on the session bus and answers no more, so
//! that nobody would show a window.

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

/// How often it is tried again, and after how long: an instance that leaves is gone within two seconds.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);
/// Counts the attempts from one process image to the next.
const ATTEMPT: &str = "LATCHGATE_START_ATTEMPT";

/// Takes the process to its beginning if `error` says that the present instance did not answer; returns otherwise,
/// and when it has been tried often enough.
pub(crate) fn start_behind_a_leaving_instance(error: &tauri::Error) {
    let tauri::Error::PluginInitialization(plugin, _) = error else { return };
    let attempt = std::env::var(ATTEMPT).ok().and_then(|number| number.parse().ok()).unwrap_or(0_u32);
    if plugin != "single-instance" || attempt >= ATTEMPTS {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    std::thread::sleep(PAUSE);
    let mut again = Command::new(program);
    let failed = again.args(std::env::args_os().skip(1)).env(ATTEMPT, (attempt + 1).to_string()).exec();
    tracing::warn!(error = &failed as &dyn std::error::Error, "the app cannot be started again");
}
