//! What a person may choose of the network.

pub(crate) const RELAY_ONLY: &str = "Hide this computer's address from the other side";
pub(crate) const RELAY_ONLY_HELP: &str =
    "Voice and picture then go by the clinic's server alone. Without its relay there is no call.";
