//! Who chooses the encoder's settings: nobody, or the product's policy by what a sender hears of the link.

use std::collections::VecDeque;
use std::time::Duration;

use call::{VoiceLink, VoicePlan, VoicePolicy};
use congestion::{PacketReport, VoiceLosses};
use media::voice::VoiceSettings;
use units::{DataRate, Timestamp, VoiceRedundancy};

/// How the settings are chosen.
#[derive(Debug, Clone, Copy)]
pub(super) enum Choice {
    /// Once and for all.
    Single(VoiceSettings),
    /// By the policy, which may use so much on the wire.
    Policy { share: DataRate },
}

impl Choice {
    /// A single scheme that fills `wire`, its packets' headers counted.
    pub(super) fn single(wire: DataRate, packet_ms: u8, redundancy: VoiceRedundancy, expected_loss: f32) -> Self {
        let headers = DataRate::from_bps(super::way::HEADERS * 8 * 1_000 / u64::from(packet_ms));
        let rate = DataRate::from_bps(wire.saturating_sub(headers).as_bps() / 200 * 200);
        Self::Single(VoiceSettings { rate, packet_ms, redundancy, expected_loss })
    }
}

/// The settings of the moment.
#[derive(Debug)]
pub(super) struct Sender {
    settings: VoiceSettings,
    adaptive: Option<Adaptive>,
}

#[derive(Debug)]
struct Adaptive {
    policy: VoicePolicy,
    share: DataRate,
    losses: VoiceLosses,
    one_way: Duration,
    /// Packets of which the receiver may still tell.
    sent: VecDeque<Sent>,
    numbers: u64,
    next_report: Timestamp,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    number: u64,
    at: Timestamp,
    arrives: Option<Timestamp>,
}

impl Sender {
    pub(super) fn new(choice: &Choice, one_way: Duration) -> Self {
        match *choice {
            Choice::Single(settings) => Self { settings, adaptive: None },
            Choice::Policy { share } => {
                let policy = VoicePolicy::new();
                let settings = settings(policy.plan());
                let adaptive = Adaptive {
                    policy,
                    share,
                    losses: VoiceLosses::new(),
                    one_way,
                    sent: VecDeque::new(),
                    numbers: 0,
                    next_report: Timestamp::ZERO + REPORTS,
                };
                Self { settings, adaptive: Some(adaptive) }
            }
        }
    }

    pub(super) fn settings(&self) -> VoiceSettings {
        self.settings
    }

    /// A packet leaves. What becomes of it is the receiver's to report.
    pub(super) fn sent(&mut self, at: Timestamp, arrives: Option<Timestamp>) {
        let Some(adaptive) = &mut self.adaptive else { return };
        adaptive.numbers += 1;
        adaptive.losses.on_sent(at, adaptive.numbers);
        adaptive.sent.push_back(Sent { number: adaptive.numbers, at, arrives });
    }

    /// Hears the report that is due, if one is, and decides; whether the settings are other ones now.
    pub(super) fn look(&mut self, now: Timestamp) -> bool {
        let Some(adaptive) = &mut self.adaptive else { return false };
        if now < adaptive.next_report {
            return false;
        }
        adaptive.next_report += REPORTS;
        let plan = adaptive.decide(now);
        let before = std::mem::replace(&mut self.settings, settings(plan));
        before != self.settings
    }
}

impl Adaptive {
    fn decide(&mut self, now: Timestamp) -> VoicePlan {
        // The report left the receiver a way back ago, and tells of what had come until then.
        let written = now.before(self.one_way);
        while self.sent.front().is_some_and(|first| now.since(first.at) > REPORTED_FOR) {
            self.sent.pop_front();
        }
        let received = |sent: &Sent| sent.arrives.filter(|at| *at <= written);
        let newest = self.sent.iter().filter(|sent| received(sent).is_some()).map(|sent| sent.number).max();
        let reports: Vec<_> = self
            .sent
            .iter()
            .filter(|sent| newest.is_some_and(|newest| sent.number <= newest))
            .map(|sent| PacketReport { number: sent.number, received: received(sent) })
            .collect();
        self.losses.on_feedback(now, &reports);
        let link = VoiceLink {
            share: self.share,
            loss: self.losses.loss(),
            loss_follows_loss: self.losses.loss_follows_loss(),
            round_trip: Some(self.one_way * 2),
            takes_red: true,
            takes_dred: true,
        };
        self.policy.decide(now, &link)
    }
}

fn settings(plan: VoicePlan) -> VoiceSettings {
    let VoicePlan { rate, packet_ms, redundancy, expected_loss } = plan;
    VoiceSettings { rate, packet_ms, redundancy, expected_loss }
}

/// How often the receiver reports.
const REPORTS: Duration = Duration::from_millis(100);
/// A report repeats what earlier ones told of the last second: one that is lost costs nothing.
const REPORTED_FOR: Duration = Duration::from_secs(1);
