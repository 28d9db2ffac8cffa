//! Why a peer connection could not do what it was asked.

/// An error of [`crate::Peer`], each one sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// No socket, no certificate, no random numbers.
    #[error("The connection could not be set up on this computer: {0}.")]
    Setup(String),
    /// The library refused what the other side's parameters say.
    #[error("The other side's connection parameters could not be used: {0}.")]
    Negotiation(String),
    /// Neither AES-256-GCM nor AES-128-GCM is on the list.
    #[error("The other side offers no acceptable media encryption (AES-GCM); the connection was refused.")]
    NoEncryption,
    /// The answer's role does not fit to the offer's.
    #[error("The other side's parameters name a wrong handshake role; the connection was refused.")]
    WrongRole,
    /// Another fingerprint than before, on the same connection.
    #[error("The other side's certificate changed during the call; the connection was refused.")]
    FingerprintChanged,
    /// The certificate shown is not the one announced.
    #[error("The other side showed another certificate than it announced; the connection was refused.")]
    FingerprintMismatch,
    /// A path, but no handshake on it.
    #[error("A path was found, but the encrypted handshake on it did not finish: something on the way blocks it.")]
    HandshakeTimeout,
    /// A data channel beside the one agreed on.
    #[error("The other side opened a data channel that nobody agreed on; the connection was refused.")]
    ForeignChannel,
    /// A control message is larger than every receiver takes.
    #[error("The control message is too large: {0} bytes, at most {1}.")]
    ControlTooLarge(usize, usize),
    /// Nothing can be sent on the control channel yet or any more.
    #[error("The control channel is not open.")]
    ControlNotOpen,
    /// The connection was closed before.
    #[error("The connection is closed.")]
    Closed,
}
