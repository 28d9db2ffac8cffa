//! `cargo xtask bench relay`: what the server's relay carries, over real sockets.

use anyhow::Result;

use super::server_bench::{ServerBenchArguments, measure};
use crate::workspace::Workspace;

/// Measures and writes the table that the bench of `server` prints.
pub fn relay(workspace: &Workspace, arguments: &ServerBenchArguments) -> Result<()> {
    measure(workspace, arguments, ("relay", "relay.md"), page)
}

fn page(table: &str, seconds: u64) -> String {
    format!(
        "# What the relay carries\n\nBy `cargo xtask bench relay`, built for release: the server in one process with 40 clients and their 40 \
         peers, on real sockets of\nthe loopback interface, {seconds} s a row, datagrams of 1,200 bytes by channels, half of them each way. \
         Cores are those that the server's\nthreads used; the clients and peers used what was left. Aimed at: 200 Mbps forwarded on two cores, \
         with flat memory.\n\n{table}\n\
         A row says *lost* of what was sent; the sender is not slowed by losses, as real ones are. Memory is the whole process's, at the \
         begin and\nthe end of the row.\n"
    )
}
