//! The headless command line.

fn main() {}
