//! The intranet command line.

fn main() {}
