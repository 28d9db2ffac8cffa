//! `cargo xtask bench relay`: what the server's relay carries, over real sockets.

use anyhow::Result;

use super::server_bench::{ServerBenchArguments, measure};
use crate::workspace::Workspace;

/// What `bench relay` is told.
#[derive(Debug, clap::Args)]
pub struct RelayArguments {
    #[command(flatten)]
    all: ServerBenchArguments,
    /// How long the last row lasts, in seconds: whether memory stays.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(2..=1_000))]
    soak: u64,
}

/// Measures and writes the table that the bench of `server` prints.
pub fn relay(workspace: &Workspace, arguments: &RelayArguments) -> Result<()> {
    let soak = [arguments.soak.to_string()];
    measure(workspace, &arguments.all, ("relay", "relay.md"), &soak, |table| page(table, arguments))
}

fn page(table: &str, RelayArguments { all, soak }: &RelayArguments) -> String {
    format!(
        "# What the relay carries\n\nBy `cargo xtask bench relay --seconds {} --soak {soak}`, built for release: the server in one process \
         with 40 clients and their 40\npeers, on real sockets of the loopback interface of one machine, datagrams of 1,200 bytes by channels, \
         half of them each way, clients by\nTLS with TLS 1.3 on the port of the web. Cores are those that the server's threads used; clients and \
         peers used what was left. The quotas are raised:\nall 40 are of one endpoint and one visit, whose limits are 8 and 32, and each may \
         forward 20 Mbps in the place of 8.\n\nBars, of rows with 200 Mbps: forwarded with no more than 0.5 % lost, on no more than two cores; and of the \
         long row, memory that from the middle\nto the end grows by no more than 5 %.\n\n{table}\n\
         A row says *lost* of what was sent; the sender is not slowed by losses, as real ones are. Memory is the whole process's, clients and \
         peers\nincluded, at the begin, in the middle and at the end of the row.\n",
        all.seconds
    )
}
