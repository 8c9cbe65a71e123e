//! 240 camera frames of pairing codes, made from a seed: six ways to be hard to read, forty of each.
//!
//! The frames are those of a cheap camera, 640 by 480. The same seed makes the same frames on every machine.

mod frames;

use std::time::{Duration, Instant};

use frames::{Hardship, frame};
use latchgate_picture::find_in;

const EACH: u64 = 40;

/// So much that a slow machine does not decide what can be read.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns how many frames of a kind are read, and tells the median time of one.
fn read_all(hardship: Hardship) -> (u64, Duration) {
    let mut times = Vec::new();
    let mut read = 0;
    for seed in 0..EACH {
        let (text, picture) = frame(hardship, seed);
        let begun = Instant::now();
        let found = find_in(&picture, begun + PATIENCE);
        times.push(begun.elapsed());
        read += u64::from(found.is_ok_and(|found| *found == text));
    }
    times.sort();
    (read, times[times.len() / 2])
}

#[test]
fn nearly_every_frame_of_a_poor_camera_is_read() {
    let mut all = 0;
    let mut said = String::new();
    for hardship in Hardship::ALL {
        let (read, median) = read_all(hardship);
        all += read;
        said += &format!("{hardship:?}: {read} of {EACH}, median {median:?}\n");
    }
    let frames = EACH * Hardship::ALL.len() as u64;
    assert!(all * 100 >= frames * 98, "{all} of {frames} frames were read\n{said}");
}
