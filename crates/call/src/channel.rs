//! Sealed boxes in order and once: the channel to one bundle, and what is held until the boxes before it have come.
//!
//! The server keeps order and delivers at least once, but what waits in it is in memory only: after its restart boxes
//! that it had taken are gone. The receiver sees that as a gap, in numbers that are authenticated inside the box; what
//! stands on the envelope is never believed. What is missing is asked for again, and if that brings nothing, the sender
//! begins a new epoch and says anew what still matters.

use std::time::Duration;

use signaling_protocol::{Base64, EndpointId, Envelope, MessageId, Role, SCHEME_SEALED};
use trust::{
    BundleId, CheckError, CheckMessage, InnerMessage, OpenError, Opened, PeerBundle, PeerFacts, SealError, SealedBox,
    SealedChannel, SpokenCheck,
};
use units::Timestamp;

use crate::{Check, Refusal};

/// All that was said, sealed, between our bundle and one other, and the spoken check over it. It lives as long as our
/// bundle, whatever the server says of the endpoint: another channel for the same two would take old boxes again.
#[derive(Debug)]
pub(crate) struct Channel {
    id: BundleId,
    role: Role,
    sealed: SealedChannel,
    /// Authentic or not, nobody can tell before the boxes that are missing have come.
    held: Vec<Base64>,
    gap: Option<Gap>,
    suspicion: Option<(Timestamp, Refusal)>,
    dropped: u32,
    check: Option<SpokenCheck>,
    /// Digits are on their way.
    is_checking: bool,
    /// What was compared, or on its way to be, does not count any more.
    check_lost: bool,
}

#[derive(Debug, Clone, Copy)]
struct Gap {
    since: Timestamp,
    /// It was asked for again.
    asked: bool,
}

/// What a box brought.
#[derive(Debug)]
pub(crate) enum Taken {
    /// A message, in this epoch of the sender's.
    Message { message: InnerMessage, epoch: u32 },
    /// They miss these.
    SendAgain(Vec<SealedBox>),
    /// They miss what is not kept any more.
    BeginAnew,
    /// It is not taken.
    Refused(OpenError),
}

/// What is to be done about boxes that do not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Ask for them.
    AskAgain,
    /// Asking brought nothing: have everything said anew, if it is needed.
    SayAnew,
}

impl Channel {
    /// A channel over which nothing was said; `role` is ours.
    pub(crate) fn new(role: Role, sealed: SealedChannel) -> Self {
        let id = sealed.peer().id();
        Self {
            id,
            role,
            sealed,
            held: Vec::new(),
            gap: None,
            suspicion: None,
            dropped: 0,
            check: None,
            is_checking: false,
            check_lost: false,
        }
    }

    // What changes it.

    /// The other side is met again, by another name perhaps: what was under way to it may be lost.
    pub(crate) fn meet_again(&mut self, random: [u8; 32]) {
        self.sealed.begin_epoch(random);
        self.held.clear();
        (self.gap, self.suspicion) = (None, None);
    }

    /// What was said before does not count any more. `random` was drawn for this.
    pub(crate) fn begin_epoch(&mut self, random: [u8; 32]) {
        self.sealed.begin_epoch(random);
    }

    /// Seals a message.
    pub(crate) fn say(&mut self, message: &InnerMessage) -> Result<SealedBox, SealError> {
        let sealed = self.sealed.seal(message);
        self.settle_check();
        sealed
    }

    /// Asks for the boxes that are missing.
    pub(crate) fn ask_again(&mut self) -> Result<SealedBox, SealError> {
        self.sealed.ask_again()
    }

    /// A box came; what is to be read now, in order. Empty if it must wait for another.
    pub(crate) fn take(&mut self, now: Timestamp, bytes: Base64) -> Vec<Taken> {
        let mut taken = Vec::new();
        let mut proved = false;
        if !self.held.contains(&bytes) {
            if self.held.len() >= MOST_HELD {
                self.held.remove(0);
            }
            self.held.push(bytes);
        }
        let mut next = 0;
        while next < self.held.len() {
            let result = match self.sealed.open(self.held[next].as_ref()) {
                Err(OpenError::Gap { .. }) => {
                    next += 1;
                    continue;
                }
                result => result,
            };
            self.held.remove(next);
            if result.as_ref().map_or_else(OpenError::is_authentic, |_| true) {
                // The numbers moved: one that was too early may be next.
                (proved, next) = (true, 0);
            }
            match result {
                Ok(Opened::Message { epoch, message }) => taken.push(Taken::Message { message, epoch }),
                Ok(Opened::SendAgain(boxes)) => taken.push(Taken::SendAgain(boxes)),
                Ok(Opened::BeginAnew) => taken.push(Taken::BeginAnew),
                Ok(Opened::Unknown) => {}
                Err(error) => {
                    self.dropped = self.dropped.saturating_add(1);
                    taken.push(Taken::Refused(error));
                }
            }
        }
        if proved {
            self.suspicion = None;
            self.settle_check();
        }
        self.gap = match self.gap {
            _ if self.held.is_empty() => None,
            Some(gap) if !proved => Some(gap),
            // What was asked for and is still missing is not asked for again, or two could ask each other for ever.
            before => Some(Gap { since: now, asked: before.is_some_and(|gap| gap.asked) }),
        };
        taken
    }

