//! The check that begins by itself when a patient opens a link, so that they read before the visit what their network will not carry.
//!
//! It hurts nobody: it waits until the window stands, asks one thing after another and the clinic's server alone, fills no link (a
//! rate is taken from a few kilobytes, and once in a network), and ends the moment that the person joins.

use std::time::Duration;

use ::doctor::{Checked, Fault, Findings, LinkState, Outcome, Packets, Rate, Relay, Rung, Trial, judge};
use signaling_client::SignalingClient;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use trust::Link;
use units::Clock;

use super::rungs::{Asks, Server};
use super::{Clinic, count_packets, findings_of, link};
use crate::network;
use crate::pictures::Repaint;

/// A check that goes on in the background until the person joins.
#[derive(Debug, Clone)]
pub(crate) struct QuietCheck {
    checked: watch::Receiver<Option<Checked>>,
    relay_only: watch::Sender<bool>,
}

impl QuietCheck {
    /// Begins, within the runtime; over when `joining` becomes true, or nobody can say so any more.
    pub(crate) fn begin(
        client: SignalingClient,
        link: Link,
        relay_only: bool,
        joining: watch::Receiver<bool>,
        (clock, repaint): (Clock, Repaint),
    ) -> Self {
        let (told, checked) = watch::channel(None);
        let (relay_only, wanted) = watch::channel(relay_only);
        let checker = Checker { client, link, relay_only: wanted, told, clock, repaint };
        tokio::spawn(checker.run(joining));
        Self { checked, relay_only }
    }

    /// What it came to last; nothing while that is not known.
    pub(crate) fn checked(&self) -> Option<Checked> {
        self.checked.borrow().clone()
    }

    /// Whether relays alone are to be used: then it is checked again, and other things count.
    pub(crate) fn hide_address(&self, relay_only: bool) {
        self.relay_only.send_if_modified(|hidden| std::mem::replace(hidden, relay_only) != relay_only);
    }
}

struct Checker {
    client: SignalingClient,
    link: Link,
    relay_only: watch::Receiver<bool>,
    told: watch::Sender<Option<Checked>>,
    clock: Clock,
    repaint: Repaint,
}

/// What is asked once in a network.
struct Known {
    link: LinkState,
    relay: Relay,
    rate: Rate,
    packets: Option<Packets>,
}

impl Checker {
    async fn run(mut self, mut joining: watch::Receiver<bool>) {
        let joined = async { drop(joining.wait_for(|joins| *joins).await) };
        tokio::select! {
            () = joined => {}
            () = self.keep_looking() => {}
        }
    }

    async fn keep_looking(&mut self) {
        sleep(FIRST).await;
        let mut news = network::watch(self.clock);
        let (mut known, mut tries) = (None, 0);
        loop {
            let relay_only = *self.relay_only.borrow_and_update();
            let look = timeout(AT_MOST, look(&self.client, &self.link, relay_only, &mut known));
            let found = tokio::select! {
                found = look => found.ok(),
                Ok(()) = self.relay_only.changed() => continue,
            };
            let checked = found.map(|found| Checked { verdict: judge(&found), port: found.port });
            let is_well = checked.as_ref().is_some_and(|checked| checked.verdict.before_joining().is_none());
            if checked.is_some() {
                self.tell(checked);
            }
            let pause = AGAIN[AGAIN.len().min(tries + 1) - 1];
            tokio::select! {
                // Somebody may have signed in to the network, or the clinic's server is back.
                () = sleep(pause), if !is_well => tries += 1,
                Some(_) = news.recv() => {
                    // Addresses come before their routes, and the driver makes the connections anew.
                    sleep(SETTLES).await;
                    while news.try_recv().is_ok() {}
                    (known, tries) = (None, 0);
                    self.tell(None);
                }
                Ok(()) = self.relay_only.changed() => {}
                else => return,
            }
        }
    }

    fn tell(&self, checked: Option<Checked>) {
        if self.told.send_if_modified(|told| std::mem::replace(told, checked.clone()) != checked) {
            (self.repaint)();
        }
    }
}

/// One look: first whether the server is reached, then whether media would be, then what the link carries.
async fn look(client: &SignalingClient, link: &Link, relay_only: bool, known: &mut Option<Known>) -> Findings {
    let mut findings = Findings { relay_only, ..findings_of(&link.server, client).await };
    let server = Server::new(client, &findings);
    let (trial, clock_ahead_secs) = link::reached(client, &server).await;
    (findings.trials, findings.clock_ahead_secs) = (vec![trial], clock_ahead_secs);
    if !findings.works(Rung::Https) {
        return findings;
    }
    if let Some(Known { link, relay, rate, packets }) = *known {
        (findings.link, findings.relay, findings.rate, findings.packets) = (link, relay, rate, packets);
        findings.trials.extend(try_media(&server, relay, relay_only).await);
        return findings;
    }
    let clinic = Clinic::Link(link.clone());
    // Of ways that were not tried nothing is said.
    findings.relay = Relay::Elsewhere;
    // Only an account can be refused here.
    let Ok(mut measuring) = link::Measuring::begin(&clinic, client).await else { return findings };
    findings.link = measuring.link();
    if !matches!(findings.link, LinkState::Unknown | LinkState::Good) {
        return findings;
    }
    findings.relay = measuring.relays().map_or(Relay::Unknown, |relays| match relays {
        [] => Relay::None,
        relays if server.is_among(relays) => Relay::There,
        _ => Relay::Elsewhere,
    });
    let trials = try_media(&server, findings.relay, relay_only).await;
    let is_none = |trial: &Trial| trial.outcome == Outcome::Fails { why: Fault::NoRelay };
    if findings.relay == Relay::Unknown && trials.iter().any(is_none) {
        // Who was not told cannot say whether there is none, or one on a machine of its own.
        findings.relay = Relay::Elsewhere;
    }
    findings.trials.extend(trials);
    findings.packets = count_packets(&findings, &|_| {}).await;
    findings.rate = measuring.rate_by_little().await;
    *known = Some(Known { link: findings.link, relay: findings.relay, rate: findings.rate, packets: findings.packets });
    findings
}

/// The ways of media, until it is known that one of them leads to the relay as it should.
async fn try_media(server: &Server, relay: Relay, relay_only: bool) -> Vec<Trial> {
    let asks = Asks { own_address: !relay_only, relay: matches!(relay, Relay::Unknown | Relay::There) };
    let (found, mut tried) = mpsc::unbounded_channel();
    let collect = async {
        let mut all: Vec<Trial> = Vec::new();
        while let Some(trial) = tried.recv().await {
            all.push(trial);
            let answered = |rung| all.iter().any(|trial| trial.rung == rung && trial.outcome.works());
            if answered(Rung::RelayUdp) && (relay_only || all.iter().any(|trial| trial.rung == Rung::Stun)) {
                break;
            }
        }
        all
    };
    let asking = async {
        server.try_quietly(asks, found).await;
        std::future::pending().await
    };
    tokio::select! {
        all = collect => all,
        all = asking => all,
    }
}

/// Opening devices, the keyring and the first pictures come before it.
const FIRST: Duration = Duration::from_millis(1_500);
/// One look, whatever happens.
const AT_MOST: Duration = Duration::from_secs(30);
/// After so long it is looked again while not all is well, the last of them again and again.
const AGAIN: [Duration; 3] = [Duration::from_secs(15), Duration::from_secs(30), Duration::from_secs(60)];
/// After a change of the network.
const SETTLES: Duration = Duration::from_secs(1);

#[cfg(test)]
#[path = "quiet/tests.rs"]
mod tests;
