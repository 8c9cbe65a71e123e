//! Secrets and questions: files, standard input, the terminal.

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use latchgate_client::{Client, UnlockSecret};
use zeroize::Zeroizing;

use crate::Ended;
use crate::args::{Common, VaultKind, is_standard_input};

/// The largest text that is read as a code; more is not one.
const CODE_TEXT: u64 = 64 * 1024;
/// The size of a key in a file, in bytes: nobody tries all of them, so that it needs no stretching.
const KEY: usize = 32;
/// How pairing codes begin.
const PREFIX: &str = "LG";

/// Reads a whole file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Ended> {
    Ok(fs::read(path).with_context(|| format!("cannot read {}", path.display()))?)
}

/// Returns what opens the vault, or seals a new one.
pub(crate) fn unlock_secret(common: &Common) -> Result<UnlockSecret, Ended> {
    if common.passphrase_file.is_some() && common.vault != VaultKind::Passphrase {
        return Err(Ended::Usage("--passphrase-file goes with --vault passphrase".to_owned()));
    }
    if common.key_file.is_some() && common.vault != VaultKind::KeyFile {
        return Err(Ended::Usage("--key-file goes with --vault key-file".to_owned()));
    }
    match (common.vault, &common.passphrase_file, &common.key_file) {
        (VaultKind::Keychain, ..) => Ok(UnlockSecret::None),
        (VaultKind::Passphrase, Some(path), _) => Ok(UnlockSecret::Passphrase(read_passphrase(path)?)),
        (VaultKind::KeyFile, _, Some(path)) => Ok(UnlockSecret::FileKey(read_key(path)?)),
        (VaultKind::Passphrase, None, _) => {
            Err(Ended::Usage("--vault passphrase needs --passphrase-file FILE, or - for standard input".to_owned()))
        }
        (VaultKind::KeyFile, _, None) => Err(Ended::Usage("--vault key-file needs --key-file FILE".to_owned())),
    }
}

/// Makes the key that seals a new vault where the command line names a file that is not there yet.
pub(crate) fn make_missing_key(common: &Common) -> Result<(), Ended> {
    let Some(path) = common.key_file.as_deref().filter(|path| common.vault == VaultKind::KeyFile && !path.exists())
    else {
        return Ok(());
    };
    let mut key = Zeroizing::new([0; KEY]);
    getrandom::fill(&mut key[..]).map_err(|error| anyhow::anyhow!("the system gave no random bytes: {error}"))?;
    let line = Zeroizing::new(hex::encode(&key[..]) + "\n");
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written =
        options.open(path).and_then(|mut file| file.write_all(line.as_bytes()).and_then(|()| file.sync_all()));
    Ok(written.with_context(|| format!("cannot write {}", path.display()))?)
}

fn read_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, Ended> {
    let text =
        fs::read_to_string(path).map(Zeroizing::new).with_context(|| format!("cannot read {}", path.display()))?;
    let key = hex::decode(text.trim()).map(Zeroizing::new).ok().filter(|key| key.len() == KEY);
    let wrong = || anyhow::anyhow!("{} must hold a key of {} hexadecimal digits", path.display(), 2 * KEY);
    Ok(key.ok_or_else(wrong)?)
}

pub(crate) fn read_passphrase(path: &Path) -> Result<Zeroizing<String>, Ended> {
    let mut line = Zeroizing::new(String::new());
    let read = if is_standard_input(path) {
        io::stdin().lock().read_line(&mut line).context("cannot read the passphrase from standard input")
    } else {
        let file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        io::BufReader::new(file).read_line(&mut line).with_context(|| format!("cannot read {}", path.display()))
    };
    read?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Returns the text of the code that `source` names: a text file, a picture, or `-`.
pub(crate) async fn read_code(client: &Client, source: &Path) -> Result<Zeroizing<String>, Ended> {
    if is_standard_input(source) {
        let mut text = Zeroizing::new(String::new());
        io::stdin().lock().take(CODE_TEXT).read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    if is_literal_code(source) {
        return Err(Ended::Usage(
            "a code on the command line can be read by every program on this machine; \
             put it into a file, or pass it on standard input: latchgate-headless pair - < code.txt"
                .to_owned(),
        ));
    }
    let bytes = Zeroizing::new(read_file(source)?);
    match std::str::from_utf8(&bytes) {
        Ok(text) if bytes.len() as u64 <= CODE_TEXT => Ok(Zeroizing::new(text.to_owned())),
        Ok(_) | Err(_) => Ok(client.read_picture(bytes.to_vec()).await?),
    }
}

fn is_literal_code(source: &Path) -> bool {
    let text = source.to_string_lossy();
    let prefix = text.trim_start().get(..PREFIX.len()).unwrap_or_default();
    prefix.eq_ignore_ascii_case(PREFIX) && text.contains(':') && !source.exists()
}

/// Asks a yes-or-no question, where there is a terminal to ask at; elsewhere the answer is yes, because who
/// runs a command without a terminal has decided before.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<bool, Ended> {
    if yes || !io::stdin().is_terminal() {
        return Ok(true);
    }
    let mut error = io::stderr().lock();
    write!(error, "{question} [y/N] ").and_then(|()| error.flush()).context("cannot ask")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_code_is_told_from_a_file() {
        for literal in ["LG1:ABC", "lg1:abc", "LG2:X"] {
            assert!(is_literal_code(Path::new(literal)), "{literal}");
        }
        for file in ["code.png", "./LG1", "-", "photos/LG.jpg"] {
            assert!(!is_literal_code(Path::new(file)), "{file}");
        }
    }

    #[test]
    fn a_key_is_made_once_and_a_weak_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let words = ["latchgate-headless", "status", "--vault", "key-file", "--key-file", path.to_str().unwrap()];
        let common = <crate::Args as clap::Parser>::parse_from(words).common;
        make_missing_key(&common).unwrap();
        let key = read_key(&path).unwrap();
        make_missing_key(&common).unwrap();
        assert_eq!(read_key(&path).unwrap(), key, "a key that is there stays");
        assert_eq!(key.len(), KEY);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777, 0o600);
        for weak in ["", "correct horse battery staple", "00"] {
            fs::write(&path, weak).unwrap();
            assert!(read_key(&path).is_err(), "{weak}");
        }
    }

    #[test]
    fn the_first_line_of_a_file_is_the_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "correct horse \r\nsecond line\n").unwrap();
        assert_eq!(*read_passphrase(&path).unwrap(), "correct horse ");
    }
}
