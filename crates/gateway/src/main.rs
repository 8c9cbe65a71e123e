//! The gateway command line.

fn main() {}
