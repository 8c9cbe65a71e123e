//! How the company looks on its people's screens: `[brand]` in `connector.toml`.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchgate_tunnel::catalogue::Brand;

use super::ConfigError;
use super::raw::RawBrand;
use crate::limits::{LOGO_LENGTH, NOTE_LENGTH};
use crate::text::is_misleading;

const ACCENT: &str = "[brand] accent";
const LOGO: &str = "[brand] logo";
const NOTE: &str = "[brand] note";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Checks each part and reads the logo; `None` where nothing is written.
pub(super) fn check(raw: RawBrand, folder: &Path) -> Result<Option<Brand>, ConfigError> {
    let brand = Brand {
        accent: raw.accent.map(|accent| check_accent(&accent)).transpose()?,
        logo: raw.logo.map(|logo| read_logo(&folder.join(logo))).transpose()?,
        note: raw.note.map(check_note).transpose()?,
    };
    Ok((brand != Brand::default()).then_some(brand))
}

fn check_accent(accent: &str) -> Result<String, ConfigError> {
    let digits = accent.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(accent.to_ascii_lowercase());
    }
    Err(invalid(ACCENT, "expected a colour such as \"#0b6e4f\""))
}

/// Reads a picture; its content and not its name says what it is.
fn read_logo(path: &Path) -> Result<String, ConfigError> {
    let bytes = std::fs::read(path).map_err(|source| ConfigError::Io { path: path.to_owned(), source })?;
    if bytes.len() > LOGO_LENGTH {
        return Err(invalid(LOGO, &format!("expected at most {} KiB", LOGO_LENGTH / 1024)));
    }
    let kind = if bytes.starts_with(PNG) {
        "png"
    } else if std::str::from_utf8(&bytes).is_ok_and(|text| text.contains("<svg")) {
        "svg+xml"
    } else {
        return Err(invalid(LOGO, "expected a PNG or SVG picture"));
    };
    Ok(format!("data:image/{kind};base64,{}", STANDARD.encode(bytes)))
}

fn check_note(note: String) -> Result<String, ConfigError> {
    if note.trim().is_empty() || note.chars().count() > NOTE_LENGTH || note.chars().any(is_misleading) {
        return Err(invalid(NOTE, &format!("expected one line of at most {NOTE_LENGTH} characters")));
    }
    Ok(note)
}

fn invalid(field: &'static str, problem: &str) -> ConfigError {
    ConfigError::Invalid { field, problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accent(text: &str) -> RawBrand {
        RawBrand { accent: Some(text.to_owned()), ..RawBrand::default() }
    }

    fn note(text: &str) -> RawBrand {
        RawBrand { note: Some(text.to_owned()), ..RawBrand::default() }
    }

    fn logo(name: &str) -> RawBrand {
        RawBrand { logo: Some(name.into()), ..RawBrand::default() }
    }

    #[test]
    fn what_is_not_written_looks_like_the_app_itself() {
        assert_eq!(check(RawBrand::default(), Path::new(".")).unwrap(), None);
        let brand = check(accent("#0B6E4F"), Path::new(".")).unwrap().unwrap();
        assert_eq!(brand.accent.as_deref(), Some("#0b6e4f"));
    }

    #[test]
    fn a_logo_is_what_its_content_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::write(path.join("logo.jpg"), [PNG, b"rest"].concat()).unwrap();
        std::fs::write(path.join("logo.svg"), "<?xml version='1.0'?><svg/>").unwrap();
        std::fs::write(path.join("logo.png"), "<html>").unwrap();
        std::fs::write(path.join("large.svg"), format!("<svg>{}", " ".repeat(LOGO_LENGTH))).unwrap();
        let read = |name| check(logo(name), path).map(|brand| brand.unwrap().logo.unwrap());
        assert_eq!(read("logo.jpg").unwrap(), "data:image/png;base64,iVBORw0KGgpyZXN0");
        assert!(read("logo.svg").unwrap().starts_with("data:image/svg+xml;base64,"));
        assert_eq!(read("logo.png").unwrap_err().to_string(), "[brand] logo: expected a PNG or SVG picture");
        assert_eq!(read("large.svg").unwrap_err().to_string(), "[brand] logo: expected at most 64 KiB");
        assert!(read("none.png").unwrap_err().to_string().starts_with("could not read"));
    }

    #[test]
    fn what_could_mislead_or_means_nothing_is_named() {
        for (brand, named) in [
            (accent("green"), "[brand] accent"),
            (accent("#12345"), "[brand] accent"),
            (accent("#12345g"), "[brand] accent"),
            (note(" "), "[brand] note"),
            (note("two\nlines"), "[brand] note"),
            (note("turned \u{202e}"), "[brand] note"),
            (note(&"x".repeat(NOTE_LENGTH + 1)), "[brand] note"),
        ] {
            let problem = check(brand, Path::new(".")).unwrap_err().to_string();
            assert!(problem.starts_with(named), "{problem}");
        }
    }
}
