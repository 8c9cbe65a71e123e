//! Looking for recognisable bytes in large heaps of bytes, in every form that they could take.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Something that must not be found, or must be.
#[derive(Debug, Clone)]
pub(crate) struct Canary {
    pub(crate) name: &'static str,
    disguises: Vec<Vec<u8>>,
}

/// The shortest disguise that is looked for, in bytes: shorter ones turn up by chance.
const SHORTEST: usize = 8;

impl Canary {
    /// A secret: its bytes, in hex, and in both alphabets of Base64.
    pub(crate) fn secret(name: &'static str, bytes: &[u8]) -> Self {
        let mut disguises =
            vec![bytes.to_vec(), hex::encode(bytes).into_bytes(), hex::encode_upper(bytes).into_bytes()];
        disguises.extend(in_base64(bytes));
        Self { name, disguises: long_enough(disguises) }
    }

    /// A text: as it is, in UTF-16, and inside of a longer text in Base64.
    pub(crate) fn text(name: &'static str, text: &str) -> Self {
        let wide = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut disguises = vec![text.as_bytes().to_vec(), wide, hex::encode(text).into_bytes()];
        disguises.extend(in_base64(text.as_bytes()));
        Self { name, disguises: long_enough(disguises) }
    }
}

/// Returns the names of the canaries that are found in a heap, with some bytes around the first find.
pub(crate) fn found(canaries: &[Canary], heap: &[u8]) -> Vec<String> {
    let needles: Vec<(&str, &[u8])> =
        canaries.iter().flat_map(|canary| canary.disguises.iter().map(|bytes| (canary.name, &bytes[..]))).collect();
    // One pass over the heap: the first two bytes decide whether any needle is worth comparing.
    let mut begins = vec![false; 1 << 16];
    for (_, needle) in &needles {
        begins[usize::from(u16::from_be_bytes([needle[0], needle[1]]))] = true;
    }
    let mut found = Vec::<String>::new();
    let mut last = 0;
    for (place, byte) in heap.iter().enumerate() {
        let pair = (last << 8 | usize::from(*byte)) & 0xffff;
        last = usize::from(*byte);
        if place == 0 || !begins[pair] {
            continue;
        }
        let start = place - 1;
        for (name, needle) in &needles {
            let known = found.iter().any(|line| line.starts_with(name));
            if heap[start..].starts_with(needle) && !known {
                let around = &heap[start.saturating_sub(60)..heap.len().min(start + 100)];
                found.push(format!("{name} at {start}: {}", around.escape_ascii()));
            }
        }
    }
    found
}

/// The parts of Base64 that do not depend on what stands around, for each of the three alignments.
fn in_base64(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for shift in 0..3 {
        let text = STANDARD_NO_PAD.encode([&vec![0; shift], bytes].concat());
        let first = (shift * 8).div_ceil(6);
        let last = (shift + bytes.len()) * 8 / 6;
        let text = &text[first..last];
        forms.push(text.as_bytes().to_vec());
        forms.push(text.replace('+', "-").replace('/', "_").into_bytes());
    }
    forms
}

fn long_enough(mut disguises: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    disguises.retain(|disguise| disguise.len() >= SHORTEST);
    disguises.sort();
    disguises.dedup();
    assert!(!disguises.is_empty(), "a canary of {SHORTEST} bytes or more");
    disguises
}

#[test]
fn a_canary_is_found_in_every_disguise() {
    let canary = [Canary::text("text", "a canary sings")];
    let wide: Vec<u8> = "a canary sings".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for heap in [
        b"here a canary sings".to_vec(),
        wide,
        hex::encode("a canary sings").into_bytes(),
        base64::engine::general_purpose::URL_SAFE.encode("?a canary sings!").into_bytes(),
        base64::engine::general_purpose::STANDARD.encode("??a canary sings!").into_bytes(),
    ] {
        assert_eq!(found(&canary, &heap).len(), 1, "{}", heap.escape_ascii());
    }
    assert!(found(&canary, b"a canary sleeps").is_empty());
}
