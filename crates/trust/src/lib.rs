//! The pages a security reviewer reads: links, identities, bundles, typed connection parameters.
