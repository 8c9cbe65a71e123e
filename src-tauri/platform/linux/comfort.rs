//! What makes reading comfortable: search, size, print, the whole screen, and the keys for them.

use std::cell::OnceCell;
use std::sync::atomic::{AtomicBool, Ordering};

use gtk::gdk::keys::constants as key;
use gtk::gdk::{EventKey, ModifierType, RGBA};
use gtk::glib::Propagation;
use gtk::prelude::*;
use tauri::{AppHandle, Manager};
use webkit2gtk::{FindControllerExt, FindOptions, PrintOperation, PrintOperationExt, WebView, WebViewExt};

use super::page;
use crate::browse;
use crate::ground;
use crate::view::{Appearance, BarPart, FindStep, PageAction};

/// The height of the bar above a page with nothing unfolded, in pixels; `ui/src/toolbar/Toolbar.svelte` fills it.
pub(super) const BAR_HEIGHT: i32 = 56;
/// The most that the bar takes of a window, in pixels.
const BAR_AT_MOST: i32 = 420;
/// Places beyond that are not counted.
const MOST_FOUND: u32 = 1000;

/// Whether pages are dark where they can be.
static DARK: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// What the system wanted before the person chose.
    static SYSTEM_IS_DARK: OnceCell<bool> = const { OnceCell::new() };
}

/// What keys mean.
enum Shortcut {
    Act(PageAction),
    Show(BarPart),
    Close,
}

/// Connects the keys, and what a page asks for by itself.
pub(super) fn connect(app: &AppHandle, label: &str, view: &WebView) {
    let (own, name) = (app.clone(), label.to_owned());
    view.connect_key_press_event(move |_, event| press(&own, &name, event));
    let (own, name) = (app.clone(), label.to_owned());
    view.connect_enter_fullscreen(move |_| show_bar(&own, &name, false));
    let (own, name) = (app.clone(), label.to_owned());
    view.connect_leave_fullscreen(move |_| show_bar(&own, &name, true));
    if let Some(finder) = view.find_controller() {
        let (own, name) = (app.clone(), label.to_owned());
        finder.connect_counted_matches(move |_, count| browse::update(&own, &name, |page| page.found = Some(count)));
        let (own, name) = (app.clone(), label.to_owned());
        finder.connect_failed_to_find_text(move |_| browse::update(&own, &name, |page| page.found = Some(0)));
    }
}

/// Does what keys mean to the app; the page gets all others.
fn press(app: &AppHandle, label: &str, event: &EventKey) -> Propagation {
    match shortcut(event) {
        Some(Shortcut::Act(action)) => browse::act(app, label, action),
        Some(Shortcut::Show(part)) => {
            if let Some(bar) = bar(app, label).and_then(|frame| frame.children().pop()) {
                bar.grab_focus();
            }
            browse::wish(app, label, part);
        }
        Some(Shortcut::Close) => browse::leave(app, label),
        None => return Propagation::Proceed,
    }
    Propagation::Stop
}

fn shortcut(event: &EventKey) -> Option<Shortcut> {
    let held = event.state() & (ModifierType::CONTROL_MASK | ModifierType::MOD1_MASK | ModifierType::SHIFT_MASK);
    let key = event.keyval().to_lower();
    let shift = held.contains(ModifierType::SHIFT_MASK);
    let held = held & !ModifierType::SHIFT_MASK;
    if held == ModifierType::CONTROL_MASK {
        return control(key, shift);
    }
    if held == ModifierType::MOD1_MASK {
        return match key {
            key::Left => Some(Shortcut::Act(PageAction::Back)),
            key::Right => Some(Shortcut::Act(PageAction::Forward)),
            key::Home => Some(Shortcut::Act(PageAction::Home)),
            _ => None,
        };
    }
    match key {
        key::F3 => Some(Shortcut::Show(BarPart::Find)),
        key::F5 => Some(Shortcut::Act(PageAction::Reload)),
        key::F6 => Some(Shortcut::Show(BarPart::Address)),
        key::F11 => Some(Shortcut::Act(PageAction::FullScreen)),
        _ => None,
    }
}

fn control(key: gtk::gdk::keys::Key, shift: bool) -> Option<Shortcut> {
    Some(match key {
        key::plus | key::equal | key::KP_Add => Shortcut::Act(PageAction::ZoomIn),
        key::minus | key::KP_Subtract => Shortcut::Act(PageAction::ZoomOut),
        key::_0 | key::KP_0 => Shortcut::Act(PageAction::ZoomReset),
        // Pages have uses of their own for the rest with Shift.
        _ if shift => return None,
        key::f | key::g => Shortcut::Show(BarPart::Find),
        key::d => Shortcut::Act(PageAction::Pin),
        key::j => Shortcut::Show(BarPart::Downloads),
        key::l => Shortcut::Show(BarPart::Address),
        key::p => Shortcut::Act(PageAction::Print),
        key::r => Shortcut::Act(PageAction::Reload),
        key::w => Shortcut::Close,
        _ => return None,
    })
}

