//! The `housecall-server` program.

fn main() {}
