//! What a person is asked before a link leaves the company, and what is handed on then. Pure functions.

use percent_encoding::percent_decode_str;
use tauri::Url;

use crate::view::{Leaving, PageQuestion};

/// The fields of a letter that a link may fill in (RFC 6068, section 4); others could attach a file of the person's.
const LETTER: &[&str] = &["to", "cc", "bcc", "subject", "body", "in-reply-to"];

/// How many characters of a place are shown.
const MOST_SHOWN: usize = 200;

/// How long the address of a letter or a call may be, in bytes. How long one of a page is, is its browser's business.
const MOST_HANDED_ON: usize = 8 * 1024;

/// Returns the question about an address; `None` if no program may be given it.
pub(crate) fn question(url: &Url) -> Option<PageQuestion> {
    let (kind, to) = match url.scheme() {
        "http" | "https" => (Leaving::Site, url.host_str()?.to_owned()),
        _ if url.as_str().len() > MOST_HANDED_ON => return None,
        "mailto" => (Leaving::Mail, shown(&reader(url)?)),
        "tel" => (Leaving::Phone, shown(number(url)?)),
        _ => return None,
    };
    Some(PageQuestion { kind, to })
}

/// Returns the address without what a link may not fill in.
pub(crate) fn harmless(mut url: Url) -> Url {
    if url.scheme() == "mailto"
        && let Some(query) = url.query()
    {
        let fields = query.split('&').filter(|field| {
            let name = field.split_once('=').map_or(*field, |(name, _)| name);
            LETTER.contains(&name.to_ascii_lowercase().as_str())
        });
        let kept = fields.collect::<Vec<_>>().join("&");
        url.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    }
    url
}

/// To whom a letter goes, encoded.
fn reader(url: &Url) -> Option<String> {
    let further = url.query().unwrap_or_default().split('&').filter_map(|field| field.split_once('='));
    let further = further.filter(|(name, _)| name.eq_ignore_ascii_case("to")).map(|(_, reader)| reader);
    let readers: Vec<_> = std::iter::once(url.path()).chain(further).filter(|reader| !reader.is_empty()).collect();
    Some(readers.join(", ")).filter(|readers| !readers.is_empty())
}

/// The number of a call (RFC 3966). Others than those of a person's telephone may be orders to the telephone itself.
fn number(url: &Url) -> Option<&str> {
    let (number, more) = url.path().split_once(';').unwrap_or((url.path(), ""));
    let bare = number.replace("%20", "");
    let is_number = bare.bytes().any(|byte| byte.is_ascii_digit())
        && bare.bytes().all(|byte| byte.is_ascii_digit() || b"+-.()".contains(&byte));
    let extension = more.strip_prefix("ext=").unwrap_or(more);
    let is_extension = extension.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && is_extension && url.query().is_none()).then_some(url.path())
}

/// Makes a place readable, without letters that nobody sees or that turn the others round.
fn shown(encoded: &str) -> String {
    let is_seen = |letter: char| {
        !letter.is_control()
            && !matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let decoded = percent_decode_str(encoded).decode_utf8().ok().filter(|text| text.chars().all(is_seen));
    let text = decoded.as_deref().unwrap_or(encoded);
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(address: &str) -> Option<(Leaving, String)> {
        question(&Url::parse(address).unwrap()).map(|question| (question.kind, question.to))
    }

    #[test]
    fn a_question_names_the_place_the_readers_or_the_number() {
        for (address, kind, to) in [
            ("https://example.org:8443/a?b", Leaving::Site, "example.org"),
            ("mailto:maria@example.org", Leaving::Mail, "maria@example.org"),
            ("mailto:Maria%20%3Cm@example.org%3E?subject=x", Leaving::Mail, "Maria <m@example.org>"),
            ("mailto:a@example.org?cc=c@example.org&TO=b@example.org", Leaving::Mail, "a@example.org, b@example.org"),
            ("mailto:?to=b@example.org", Leaving::Mail, "b@example.org"),
            ("tel:+45-(12)%2034", Leaving::Phone, "+45-(12) 34"),
            ("tel:12;ext=34", Leaving::Phone, "12;ext=34"),
        ] {
            assert_eq!(asked(address), Some((kind, to.to_owned())), "{address}");
        }
        let long = format!("https://example.org/?{}", "q".repeat(MOST_HANDED_ON));
        assert_eq!(asked(&long), Some((Leaving::Site, "example.org".to_owned())), "a page may have a long address");
        let many = format!("mailto:{}", "m@example.org,".repeat(40));
        assert_eq!(asked(&many).unwrap().1.chars().count(), MOST_SHOWN + 1);
    }

    #[test]
    fn ab_78_what_orders_a_telephone_about_or_is_addressed_to_nobody_is_no_question() {
        for address in [
            "tel:",
            "tel:*%2306%23",
            "tel:12,34",
            "tel:12;phone-context=x",
            "tel:12?x",
            "mailto:",
            "mailto:?cc=a@b.example",
            "sms:12",
        ] {
            assert_eq!(asked(address), None, "{address}");
        }
        assert_eq!(asked(&format!("mailto:{}", "m@example.org,".repeat(800))), None);
    }

    #[test]
    fn ab_78_a_link_attaches_nothing_to_a_letter() {
        for (address, handed_on) in [
            ("mailto:a@b.example?subject=x%26y&attach=/etc/passwd&Body=z", "mailto:a@b.example?subject=x%26y&Body=z"),
            ("mailto:a@b.example?attachment=/etc/passwd", "mailto:a@b.example"),
            ("tel:12", "tel:12"),
            ("https://example.org/?attach=x", "https://example.org/?attach=x"),
        ] {
            assert_eq!(harmless(Url::parse(address).unwrap()).as_str(), handed_on);
        }
    }

    #[test]
    fn what_cannot_be_read_stays_encoded() {
        assert_eq!(asked("mailto:%E2%80%AEa@b.example").unwrap().1, "%E2%80%AEa@b.example");
        assert_eq!(asked("mailto:%ff@b.example").unwrap().1, "%ff@b.example");
    }
}
