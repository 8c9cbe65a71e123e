//! Hands on the desktop: keys, the pointer, the windows that are there, and what the app asked the desktop to open.

use std::path::Path;

use fantoccini::{Client, Locator};
use tokio::process::Command;

use super::{App, Desktop};
use crate::support::process::{Part, run};
use crate::support::{PATIENCE, eventually};

/// The program that opens addresses and files on a desktop; this one only writes down what it is given.
const OPENER: &str = "#!/bin/sh\nfor word in \"$@\"; do printf '%s\\n' \"$word\" >> \"$HOME/opened\"; done\n";

/// In the middle of a page's window, in pixels from its corner.
const IN_THE_PAGE: [i32; 2] = [590, 460];

/// A window and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) corner: [i32; 2],
    pub(crate) size: [i32; 2],
}

impl Window {
    /// The place in its middle, on the display.
    pub(crate) fn middle(&self) -> [i32; 2] {
        [0, 1].map(|axis| self.corner[axis] + self.size[axis] / 2)
    }
}

/// Puts programs of the tests into a home, which are found before those of the system.
pub(super) fn equip(home: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = home.join("bin");
    std::fs::create_dir(&folder).expect("create a folder for programs");
    for name in ["xdg-open", "gio", "x-www-browser"] {
        let program = folder.join(name);
        std::fs::write(&program, OPENER).expect("write a program");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("make it a program");
    }
}

/// The search path with them in front.
pub(super) fn search_path(home: &Path) -> String {
    format!("{}:{}", home.join("bin").display(), std::env::var("PATH").unwrap_or_default())
}

impl Desktop {
    /// What the app asked the desktop to open: an address or a file each.
    pub(crate) fn opened(&self) -> Vec<String> {
        let opened = std::fs::read_to_string(self.home().join("opened")).unwrap_or_default();
        opened.lines().map(ToOwned::to_owned).collect()
    }

    /// Presses keys one after the other, in the window that has the keyboard.
    pub(crate) async fn press(&self, keys: &[&str]) {
        self.input(&[&["key", "--clearmodifiers"], keys].concat()).await;
    }

    /// Types a text.
    pub(crate) async fn type_text(&self, text: &str) {
        self.input(&["type", "--delay", "8", "--", text]).await;
    }

    /// Clicks a place of the display.
    pub(crate) async fn click_at(&self, [x, y]: [i32; 2]) {
        self.input(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"]).await;
    }

    /// Clicks into the middle of a window in a way of its own: `click` is in the words of xdotool.
    pub(crate) async fn click_with(&self, window: &Window, click: &[&str]) {
        let [x, y] = window.middle().map(|place| place.to_string());
        self.input(&[&["mousemove", &x, &y], click].concat()).await;
    }

    /// Clicks in the middle of the page that lies on top.
    pub(crate) async fn click_in_page(&self) {
        self.click_at(IN_THE_PAGE).await;
    }

    /// Gives a window the keyboard: nothing manages the windows here.
    pub(crate) async fn focus(&self, window: &Window) {
        self.input(&["windowfocus", "--sync", &window.id]).await;
    }

    /// The windows that are shown and have a title.
    pub(crate) async fn windows(&self) -> Vec<Window> {
        let searched = run(&mut self.xdotool(&["search", "--onlyvisible", "--name", "."])).await;
        let mut windows = Vec::new();
        for id in searched.stdout.lines() {
            // A window may be gone by now.
            let title = run(&mut self.xdotool(&["getwindowname", id])).await;
            // xdotool counts the frame of a managed window twice.
            let place = run(self.program("xwininfo").args(["-id", id])).await;
            let number = |name: &str| {
                let line = place.stdout.lines().find_map(|line| line.trim().strip_prefix(name));
                line.and_then(|rest| rest.trim().parse::<i32>().ok())
            };
            let (Some(x), Some(y), Some(width), Some(height)) = (
                number("Absolute upper-left X:"),
                number("Absolute upper-left Y:"),
                number("Width:"),
                number("Height:"),
            ) else {
                continue;
            };
            let title = title.stdout.trim().to_owned();
            windows.push(Window { id: id.to_owned(), title, corner: [x, y], size: [width, height] });
        }
        windows
    }

    /// Finds a window whose title contains this.
    pub(crate) async fn find_window(&self, title: &str) -> Option<Window> {
        self.windows().await.into_iter().find(|window| window.title.contains(title) && window.size[0] > 100)
    }

    /// Waits for a window whose title contains this.
    pub(crate) async fn window(&self, title: &str) -> Window {
        eventually(&format!("a window called {title}"), PATIENCE, async || self.find_window(title).await).await
    }

    /// Waits until no window's title contains this.
    pub(crate) async fn no_window(&self, title: &str) {
        eventually(&format!("no window called {title}"), PATIENCE, async || {
            self.windows().await.iter().all(|window| !window.title.contains(title)).then_some(())
        })
        .await;
    }

    /// Lets a window manager manage the windows from here on, as on any desktop: it gives new ones the keyboard, and
    /// whole screens and drops need one.
    pub(crate) async fn manage_windows(&self) -> Part {
        let manager = Part::start("openbox", &mut self.program("openbox"), self.home());
        eventually("the window manager", PATIENCE, async || {
            let mut ask = self.program("xprop");
            let said = run(ask.args(["-root", "_NET_SUPPORTING_WM_CHECK"])).await.stdout;
            said.contains("window id").then_some(())
        })
        .await;
        manager
    }

    /// Drags from one place of the display to another one at the pace of a hand, and lets go once `noticed` says that
    /// what lies there has noticed.
    pub(crate) async fn drag(&self, from: [i32; 2], to: [i32; 2], mut noticed: impl FnMut() -> bool) {
        let step = |step: i32| [0, 1].map(|axis| (from[axis] + (to[axis] - from[axis]) * step / 20).to_string());
        let [x, y] = step(0);
        self.input(&["mousemove", &x, &y, "sleep", "0.2", "mousedown", "1"]).await;
        for number in 1..=20 {
            let [x, y] = step(number);
            self.input(&["mousemove", &x, &y, "sleep", "0.04"]).await;
        }
        let mut aside = 0;
        eventually("the drag is noticed", PATIENCE, async || {
            aside = (aside + 3) % 30;
            let x = (to[0] + aside).to_string();
            self.input(&["mousemove", &x, &to[1].to_string(), "sleep", "0.05"]).await;
            noticed().then_some(())
        })
        .await;
        self.input(&["mouseup", "1"]).await;
    }

    fn xdotool(&self, words: &[&str]) -> Command {
        let mut command = Command::new("xdotool");
        command.args(words).env("DISPLAY", &self.display);
        command
    }

    /// Runs a program on this desktop, as its person.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        super::in_home(&mut command, self.home()).env("DISPLAY", &self.display);
        command
    }

