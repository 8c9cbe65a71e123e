//! Which pages live in one process: a page, those that it opened, and those that they opened.

use std::collections::HashMap;

/// The open pages, each with the page that its family began with.
#[derive(Default)]
pub(super) struct Families(HashMap<String, String>);

impl Families {
    /// Takes in a page that a person opened.
    pub(super) fn begin(&mut self, page: &str) {
        self.0.insert(page.to_owned(), page.to_owned());
    }

    /// Takes in a page that another page opened.
    pub(super) fn join(&mut self, page: &str, opener: &str) {
        let first = self.0.get(opener).map_or(opener, String::as_str).to_owned();
        self.0.insert(page.to_owned(), first);
    }

    /// Takes a page out; `true` when it was the last of its family.
    pub(super) fn leave(&mut self, page: &str) -> bool {
        let first = self.0.remove(page);
        first.is_none_or(|first| !self.0.values().any(|other| *other == first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_ends_with_the_last_page_of_its_family() {
        let mut families = Families::default();
        families.begin("page-1");
        families.join("page-2", "page-1");
        families.join("page-3", "page-2");
        families.begin("page-4");
        assert!(!families.leave("page-2"), "its opener is there, and the page that it opened");
        assert!(!families.leave("page-1"), "a page may outlive its opener");
        families.join("page-5", "page-3");
        assert!(!families.leave("page-3"));
        assert!(families.leave("page-5"));
        assert!(families.leave("page-4"));
        assert!(families.leave("page-6"), "nobody else lives with a page that is not known");
    }
}
