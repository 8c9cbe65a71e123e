//! Passwords by prompts: HTTP basic (RFC 7617), and NTLM, which logs in a connection and not a request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Extension;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};

use super::Trial;
use super::page::scripted;
use crate::listen::Connection;

/// The user that may come in, by either prompt.
const USER: &str = "maria";
/// The password: ASCII, because engines differ in what they make of other letters.
const PASSWORD: &str = "open up, please";

/// How far the login of each connection is.
#[derive(Debug, Default)]
pub(super) struct Prompts(Mutex<HashMap<u64, Step>>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Challenged,
    LoggedIn(String),
}

/// The page that tries both.
pub(super) async fn page() -> Response {
    scripted("Prompts", "<p>Tries passwords.</p>", &["report.js", "prompts.js"])
}

/// Lets in who knows the password.
pub(super) async fn basic(Extension(trial): Extension<Arc<Trial>>, headers: HeaderMap) -> Response {
    let expected = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    let given = headers.get(header::AUTHORIZATION).and_then(|given| given.to_str().ok());
    match given {
        Some(given) if given == expected => {
            trial.note("basic", format!("come in, {USER}"));
            Html(format!("<!doctype html><title>Come in</title><p>Come in, {USER}.")).into_response()
        }
        _ => {
            trial.note("basic", if given.is_some() { "wrong" } else { "asked" });
            challenge("Basic realm=\"The \\\"old\\\" tracker\", charset=\"UTF-8\"")
        }
    }
}

/// Lets a connection in after the three messages of NTLM ([MS-NLMP], section 2.2.1). The proof is not checked: that
/// all three come by one connection is what is tried.
pub(super) async fn ntlm(
    Extension(trial): Extension<Arc<Trial>>,
    Extension(Connection(number)): Extension<Connection>,
    headers: HeaderMap,
) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|given| given.to_str().ok());
    let message = given.and_then(|given| given.strip_prefix("NTLM ")).and_then(|text| STANDARD.decode(text).ok());
    let mut steps = trial.prompts.0.lock().unwrap_or_else(PoisonError::into_inner);
    let step = steps.get(&number).cloned();
    match (message.as_deref().and_then(kind_of), step) {
        (Some(1), _) => {
            steps.insert(number, Step::Challenged);
            challenge(&format!("NTLM {}", STANDARD.encode(make_challenge())))
        }
        (Some(3), Some(Step::Challenged)) => {
            let user = message.as_deref().and_then(user_of).unwrap_or_default();
            trial.note("ntlm", format!("come in, {user}"));
            steps.insert(number, Step::LoggedIn(user.clone()));
            user.into_response()
        }
        (None, Some(Step::LoggedIn(user))) => user.into_response(),
        _ => challenge("NTLM"),
    }
}

fn challenge(offer: &str) -> Response {
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, offer)], "no.\n").into_response()
}

/// Which of the three messages it is.
fn kind_of(message: &[u8]) -> Option<u32> {
    let rest = message.strip_prefix(b"NTLMSSP\0")?;
    Some(u32::from_le_bytes(rest.get(..4)?.try_into().ok()?))
}

/// The second message: Unicode, target `NORTH`, extended session security, and the target's description.
fn make_challenge() -> Vec<u8> {
    const FLAGS: u32 = 0x0000_0001 | 0x0000_0004 | 0x0000_0200 | 0x0000_8000 | 0x0001_0000 | 0x0008_0000 | 0x0080_0000;
    const HEAD: u32 = 56;
    let name: Vec<u8> = "NORTH".encode_utf16().flat_map(u16::to_le_bytes).collect();
    // The name of the domain, and the end (section 2.2.2.1).
    let mut described = [2_u16.to_le_bytes(), (name.len() as u16).to_le_bytes()].concat();
    described.extend_from_slice(&name);
    described.extend_from_slice(&[0; 4]);
    let field = |length: usize, offset: u32| {
        let length = (length as u16).to_le_bytes();
        [&length[..], &length, &offset.to_le_bytes()].concat()
    };
    [
        b"NTLMSSP\0",
        &2_u32.to_le_bytes()[..],
        &field(name.len(), HEAD),
        &FLAGS.to_le_bytes(),
        b"nonce123",
        &[0; 8],
        &field(described.len(), HEAD + name.len() as u32),
        &[6, 1, 0, 0, 0, 0, 0, 15],
        &name,
        &described,
    ]
    .concat()
}

/// Reads the user of a third message, in Unicode as it was agreed on.
fn user_of(message: &[u8]) -> Option<String> {
    let length = u16::from_le_bytes(message.get(36..38)?.try_into().ok()?);
    let offset = u32::from_le_bytes(message.get(40..44)?.try_into().ok()?) as usize;
    let text = message.get(offset..offset + usize::from(length))?;
    let units: Vec<u16> = text.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_of_ntlm_are_told_apart_and_read() {
        let challenge = make_challenge();
        assert_eq!(kind_of(&challenge), Some(2));
        assert_eq!(challenge[24..32], *b"nonce123");
        assert_eq!(kind_of(b"NTLMSSP\0\x01\0\0\0"), Some(1));
        assert_eq!(kind_of(b"NTLM"), None);
        let mut third = b"NTLMSSP\0\x03\0\0\0".to_vec();
        third.resize(36, 0);
        third.extend_from_slice(&[4, 0, 4, 0, 44, 0, 0, 0]);
        third.extend_from_slice(b"m\0a\0");
        assert_eq!(user_of(&third).as_deref(), Some("ma"));
        assert_eq!(user_of(&third[..46]), None);
    }
}
