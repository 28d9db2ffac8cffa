//! For tests: network weather in virtual time.

#![forbid(unsafe_code)]

pub mod link;