    /// The number of the process of the app.
    pub(crate) fn app_process(&self) -> u32 {
        let apps = super::apps(self.home());
        let [app] = &apps[..] else { panic!("{} apps are running on this desktop", apps.len()) };
        app.file_name().and_then(|number| number.to_str()?.parse().ok()).expect("a process number")
    }
}

impl App {
    /// Turns the driver to the bar of the page that was opened last; `None` while there is none. While no view comes or
    /// goes it turns to no other one: what a driver looks at may be what gets the keys.
    pub(crate) async fn look_at_bar(&self) -> Option<&Client> {
        let mut handles = self.page.windows().await.ok()?;
        let known = self.bar.borrow().as_ref().filter(|(views, _)| *views == handles).map(|(_, bar)| bar.clone());
        if let Some(bar) = known {
            self.page.switch_to_window(bar).await.ok()?;
            return Some(&self.page);
        }
        let views = handles.clone();
        handles.reverse();
        for handle in handles {
            self.page.switch_to_window(handle.clone()).await.ok()?;
            if self.page.current_url().await.is_ok_and(|address| address.path().ends_with("/toolbar.html")) {
                self.bar.replace(Some((views, handle)));
                return Some(&self.page);
            }
        }
        None
    }

    /// Turns the driver back to the main window.
    pub(crate) async fn look_at_main(&self) {
        for handle in self.page.windows().await.expect("list the views") {
            let turned = self.page.switch_to_window(handle).await.is_ok();
            if turned && self.page.current_url().await.is_ok_and(|address| !address.path().ends_with("/toolbar.html")) {
                return;
            }
        }
        panic!("the main window is gone");
    }

    /// Tells whether what the driver looks at has this element.
    pub(crate) async fn shows(&self, testid: &str) -> bool {
        self.page.find(Locator::Css(&format!("[data-testid=\"{testid}\"]"))).await.is_ok()
    }

    /// The addresses of the views that the driver reaches.
    pub(crate) async fn views(&self) -> Vec<String> {
        let mut views = Vec::new();
        for handle in self.page.windows().await.expect("list the views") {
            if self.page.switch_to_window(handle).await.is_ok() {
                views.extend(self.page.current_url().await.ok().map(String::from));
            }
        }
        self.look_at_main().await;
        views
    }
}