/// Gives the bar the height that it asks for. When it folds, the page has the keyboard again.
pub(crate) fn fit(app: &AppHandle, label: &str, height: u32) {
    let height = i32::try_from(height).unwrap_or(BAR_AT_MOST).clamp(BAR_HEIGHT, BAR_AT_MOST);
    let Some(bar) = bar(app, label) else { return };
    let before = bar.height_request();
    bar.set_size_request(-1, height);
    // It also asks when nothing folds, and then somebody may be typing in it.
    if height == BAR_HEIGHT
        && height < before
        && let Some(view) = page(label)
    {
        view.grab_focus();
    }
}

/// Puts the bar into a frame that is as high as it is told to be. By itself a web view asks for the height that it has
/// once had, and would never give any back.
pub(super) fn frame_bar(column: &gtk::Box) {
    for bar in column.children() {
        let frame = gtk::Overlay::new();
        frame.set_size_request(-1, BAR_HEIGHT);
        column.remove(&bar);
        frame.add_overlay(&bar);
        column.pack_start(&frame, false, true, 0);
        frame.show();
    }
}

/// The frame with the bar, which stands above the page in its window.
fn bar(app: &AppHandle, label: &str) -> Option<gtk::Overlay> {
    let column = app.get_webview_window(label)?.default_vbox().ok()?;
    column.children().into_iter().find_map(|child| child.downcast().ok())
}

/// A film that takes the whole screen takes the bar's place, too. Goes on with what the engine does.
fn show_bar(app: &AppHandle, label: &str, shown: bool) -> bool {
    if let Some(bar) = bar(app, label) {
        bar.set_visible(shown);
    }
    false
}

/// Shows a page larger or smaller.
pub(crate) fn set_zoom(label: &str, percent: u16) {
    if let Some(view) = page(label) {
        view.set_zoom_level(f64::from(percent) / 100.0);
    }
}

/// Shows pages light or dark, where they have both.
pub(crate) fn set_appearance(appearance: Appearance) {
    let Some(settings) = gtk::Settings::default() else { return };
    let system = SYSTEM_IS_DARK.with(|system| *system.get_or_init(|| settings.is_gtk_application_prefer_dark_theme()));
    let dark = match appearance {
        Appearance::System => system,
        Appearance::Light => false,
        Appearance::Dark => true,
    };
    settings.set_gtk_application_prefer_dark_theme(dark);
    let theme = settings.gtk_theme_name().unwrap_or_default();
    DARK.store(dark || theme.ends_with("-dark") || theme.ends_with("-Dark"), Ordering::Relaxed);
}

/// Whether pages are dark where they can be.
pub(crate) fn is_dark() -> bool {
    DARK.load(Ordering::Relaxed)
}

/// Makes a page that is not there yet as dark as the app: an empty one is white.
pub(super) fn darken(view: &WebView) {
    if is_dark() {
        let [red, green, blue] = [ground::DARK.0, ground::DARK.1, ground::DARK.2].map(|part| f64::from(part) / 255.0);
        view.set_background_color(&RGBA::new(red, green, blue, 1.0));
    }
}

/// The site answers: what it leaves without a colour is white, as in any browser. A page that can be dark has colours.
pub(super) fn lighten(view: &WebView) {
    if view.background_color() != RGBA::WHITE {
        view.set_background_color(&RGBA::WHITE);
    }
}

/// Searches for words in a page.
pub(crate) fn find(label: &str, words: &str, step: FindStep) {
    let Some(finder) = page(label).and_then(|view| view.find_controller()) else { return };
    let options = (FindOptions::CASE_INSENSITIVE | FindOptions::WRAP_AROUND).bits();
    match step {
        FindStep::End => finder.search_finish(),
        FindStep::Begin if words.is_empty() => finder.search_finish(),
        FindStep::Begin => {
            finder.search(words, options, MOST_FOUND);
            finder.count_matches(words, options, MOST_FOUND);
        }
        FindStep::Next => finder.search_next(),
        FindStep::Previous => finder.search_previous(),
    }
}

/// Opens the system's dialog for printing.
pub(super) fn print(view: &WebView) {
    let window = view.toplevel().and_then(|window| window.downcast::<gtk::Window>().ok());
    PrintOperation::new(view).run_dialog(window.as_ref());
}
