//! Whole calls between the real programs.
