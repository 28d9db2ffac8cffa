//! Whole-house proof, one binary a suite.
