//! The command line as scripts meet it: exit codes, words, JSON. Nothing here reaches a gateway.

#![cfg(test)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn headless(data: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchgate-headless"));
    command.args(words).arg("--data").arg(data).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

fn run(data: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    ended(headless(data, words).output().unwrap())
}

fn ended(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs with a passphrase vault whose passphrase lies in a file.
fn run_sealed(data: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let passphrase = data.join("passphrase");
    std::fs::write(&passphrase, "canary correct horse\n").unwrap();
    let passphrase = passphrase.to_str().unwrap();
    run(data, &[words, &["--vault", "passphrase", "--passphrase-file", passphrase]].concat())
}

#[test]
fn a_code_on_the_command_line_is_refused_and_not_repeated() {
    let data = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = run_sealed(data.path(), &["pair", "LG1:CANARYCANARY"]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("pair - <"), "{stderr}");
    assert!(!stdout.contains("CANARY") && !stderr.contains("CANARY"), "{stderr}");
}

#[test]
fn wrong_usage_ends_with_two_and_says_what_is_right() {
    let data = tempfile::tempdir().unwrap();
    let cases: [(&[&str], &str); 10] = [
        (&["nonsense"], "Usage"),
        (&["pair"], "Usage"),
        (&["proxy", "--listen", "nonsense"], "--listen"),
        (&["proxy", "--listen", "0.0.0.0:0"], "127.0.0.1"),
        (&["status", "--profile", "../other"], "profile name"),
        (&["status", "--check", "--vault", "passphrase"], "--passphrase-file"),
        (&["status", "--check", "--passphrase-file", "x"], "--vault passphrase"),
        (&["status", "--check", "--vault", "key-file"], "--key-file FILE"),
        (&["status", "--check", "--key-file", "x"], "--vault key-file"),
        (&["pair", "-", "--vault", "passphrase", "--passphrase-file", "-"], "standard input"),
    ];
    for (words, said) in cases {
        let (code, _, stderr) = run(data.path(), words);
        // Whether anything is paired is found out first where the vault is needed at all.
        assert!(code == Some(2), "{words:?}: {code:?} {stderr}");
        assert!(stderr.contains(said), "{words:?}: {stderr}");
    }
}

#[test]
fn an_unpaired_machine_says_so() {
    let data = tempfile::tempdir().unwrap();
    let (code, stdout, _) = run(data.path(), &["status"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "Not paired.\n"));
    let (code, stdout, _) = run(data.path(), &["status", "--json"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "{\"paired\":false,\"profile\":null}\n"));
    for words in [&["proxy"][..], &["forget"], &["status", "--check"]] {
        let (code, _, stderr) = run_sealed(data.path(), words);
        assert_eq!(code, Some(1), "{words:?}");
        assert!(stderr.contains("not paired") && stderr.contains("Pair it first"), "{words:?}: {stderr}");
    }
}

#[test]
fn a_failure_is_json_where_that_was_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let (code, stdout, _) = run_sealed(data.path(), &["proxy", "--json"]);
    assert_eq!(code, Some(1));
    assert!(stdout.starts_with(r#"{"error":{"advice":"#) && stdout.contains(r#""code":"not-paired""#), "{stdout}");
}

#[test]
fn files_that_are_no_code_are_refused_by_name() {
    let data = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = data.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let cases = [
        (file("empty.txt", b"\n"), "no pairing code"),
        (file("other.txt", b"https://wiki.example.com/"), "not a Latchgate pairing code"),
        (file("newer.txt", b"LG2:ABC"), "another version"),
        (file("broken.png", b"\x89PNG\r\n\x1a\n\xff"), "picture cannot be read"),
        ("no-such-file.png".to_owned(), "cannot read no-such-file.png"),
    ];
    for (path, said) in cases {
        let (code, _, stderr) = run_sealed(data.path(), &["pair", &path]);
        assert_eq!(code, Some(1), "{path}");
        assert!(stderr.contains(said), "{path}: {stderr}");
    }
}

#[test]
fn a_code_comes_from_standard_input_too() {
    let data = tempfile::tempdir().unwrap();
    let passphrase = data.path().join("passphrase");
    std::fs::write(&passphrase, "canary correct horse\n").unwrap();
    let mut command = headless(data.path(), &["pair", "-", "--vault", "passphrase"]);
    command
        .arg("--passphrase-file")
        .arg(&passphrase)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"LG9:NEWER\n").unwrap();
    let (code, _, stderr) = ended(child.wait_with_output().unwrap());
    assert_eq!(code, Some(1));
    assert!(stderr.contains("another version"), "{stderr}");
}
