//! Where the bar and the page lie in their window. Pure.
//!
//! The bar stands above the page, as `ui/src/toolbar/Toolbar.svelte` draws it. Lengths are logical pixels from the upper left
//! corner of the window's content.

#![cfg_attr(target_os = "android", expect(dead_code, reason = "Android's views place themselves below the bar"))]

/// The height of the bar with nothing unfolded; `ui/src/toolbar/Toolbar.svelte` fills it.
pub(super) const BAR_HEIGHT: f64 = 56.0;
/// The most that the bar takes of a window.
const BAR_AT_MOST: f64 = 420.0;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What the system keeps for itself at the edges of a phone's screen.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Insets {
    pub(super) top: f64,
    pub(super) left: f64,
    pub(super) right: f64,
}

/// The two parts of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parts {
    pub(super) bar: Frame,
    pub(super) page: Frame,
}

/// Returns the height that the bar gets when it asks for one.
pub(super) fn bar_height(wanted: u32) -> f64 {
    f64::from(wanted).clamp(BAR_HEIGHT, BAR_AT_MOST)
}

/// Tells whether the bar folds when it gets another height: then the page has the keyboard again. It also asks for the
/// height that it has, and then somebody may be typing in it.
pub(super) fn folds(before: f64, after: f64) -> bool {
    after == BAR_HEIGHT && after < before
}

/// Divides a window of this size between a bar of this height, which is 0 for a film over the whole screen, and its
/// page. The page reaches to the lower edge: engines know the insets that their own content has to keep.
pub(super) fn place(width: f64, height: f64, insets: Insets, bar: f64) -> Parts {
    let top = insets.top.min(height);
    let bar_height = bar.min(height - top);
    let bar_width = (width - insets.left - insets.right).max(0.0);
    let page_top = if bar == 0.0 { 0.0 } else { top + bar_height };
    Parts {
        bar: Frame { x: insets.left, y: top, width: bar_width, height: bar_height },
        page: Frame { x: 0.0, y: page_top, width, height: height - page_top },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_gets_what_the_bar_leaves() {
        let parts = place(1180.0, 840.0, Insets::default(), 56.0);
        assert_eq!(parts.bar, Frame { x: 0.0, y: 0.0, width: 1180.0, height: 56.0 });
        assert_eq!(parts.page, Frame { x: 0.0, y: 56.0, width: 1180.0, height: 784.0 });
    }

    #[test]
    fn on_a_phone_the_bar_keeps_away_from_the_cameras_and_the_page_from_the_bar() {
        let parts = place(852.0, 393.0, Insets { top: 20.0, left: 59.0, right: 59.0 }, 56.0);
        assert_eq!(parts.bar, Frame { x: 59.0, y: 20.0, width: 734.0, height: 56.0 });
        assert_eq!(parts.page, Frame { x: 0.0, y: 76.0, width: 852.0, height: 317.0 });
    }

    #[test]
    fn a_film_takes_the_whole_window() {
        let parts = place(800.0, 600.0, Insets { top: 40.0, ..Insets::default() }, 0.0);
        assert_eq!(parts.page, Frame { x: 0.0, y: 0.0, width: 800.0, height: 600.0 });
    }

    #[test]
    fn a_window_that_is_lower_than_its_bar_has_no_page_and_nothing_below_zero() {
        let parts = place(10.0, 40.0, Insets { top: 50.0, left: 8.0, right: 8.0 }, 420.0);
        assert_eq!((parts.bar.height, parts.bar.width, parts.page.height), (0.0, 0.0, 0.0));
    }

    #[test]
    fn a_bar_that_asks_for_the_height_that_it_has_does_not_fold() {
        assert!(folds(300.0, BAR_HEIGHT));
        assert!(!folds(BAR_HEIGHT, BAR_HEIGHT), "somebody may be typing in it");
        assert!(!folds(BAR_HEIGHT, 300.0) && !folds(300.0, 100.0) && !folds(0.0, BAR_HEIGHT));
    }

    #[test]
    fn the_bar_is_never_lower_than_its_tools_nor_higher_than_its_lists() {
        assert_eq!([0, 56, 112, u32::MAX].map(bar_height), [56.0, 56.0, 112.0, 420.0]);
    }
}
