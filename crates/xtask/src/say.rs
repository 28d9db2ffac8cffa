//! Talking to who sits at the terminal: the one place where this crate prints.

use std::fmt::Display;
use std::io::{self, Write as _};

/// A line for people on standard output.
pub fn say(text: impl Display) {
    // Who closed the pipe (`| head`) does not want to hear about it either.
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// A line for people on standard error.
pub fn complain(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
