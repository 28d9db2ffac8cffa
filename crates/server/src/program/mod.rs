//! What the program is made of, around the library.

pub(crate) mod accounts;
pub(crate) mod arguments;
pub(crate) mod keeping;
pub(crate) mod logging;
pub(crate) mod serving;
