//! The mouse and the keys of a person, where no driver reaches: in the pages of the app.

use super::Desktop;

/// In the middle of a page's window, in pixels from its corner.
const IN_THE_PAGE: [u16; 2] = [590, 460];

impl Desktop {
    /// Clicks in the middle of the page that lies on top.
    pub(crate) async fn click_in_page(&self) {
        let [x, y] = IN_THE_PAGE.map(|pixels| pixels.to_string());
        self.input(&["mousemove", &x, &y, "click", "1"]).await;
    }

    /// Types into whatever has the keyboard.
    pub(crate) async fn type_text(&self, text: &str) {
        self.input(&["type", text]).await;
    }

    /// Presses a key, as xdotool calls it.
    pub(crate) async fn press(&self, key: &str) {
        self.input(&["key", key]).await;
    }
}
