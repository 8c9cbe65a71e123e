//! How large a site is shown: what the keys go through.

use crate::view::PageAction;

/// As the site wants it.
const WHOLE: u16 = 100;
/// The sizes, in percent.
const STEPS: &[u16] = &[30, 50, 67, 80, 90, WHOLE, 110, 125, 150, 175, 200, 250, 300, 400, 500];

/// Returns the size after a step; `None` where there is none, or for the one that the person chose for all sites.
pub(crate) fn step(present: u16, action: PageAction) -> Step {
    let next = if action == PageAction::ZoomIn {
        STEPS.iter().copied().find(|step| *step > present)
    } else if action == PageAction::ZoomOut {
        STEPS.iter().copied().rfind(|step| *step < present)
    } else {
        return Step::Reset;
    };
    next.map_or(Step::Stay, Step::To)
}

/// What a step leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Another size, in percent.
    To(u16),
    /// The size of all sites.
    Reset,
    /// There is nothing larger or smaller.
    Stay,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_go_through_sizes_and_end_at_the_smallest_and_the_largest() {
        assert_eq!(step(100, PageAction::ZoomIn), Step::To(110));
        assert_eq!(step(115, PageAction::ZoomIn), Step::To(125));
        assert_eq!(step(100, PageAction::ZoomOut), Step::To(90));
        assert_eq!(step(500, PageAction::ZoomIn), Step::Stay);
        assert_eq!(step(30, PageAction::ZoomOut), Step::Stay);
        assert_eq!(step(150, PageAction::ZoomReset), Step::Reset);
    }
}
