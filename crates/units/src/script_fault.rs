use std::fmt;

use serde::Serialize;

/// Why a network's proxy script (PAC) gave no way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptFault {
    /// It cannot be had from where it is named to be.
    Missing,
    /// It is no script, or fails.
    Broken,
    /// It does not come to an end.
    Endless,
    /// It wants more memory than it gets.
    Greedy,
    /// It names nothing that this app can go by: SOCKS, for example.
    NoWay,
}

impl fmt::Display for ScriptFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "it cannot be had from where it is named to be",
            Self::Broken => "it is no script, or it fails",
            Self::Endless => "it does not come to an end",
            Self::Greedy => "it wants more memory than it gets",
            Self::NoWay => "it names no proxy that this app can use",
        })
    }
}
