//! Every decision of one visit. Opens nothing.
