### What a person may choose of the network.

relay-only = Hide this computer's address from the other side
relay-only-help = Voice and picture then go by the clinic's server alone. Without its relay there is no call.
