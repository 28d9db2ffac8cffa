//! `cargo xtask bench`: measures the product.

mod board;
mod call;
mod cases;
mod devtools;
mod half_core;
mod join;
mod join_links;
mod lab;
mod links;
mod links_page;
mod media;
mod pair;
mod pair_report;
mod plot;
mod reach;
mod relay;
mod roam;
mod score;
mod shares;
mod table;
mod usage;
mod visit;
mod voice;
mod voice_near;
mod voice_table;
mod window;
mod wire;

pub use call::{CallArguments, call, score_again};
pub use join::{JoinArguments, join};
pub use links::{LinksArguments, links};
pub use relay::{RelayArguments, relay};
pub use roam::{RoamArguments, roam};
pub use voice::{VoiceArguments, voice};
pub use window::{WindowArguments, window};
pub use wire::{WireArguments, wire};