    /// Whether something is missing for so long that something is to be done; says so once a while.
    pub(crate) fn has_lost(&mut self, now: Timestamp) -> Option<Lost> {
        let gap = self.gap.as_mut().filter(|gap| now.since(gap.since) >= GAP_PATIENCE)?;
        if !std::mem::replace(&mut gap.asked, true) {
            gap.since = now;
            return Some(Lost::AskAgain);
        }
        // What was held is said anew if it was true. If the server made it up, it is not to be waited for again.
        self.held.clear();
        self.gap = None;
        Some(Lost::SayAnew)
    }

    /// Somebody made up what came, perhaps; it may have been the server. If nothing authentic comes, that is the reason
    /// why nothing does.
    pub(crate) fn suspect(&mut self, now: Timestamp, refusal: Refusal) {
        self.suspicion.get_or_insert((now, refusal));
    }

    /// It was acted upon.
    pub(crate) fn settle_suspicion(&mut self) {
        self.suspicion = None;
    }

    /// Counts what came and is not even looked at.
    pub(crate) fn drop_one(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    // The spoken check.

    /// Our person wants to compare; a run that did not end is given up.
    pub(crate) fn start_check(&mut self, nonce: [u8; 32]) -> Result<CheckMessage, CheckError> {
        let check = self.check.as_mut().ok_or(CheckError::OutOfTurn)?;
        if check.digits().is_some() {
            return Err(CheckError::OutOfTurn);
        }
        check.stop();
        let message = check.start(nonce);
        (self.is_checking, self.check_lost) = (message.is_ok(), message.is_err());
        message
    }

    /// They said something of a check.
    pub(crate) fn on_check(
        &mut self,
        message: &CheckMessage,
        nonce: [u8; 32],
    ) -> Result<Option<CheckMessage>, CheckError> {
        let answer = self.check.as_mut().ok_or(CheckError::OutOfTurn)?.handle(message, nonce);
        match answer {
            Ok(_) => (self.is_checking, self.check_lost) = (true, false),
            Err(_) => (self.is_checking, self.check_lost) = (false, true),
        }
        answer
    }

    /// Our person has compared.
    pub(crate) fn person_says(&mut self, same: bool) -> Result<Option<CheckMessage>, CheckError> {
        let said = self.check.as_mut().ok_or(CheckError::OutOfTurn)?.person_says(same)?;
        self.is_checking = false;
        Ok(said)
    }

    /// What was on its way is lost with the connection that it went over.
    pub(crate) fn stop_check(&mut self) {
        self.check_lost |= self.check.as_mut().is_some_and(SpokenCheck::stop);
        self.is_checking = false;
    }

    // What asks it.

    pub(crate) fn id(&self) -> BundleId {
        self.id
    }

    pub(crate) fn peer(&self) -> &PeerBundle {
        self.sealed.peer()
    }

    pub(crate) fn facts(&self) -> Option<&PeerFacts> {
        self.sealed.peer_facts()
    }

    /// What both ends say of this connection to the audit log; none before both certificates were announced.
    pub(crate) fn receipt_fingerprints(&self) -> Option<[u8; 32]> {
        self.sealed.receipt_fingerprints()
    }

    /// Boxes that were not taken.
    pub(crate) fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Where the comparison of digits stands.
    pub(crate) fn check(&self) -> Check {
        match self.check.as_ref().and_then(SpokenCheck::digits) {
            Some(digits) => Check::Shown(digits),
            None if self.is_checking => Check::Asked,
            None if self.is_compared() => Check::Same,
            None if self.check_lost => Check::Lost,
            None => Check::None,
        }
    }

    pub(crate) fn is_compared(&self) -> bool {
        self.check.as_ref().is_some_and(SpokenCheck::is_compared)
    }

    /// When to ask [`has_lost`](Self::has_lost).
    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        self.gap.map(|gap| gap.since + GAP_PATIENCE)
    }

    /// When a suspicion has lasted long enough to be a refusal, and which.
    pub(crate) fn suspicion(&self) -> Option<(Timestamp, Refusal)> {
        self.suspicion.map(|(since, refusal)| (since + SUSPICION_PATIENCE, refusal))
    }

    // Helpers.

    /// Whatever both must agree on may have changed: what was compared was something else then.
    fn settle_check(&mut self) {
        let Some(transcript) = self.sealed.transcript() else { return };
        match &mut self.check {
            Some(check) => {
                if check.set_transcript(transcript) {
                    (self.is_checking, self.check_lost) = (false, true);
                }
            }
            None => self.check = Some(SpokenCheck::new(self.role, transcript)),
        }
    }
}

/// The envelope of a box. Its numbers are for the server's books; who opens it reads those inside.
pub(crate) fn envelope(id: MessageId, to: EndpointId, sealed: SealedBox) -> Envelope {
    Envelope {
        id,
        to,
        from: None,
        seq: sealed.seq,
        epoch: sealed.epoch,
        scheme: SCHEME_SEALED,
        ttl_ms: TTL.as_millis() as u32,
        sealed: Base64(sealed.bytes),
    }
}

/// How long a box is worth delivering. Half a minute: whoever comes back later than that needs a new offer, because the
/// addresses in the old one are gone.
const TTL: Duration = Duration::from_secs(30);
/// A gap is filled within a round trip if the box is only late; two seconds are one on a very bad link.
const GAP_PATIENCE: Duration = Duration::from_secs(2);
/// How long an honest box may take to follow one that is none: a new epoch after a lost one, on a very bad link.
const SUSPICION_PATIENCE: Duration = Duration::from_secs(10);
/// More than a whole negotiation; bounds what a hostile server can make us keep.
const MOST_HELD: usize = 64;

#[cfg(test)]
mod tests;
