//! The connector command line.

fn main() {}
