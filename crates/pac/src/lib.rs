//! Asks a network's proxy script (PAC) by way of what a server is reached.
//!
//! A proxy auto-config file is a program: JavaScript with one function, `FindProxyForURL(url, host)`, whose answer is a list
//! like `PROXY proxy.example:8080; DIRECT` (the format of Netscape 2.0, which browsers and systems still speak). It comes from a
//! network, often without encryption, so it is run as a stranger's: in an engine of its own that knows nothing but the
//! functions of the format, with an end to its time, its memory and its stack.
//!
//! **Invariant:** this crate opens nothing and has no clock. What a script may ask of the world, names and its own address,
//! is [`World`]'s, and so is when its time is over.

#![forbid(unsafe_code)]

mod answer;
mod script;

pub use answer::{Hop, read_answer};
pub use script::{Script, Trouble, World};
