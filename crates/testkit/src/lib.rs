//! For tests: virtual clock, network weather, speech and picture meters, fixtures.
