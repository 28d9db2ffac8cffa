//! Why a server cannot be asked, for who is told of it.

use crate::ScriptFault;

/// Why a clinic's server cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerTrouble {
    /// The address is none.
    Address,
    /// This machine has nothing to check a server by.
    NoAuthorities,
    /// No answer.
    Unreachable,
    /// No answer, and the network's proxy script cannot be used.
    ProxyScript(ScriptFault),
    /// Another certificate than the pinned one.
    OtherCertificate,
    /// A certificate that nobody vouches for.
    Untrusted,
    /// It speaks nothing that is safe.
    TooOldTls,
    /// Something else answers.
    Stranger,
}
