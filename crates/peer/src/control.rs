//! The control channel: reliable, ordered, known to both sides beforehand (RFC 8832 needs no opening message then).
//!
//! **Who speaks first.** The library (0.21.1) loses what arrives in one burst with the end of the SCTP handshake, and the
//! channel with it: the side that began the handshake, the client of DTLS, makes its channel only after the burst. So that
//! side speaks first, with an empty message, and the other does not count the channel as open before it hears anything.

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
        // Until when the other side's first word is waited for.
        let mut patience = None;
        loop {
            let mut next = pin!(self.channel.poll());
            let event = loop {
                tokio::select! {
                    event = &mut next => break event,
                    () = sleep_until(patience.unwrap_or_else(Instant::now)), if patience.is_some() => {
                        patience = None;
                        self.opened().await?;
                    }
                }
            };
            match event {
                Some(DataChannelEvent::OnOpen) => {
                    self.handshake.opened();
                    if self.is_client.load(Ordering::Acquire) {
                        // An error says that it is closing: the next event will, too.
                        let _ = self.channel.try_send(BytesMut::new()).await;
                        self.opened().await?;
                    } else {
                        patience = Some(Instant::now() + FIRST_WORD);
                    }
                }
                Some(DataChannelEvent::OnMessage(message)) => {
                    if patience.take().is_some() {
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

/// How long the first word may take before the channel counts as open without: other stacks say nothing first.
const FIRST_WORD: Duration = Duration::from_secs(1);
