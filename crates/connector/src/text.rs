//! Text of foreign origin on its way to a log line, a terminal or a person's screen; and the nearest name to
//! a misspelt one.

use std::fmt;

use crate::limits::LOGGED_TEXT;

/// Shows a text with control and direction characters escaped, cut after [`LOGGED_TEXT`] characters.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars().take(LOGGED_TEXT) {
            if is_misleading(character) {
                write!(f, "{}", character.escape_unicode())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        if self.0.chars().nth(LOGGED_TEXT).is_some() { f.write_str("…") } else { Ok(()) }
    }
}

/// Tells whether a character moves the cursor, ends a line, turns the direction of text or is invisible.
pub(crate) fn is_misleading(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Returns the known name that is closest to `name`, if one is close enough to be what was meant.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

/// Returns `; did you mean …?` or nothing, for the end of an error message.
pub(crate) fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ab_70_text_from_outside_cannot_move_the_cursor_or_flood_a_line() {
        let shown = Shown("\u{1b}[31mred\r\nfake line\u{202e}\u{2028}").to_string();
        assert_eq!(shown, "\\u{1b}[31mred\\u{d}\\u{a}fake line\\u{202e}\\u{2028}");
        let flood = "x".repeat(1 << 20);
        assert_eq!(Shown(&flood).to_string().chars().count(), LOGGED_TEXT + 1);
    }

    #[test]
    fn the_nearest_name_is_found_and_a_distant_one_is_not() {
        let known = ["maria", "mario", "ada"];
        assert_eq!(nearest("mraia", known), Some("maria"));
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(hint("Maira", known), "; did you mean `maria`?");
    }
}
