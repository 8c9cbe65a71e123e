//! What keys mean while the page has the keyboard. Pure but for [`press`].
//!
//! The same keys as in the bar (`ui/src/toolbar/keys.ts`); the page gets all others.

#![cfg_attr(target_os = "linux", expect(dead_code, reason = "GTK has keys of its own; here for the tests"))]

use tauri::AppHandle;

use crate::browse;
use crate::view::{BarPart, PageAction};

/// A key, whatever stands on the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(all(target_os = "macos", not(test)), expect(dead_code, reason = "a Mac's own keys all type something"))]
pub(super) enum Key {
    /// What it types, in lower case.
    Types(char),
    Left,
    Right,
    Home,
    /// F1 and so on.
    Function(u8),
}

/// What is held down with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// Ctrl, or Command on a Mac.
    pub(super) command: bool,
    /// Alt; on a Mac it types letters and is never told.
    pub(super) alt: bool,
    pub(super) shift: bool,
}

/// What it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortcut {
    Act(PageAction),
    Show(BarPart),
    Close,
}

/// Returns what keys mean to the app.
pub(super) fn shortcut(key: Key, held: Held) -> Option<Shortcut> {
    match (held.command, held.alt) {
        (true, false) => with_command(key, held.shift),
        (false, true) => with_alt(key),
        (false, false) => alone(key).filter(|_| !held.shift),
        (true, true) => None,
    }
}

fn with_command(key: Key, shift: bool) -> Option<Shortcut> {
    let Key::Types(letter) = key else { return None };
    Some(match letter {
        '+' | '=' => Shortcut::Act(PageAction::ZoomIn),
        '-' => Shortcut::Act(PageAction::ZoomOut),
        '0' => Shortcut::Act(PageAction::ZoomReset),
        // Pages have uses of their own for the rest with Shift.
        _ if shift => return None,
        '[' => Shortcut::Act(PageAction::Back),
        ']' => Shortcut::Act(PageAction::Forward),
        'd' => Shortcut::Act(PageAction::Pin),
        'f' | 'g' => Shortcut::Show(BarPart::Find),
        'j' => Shortcut::Show(BarPart::Downloads),
        'l' => Shortcut::Show(BarPart::Address),
        'p' => Shortcut::Act(PageAction::Print),
        'r' => Shortcut::Act(PageAction::Reload),
        'w' => Shortcut::Close,
        _ => return None,
    })
}

const fn with_alt(key: Key) -> Option<Shortcut> {
    match key {
        Key::Left => Some(Shortcut::Act(PageAction::Back)),
        Key::Right => Some(Shortcut::Act(PageAction::Forward)),
        Key::Home => Some(Shortcut::Act(PageAction::Home)),
        Key::Types(_) | Key::Function(_) => None,
    }
}

const fn alone(key: Key) -> Option<Shortcut> {
    match key {
        Key::Function(3) => Some(Shortcut::Show(BarPart::Find)),
        Key::Function(5) => Some(Shortcut::Act(PageAction::Reload)),
        Key::Function(6) => Some(Shortcut::Show(BarPart::Address)),
        Key::Function(11) => Some(Shortcut::Act(PageAction::FullScreen)),
        Key::Types(_) | Key::Left | Key::Right | Key::Home | Key::Function(_) => None,
    }
}

/// Does what keys mean; `focus_bar` gives the keyboard to the bar where it is needed there.
pub(super) fn press(app: &AppHandle, label: &str, shortcut: Shortcut, focus_bar: impl FnOnce()) {
    match shortcut {
        Shortcut::Act(action) => browse::act(app, label, action),
        Shortcut::Show(part) => {
            focus_bar();
            browse::wish(app, label, part);
        }
        Shortcut::Close => browse::leave(app, label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: Held = Held { command: true, alt: false, shift: false };

    #[test]
    fn the_keys_of_the_bar_work_in_the_page_too() {
        assert_eq!(shortcut(Key::Types('l'), COMMAND), Some(Shortcut::Show(BarPart::Address)));
        assert_eq!(shortcut(Key::Types('w'), COMMAND), Some(Shortcut::Close));
        assert_eq!(shortcut(Key::Function(5), Held::default()), Some(Shortcut::Act(PageAction::Reload)));
        let alt = Held { alt: true, ..Held::default() };
        assert_eq!(shortcut(Key::Left, alt), Some(Shortcut::Act(PageAction::Back)));
        assert_eq!(shortcut(Key::Right, alt), Some(Shortcut::Act(PageAction::Forward)));
    }

    #[test]
    fn plus_is_plus_with_and_without_shift() {
        let shift = Held { shift: true, ..COMMAND };
        for (key, held) in [('+', COMMAND), ('+', shift), ('=', COMMAND), ('=', shift)] {
            assert_eq!(shortcut(Key::Types(key), held), Some(Shortcut::Act(PageAction::ZoomIn)), "{key}");
        }
    }

    #[test]
    fn the_page_keeps_all_other_keys() {
        let shift = Held { shift: true, ..COMMAND };
        let both = Held { alt: true, ..COMMAND };
        for (key, held) in [
            (Key::Types('f'), Held::default()),
            (Key::Types('f'), shift),
            (Key::Types('f'), both),
            (Key::Types('c'), COMMAND),
            (Key::Left, COMMAND),
            (Key::Home, Held::default()),
            (Key::Function(5), Held { shift: true, ..Held::default() }),
        ] {
            assert_eq!(shortcut(key, held), None, "{key:?} {held:?}");
        }
    }
}
