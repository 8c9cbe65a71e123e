//! Labels of devices and companies inside handshake payloads: `length u8 | UTF-8`.
//!
//! A label comes from the other side and is shown to people, so reading one strips what could turn the text
//! around it: control characters, line separators, bidirectional controls and invisible characters.

use crate::limits::MAX_LABEL;

/// Appends `label`, cut at a character boundary to at most [`MAX_LABEL`] bytes.
pub(crate) fn encode_label(label: &str, out: &mut Vec<u8>) {
    let cut = &label[..label.floor_char_boundary(MAX_LABEL)];
    out.push(u8::try_from(cut.len()).expect("a cut label is shorter than 256 bytes"));
    out.extend_from_slice(cut.as_bytes());
}

/// Reads a label and returns it with what follows; `None` when it is malformed.
pub(crate) fn decode_label(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    if usize::from(length) > MAX_LABEL {
        return None;
    }
    let (text, rest) = rest.split_at_checked(usize::from(length))?;
    let text = std::str::from_utf8(text).ok()?;
    Some((text.chars().filter(|character| !is_misleading(*character)).collect(), rest))
}

fn is_misleading(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' // marks of direction, zero-width space
            | '\u{2028}'..='\u{202e}'                         // line separators, embeddings, overrides
            | '\u{2060}'..='\u{206f}'                         // isolates, invisible operators
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(label: &str) -> String {
        let mut bytes = Vec::new();
        encode_label(label, &mut bytes);
        let (read, rest) = decode_label(&bytes).unwrap();
        assert!(rest.is_empty());
        read
    }

    #[test]
    fn a_label_is_cut_between_characters() {
        assert_eq!(round_trip("Ada's phone"), "Ada's phone");
        assert_eq!(round_trip(&"é".repeat(40)), "é".repeat(32));
        assert_eq!(round_trip(&format!("x{}", "é".repeat(40))), format!("x{}", "é".repeat(31)));
    }

    #[test]
    fn misleading_characters_are_stripped() {
        assert_eq!(round_trip("Ada\u{202e}\u{1b}[31m\n\0 \u{2066}phone\u{feff}"), "Ada[31m phone");
        assert_eq!(round_trip("family 👨\u{200d}👩"), "family 👨\u{200d}👩");
    }

    #[test]
    fn malformed_labels_are_refused() {
        for wrong in [&[][..], &[1], &[2, b'a'], &[1, 0xff]] {
            assert!(decode_label(wrong).is_none(), "{wrong:?} was taken");
        }
        assert!(decode_label(&[65; 66]).is_none());
    }

    proptest! {
        #[test]
        fn any_text_round_trips_without_misleading_characters(label in any::<String>()) {
            let read = round_trip(&label);
            prop_assert!(read.len() <= MAX_LABEL);
            prop_assert!(!read.chars().any(is_misleading));
        }
    }
}
