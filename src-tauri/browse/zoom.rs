//! How large each site is shown.

use std::collections::BTreeMap;

use latchgate_client::ProfileName;

use crate::view::PageAction;

/// As the site wants it.
const WHOLE: u16 = 100;
/// What the keys go through, in percent.
const STEPS: &[u16] = &[30, 50, 67, 80, 90, WHOLE, 110, 125, 150, 175, 200, 250, 300, 400, 500];

/// What the person chose, by company and host.
#[derive(Debug, Default)]
pub(crate) struct Zooms {
    chosen: BTreeMap<(ProfileName, String), u16>,
}

impl Zooms {
    /// Returns how large a site is shown.
    pub(crate) fn of(&self, profile: &ProfileName, host: &str) -> u16 {
        self.chosen.get(&(profile.clone(), host.to_owned())).copied().unwrap_or(WHOLE)
    }

    /// Goes one step on.
    pub(crate) fn step(&mut self, profile: &ProfileName, host: &str, action: PageAction) {
        let present = self.of(profile, host);
        let next = if action == PageAction::ZoomIn {
            STEPS.iter().copied().find(|step| *step > present)
        } else if action == PageAction::ZoomOut {
            STEPS.iter().copied().rfind(|step| *step < present)
        } else {
            Some(WHOLE)
        };
        let key = (profile.clone(), host.to_owned());
        match next {
            Some(WHOLE) => drop(self.chosen.remove(&key)),
            Some(next) => drop(self.chosen.insert(key, next)),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_site_of_each_company_is_shown_as_large_as_it_was_left() {
        let mut zooms = Zooms::default();
        let work = ProfileName::parse("work").unwrap();
        zooms.step(&work, "wiki.example.com", PageAction::ZoomIn);
        zooms.step(&work, "wiki.example.com", PageAction::ZoomIn);
        assert_eq!(zooms.of(&work, "wiki.example.com"), 125);
        assert_eq!(zooms.of(&work, "other.example.com"), 100);
        assert_eq!(zooms.of(&ProfileName::parse("other").unwrap(), "wiki.example.com"), 100);
        zooms.step(&work, "wiki.example.com", PageAction::ZoomReset);
        assert_eq!(zooms.of(&work, "wiki.example.com"), 100);
    }

    #[test]
    fn there_is_a_smallest_and_a_largest_size() {
        let mut zooms = Zooms::default();
        let work = ProfileName::parse("work").unwrap();
        for _ in 0..30 {
            zooms.step(&work, "a", PageAction::ZoomIn);
            zooms.step(&work, "b", PageAction::ZoomOut);
        }
        assert_eq!((zooms.of(&work, "a"), zooms.of(&work, "b")), (500, 30));
    }
}
