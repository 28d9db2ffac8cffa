//! The clinic's server: visits, waiting room, accounts, STUN.
