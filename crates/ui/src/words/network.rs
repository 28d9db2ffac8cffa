//! What a person may choose of the network.

words! {
    relay_only,
    relay_only_help,
}
