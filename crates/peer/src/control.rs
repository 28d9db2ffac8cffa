//! The control channel: reliable, ordered, known to both sides beforehand (RFC 8832 needs no opening message then).
//!
//! **Who speaks first.** The library (0.21.1) loses what arrives in one burst with the end of the SCTP handshake, and the
//! channel with it: the side that began the handshake, the client of DTLS, makes its channel only after the burst. So that
//! side speaks first, with an empty message, and the other does not count the channel as open before it hears anything, or has
//! waited for longer than the path usually holds it back. Where the end of the handshake is lost, what was said meanwhile
//! waits for it, comes in that burst, and is lost although SCTP acknowledged it: so when the first word comes after all, the
//! channel is said to have opened once more, and everything is said again. (One call in three on a link of 30 kbps that loses a
//! fifth stayed without the word that it was admitted.)

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use rtc::data_channel::RTCDataChannelInit;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use webrtc::data_channel::{DataChannel, DataChannelEvent};

use crate::PeerEvent;
use crate::repeater::Handshake;
use crate::session_description::MAX_CONTROL_MESSAGE;

/// The stream that both sides know to be the control channel.
const STREAM: u16 = 0;
/// Its name, for who looks at a trace.
pub(crate) const LABEL: &str = "control";
/// What may wait to be sent: far more than control messages ever are, far less than hurts.
pub(crate) const SEND_BUFFER: usize = 256 * 1024;

/// Reliable and ordered, as is the default; the id is agreed on.
pub(crate) fn options() -> RTCDataChannelInit {
    RTCDataChannelInit { negotiated: Some(STREAM), ..RTCDataChannelInit::default() }
}

/// What [`receive`] works with.
pub(crate) struct Receiver {
    pub(crate) channel: Arc<dyn DataChannel>,
    pub(crate) events: mpsc::Sender<PeerEvent>,
    /// Whether something may be sent.
    pub(crate) open: Arc<AtomicBool>,
    /// Whether we are the client of DTLS; known before the channel opens.
    pub(crate) is_client: Arc<AtomicBool>,
    pub(crate) handshake: Arc<Handshake>,
}

/// The owner takes no more events.
struct Gone;

impl Receiver {
    /// Hands messages on until the channel closes. Messages wait for the owner, so that the other side's sender waits too.
    pub(crate) async fn run(self) {
        // Err: nobody is there who could be told that it closed.
        if self.receive().await.is_ok() && self.open.swap(false, Ordering::AcqRel) {
            let _ = self.events.send(PeerEvent::ControlClosed).await;
        }
    }

    async fn receive(&self) -> Result<(), Gone> {
        let mut opening = Opening::default();
        loop {
            let mut next = pin!(self.channel.poll());
            let event = loop {
                tokio::select! {
                    event = &mut next => break event,
                    () = sleep_until(opening.until.unwrap_or_else(Instant::now)), if opening.until.is_some() => {
                        opening.waited();
                        self.opened().await?;
                    }
                }
            };
            match event {
                Some(DataChannelEvent::OnOpen) => {
                    self.handshake.opened();
                    let is_client = self.is_client.load(Ordering::Acquire);
                    if is_client {
                        // An error says that it is closing: the next event will, too.
                        let _ = self.channel.try_send(BytesMut::new()).await;
                    }
                    if opening.opened(Instant::now(), is_client, self.handshake.took()) {
                        self.opened().await?;
                    }
                }
                Some(DataChannelEvent::OnMessage(message)) => {
                    if opening.heard() {
                        self.opened().await?;
                    }
                    // Before the queue, which would hold hundreds of them.
                    if message.data.len() > MAX_CONTROL_MESSAGE {
                        tracing::debug!(bytes = message.data.len(), "a control message that is too large was dropped");
                    } else if !message.data.is_empty() {
                        self.tell(PeerEvent::Control(message.data.to_vec())).await?;
                    }
                }
                Some(DataChannelEvent::OnClose) | None => return Ok(()),
                Some(_) => {}
            }
        }
    }

    async fn opened(&self) -> Result<(), Gone> {
        self.open.store(true, Ordering::Release);
        self.tell(PeerEvent::ControlOpened).await
    }

    async fn tell(&self, event: PeerEvent) -> Result<(), Gone> {
        self.events.send(event).await.map_err(|_| {
            self.open.store(false, Ordering::Release);
            Gone
        })
    }
}

/// When the channel counts as open.
#[derive(Debug, Default)]
struct Opening {
    /// Until when the other side's first word is waited for.
    until: Option<Instant>,
    /// It came to nothing, and the channel counts as open: nobody knows whether the other side hears us.
    is_guess: bool,
}

impl Opening {
    /// SCTP is there, after both handshakes took so long. Whether the channel counts as open at once.
    fn opened(&mut self, now: Instant, is_client: bool, handshakes: Duration) -> bool {
        self.until = (!is_client).then(|| now + (handshakes * HANDSHAKES).clamp(FIRST_WORD, LONGEST_FIRST_WORD));
        is_client
    }

    /// The first word was waited for long enough.
    fn waited(&mut self) {
        (self.until, self.is_guess) = (None, true);
    }

    /// The other side said something. Whether that tells that the channel is open.
    fn heard(&mut self) -> bool {
        self.until.take().is_some() | std::mem::take(&mut self.is_guess)
    }
}

/// How long the first word may take before the channel counts as open without: other stacks say nothing first.
const FIRST_WORD: Duration = Duration::from_secs(1);
/// Where the handshakes were slow, packets wait or are lost, and the end of theirs and the word after it may be so as well …
const HANDSHAKES: u32 = 2;
/// … but what is lost is sent again within seconds.
const LONGEST_FIRST_WORD: Duration = Duration::from_secs(6);

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(80);

    fn waits(handshakes: Duration) -> Duration {
        let (mut opening, now) = (Opening::default(), Instant::now());
        assert!(!opening.opened(now, false, handshakes));
        opening.until.expect("it waits").duration_since(now)
    }

    #[test]
    fn the_first_word_is_waited_for_longer_where_the_handshakes_were_slow() {
        let waits = [0, 80, 1_300, 20_000].map(|millis| waits(Duration::from_millis(millis)).as_millis());
        assert_eq!(waits, [1_000, 1_000, 2_600, 6_000]);
    }

    #[test]
    fn who_began_the_handshake_waits_for_nobody() {
        let mut opening = Opening::default();
        assert!(opening.opened(Instant::now(), true, QUICK));
        assert!(opening.until.is_none() && !opening.heard());
    }

    #[test]
    fn a_first_word_that_came_too_late_opens_once_more_and_further_words_do_not() {
        let mut opening = Opening::default();
        opening.opened(Instant::now(), false, QUICK);
        assert!(opening.heard() && !opening.heard(), "in time");
        opening.opened(Instant::now(), false, QUICK);
        opening.waited();
        assert!(opening.heard() && !opening.heard(), "too late");
    }
}
