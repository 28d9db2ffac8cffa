//! How fast to send, what next, what to ask again: estimator, pacer, retransmission.
