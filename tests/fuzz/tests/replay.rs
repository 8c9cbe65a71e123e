//! The corpus, and what a fixed sequence of changes makes of it, on any toolchain.

#![cfg(test)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use latchgate_fuzz::{TARGETS, Target, Verdict, WELL_FORMED};

/// How many changed entries each target reads: a few seconds in all.
const CHANGED: usize = 3000;

/// The longest changed entry, in bytes.
const LONGEST: usize = 8 * 1024;

#[test]
fn every_corpus_holds_and_its_well_formed_entries_are_accepted() {
    for target in TARGETS {
        for (name, bytes) in corpus(target) {
            let verdict = read(target, &bytes);
            let expected = name.starts_with(WELL_FORMED);
            assert!(!expected || verdict == Verdict::Accepted, "{}/{name} is refused", target.name);
        }
    }
}

#[test]
fn every_corpus_has_all_well_formed_entries() {
    for target in TARGETS {
        let corpus = corpus(target);
        for (name, bytes) in (target.seeds)() {
            let name = format!("{WELL_FORMED}{name}");
            assert!(corpus.contains(&(name.clone(), bytes)), "{}/{name}: run cargo run -p latchgate-fuzz", target.name);
        }
    }
}

#[test]
fn a_changed_code_is_read() {
    read_changed("code");
}

#[test]
fn a_changed_frame_is_read() {
    read_changed("frame");
}

#[test]
fn a_changed_handshake_is_read() {
    read_changed("handshake");
}

#[test]
fn a_changed_publish_is_read() {
    read_changed("publish");
}

#[test]
fn a_changed_body_is_read() {
    read_changed("rest");
}

#[test]
fn a_changed_topic_is_read() {
    read_changed("topic");
}

fn read_changed(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let corpus: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, bytes)| bytes).collect();
    let mut dice = Dice(0x1a7c_4a7e);
    let mut refused = 0;
    for _ in 0..CHANGED {
        let mut bytes = corpus[dice.below(corpus.len())].clone();
        for _ in 0..=dice.below(4) {
            dice.change(&mut bytes, &corpus);
        }
        bytes.truncate(LONGEST);
        refused += usize::from(read(target, &bytes) == Verdict::Refused);
    }
    assert!(refused > CHANGED / 10, "only {refused} of {CHANGED} changed entries are refused");
    assert!(refused < CHANGED, "no changed entry reaches beyond the first check");
}

/// Names the bytes that break a promise, so that they can join the corpus.
fn read(target: &Target, bytes: &[u8]) -> Verdict {
    catch_unwind(AssertUnwindSafe(|| (target.read)(bytes)))
        .unwrap_or_else(|_| panic!("{} breaks on these bytes: {}", target.name, bytes.escape_ascii()))
}

fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(target.corpus()).unwrap().map(|entry| entry.unwrap().path());
    let mut entries: Vec<(String, Vec<u8>)> = entries
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    entries.sort();
    entries
}

/// The same throws each time (xorshift64).
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.throw() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.throw().to_le_bytes()[0]
    }

    fn change(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let place = self.below(bytes.len());
        match self.below(7) {
            0 if place < bytes.len() => bytes[place] ^= 1 << self.below(8),
            1 if place < bytes.len() => bytes[place] = [0, 1, 0x7f, 0x80, 0xff, self.byte()][self.below(6)],
            2 => bytes.insert(place, self.byte()),
            3 if place < bytes.len() => drop(bytes.remove(place)),
            4 => bytes.truncate(place),
            5 => {
                let other = &corpus[self.below(corpus.len())];
                bytes.truncate(place);
                bytes.extend_from_slice(&other[self.below(other.len())..]);
            }
            _ => {
                let again = bytes[place.min(bytes.len())..].to_vec();
                bytes.extend_from_slice(&again[..self.below(again.len() + 1)]);
            }
        }
    }
}
