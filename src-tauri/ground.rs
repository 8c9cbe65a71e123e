//! The ground of a window: its colour before the page on it is painted, so that nothing flashes white in the dark.
//!
//! What the person chose is the screens' to keep. The app keeps it once more, for the windows that are there before a
//! screen can say it.

use std::io;
use std::path::Path;

use tauri::window::Color;
use tauri::{AppHandle, Manager};

use crate::browse;
#[cfg(target_os = "linux")]
use crate::platform;
#[cfg(not(target_os = "linux"))]
use crate::shell::MAIN;
use crate::shell::Shell;
use crate::view::Appearance;

/// The ground of the screens in the light and in the dark: `--paper` in `ui/src/styles/tokens.css`.
const LIGHT: Color = Color(0xf5, 0xf4, 0xef, 0xff);
/// In the dark.
pub(crate) const DARK: Color = Color(0x0f, 0x16, 0x15, 0xff);
/// Where the choice is kept, in the app's own folder.
const FILE: &str = "appearance";

/// Takes up what the person chose the last time.
pub(crate) fn begin(app: &AppHandle) {
    let shell = app.state::<Shell>();
    let chosen = read(shell.data_dir());
    *shell.appearance() = chosen;
    browse::set_appearance(app, chosen);
}

/// The person chose, or a screen that is there says what they had chosen.
pub(crate) fn choose(app: &AppHandle, appearance: Appearance) {
    let shell = app.state::<Shell>();
    let before = std::mem::replace(&mut *shell.appearance(), appearance);
    if before != appearance
        && let Err(error) = write(shell.data_dir(), appearance)
    {
        tracing::warn!(error = &error as &dyn std::error::Error, "the choice of light or dark is not kept");
    }
    browse::set_appearance(app, appearance);
}

/// Returns the colour of a new window; `None` where it is not known yet what the system wants.
pub(crate) fn colour(app: &AppHandle) -> Option<Color> {
    let chosen = *app.state::<Shell>().appearance();
    let dark = match chosen {
        Appearance::System => system_is_dark(app)?,
        Appearance::Light => false,
        Appearance::Dark => true,
    };
    Some(if dark { DARK } else { LIGHT })
}

#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "other systems say it once there is a window")]
fn system_is_dark(_: &AppHandle) -> Option<bool> {
    Some(platform::is_dark())
}

#[cfg(not(target_os = "linux"))]
fn system_is_dark(app: &AppHandle) -> Option<bool> {
    Some(app.get_webview_window(MAIN)?.theme().ok()? == tauri::Theme::Dark)
}

fn read(folder: &Path) -> Appearance {
    match std::fs::read_to_string(folder.join(FILE)).as_deref() {
        Ok("light") => Appearance::Light,
        Ok("dark") => Appearance::Dark,
        Ok(_) | Err(_) => Appearance::System,
    }
}

fn write(folder: &Path, appearance: Appearance) -> io::Result<()> {
    let text = match appearance {
        Appearance::System => "system",
        Appearance::Light => "light",
        Appearance::Dark => "dark",
    };
    std::fs::write(folder.join(FILE), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_the_ground_of_the_screens() {
        let [light, dark] = [LIGHT, DARK].map(|Color(red, green, blue, _)| format!("#{red:02x}{green:02x}{blue:02x}"));
        let tokens = include_str!("../ui/src/styles/tokens.css");
        assert!(tokens.contains(&format!("--paper: light-dark({light}, {dark});")));
    }

    #[test]
    fn the_choice_is_there_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), Appearance::System);
        for chosen in [Appearance::Dark, Appearance::Light, Appearance::System] {
            write(folder.path(), chosen).unwrap();
            assert_eq!(read(folder.path()), chosen);
        }
        std::fs::write(folder.path().join(FILE), "purple").unwrap();
        assert_eq!(read(folder.path()), Appearance::System);
    }
}
