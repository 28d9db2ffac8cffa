//! Two implementations of trust, written apart from one text ([docs/trust.md]): `crates/trust`, and the one in TypeScript
//! (`web/trust`), which Node runs. What one seals the other opens, with fresh keys and randomness each time.
//!
//! ```text
//! test ── crates/trust
//!   │        ▲ links, bundles, boxes, digits, staff boxes: bytes as a server would carry them
//!   └─ lines of JSON ──▸ node web/trust/dist/test/peer/main.js
//! ```
//! [docs/trust.md]: ../../../docs/trust.md

mod clinic;
mod colleagues;
mod node;
mod package;
mod talk;
mod vectors;
mod visit;
