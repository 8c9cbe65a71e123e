//! Writes the well-formed entries of every corpus.

use std::fs;
use std::io;

use latchgate_fuzz::{TARGETS, WELL_FORMED};

fn main() -> io::Result<()> {
    for target in TARGETS {
        let folder = target.corpus();
        fs::create_dir_all(&folder)?;
        for (name, bytes) in (target.seeds)() {
            fs::write(folder.join(format!("{WELL_FORMED}{name}")), bytes)?;
        }
    }
    Ok(())
}
