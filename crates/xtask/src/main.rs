//! The xtask command line.

fn main() {}
