//! `cargo xtask bench server`: what the server carries, with ten thousand apps.

use anyhow::Result;

use super::server_bench::{ServerBenchArguments, measure};
use crate::workspace::Workspace;

/// Measures and writes the table that the bench of `server` prints.
pub fn server(workspace: &Workspace, arguments: &ServerBenchArguments) -> Result<()> {
    measure(workspace, arguments, ("signaling", "server.md"), &[], |table| page(table, arguments.seconds))
}

fn page(table: &str, seconds: u64) -> String {
    format!(
        "# What the server carries\n\nBy `cargo xtask bench server --seconds {seconds}`, built for release: the program, with its store on \
         the disk, and in another process 5,000 visits of\ntwo ends, each with an event stream by a TLS connection of its own in HTTP/2, as the apps have it, over the \
         loopback interface of one machine. Messages of\n1 KiB are sent by 64 further connections, each when it is due, whatever became of \
         those before; ten visits a second are made beside, so that\nthe disk has something to write. **The apps use the same processors \
         as the server:** a server with two cores to itself does better.\n\n{table}"
    )
}
