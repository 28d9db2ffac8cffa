//! The control channel: reliable, ordered, known to both sides beforehand (RFC 8832 needs no opening message then).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rtc::data_channel::RTCDataChannelInit;
use tokio::sync::mpsc;
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

/// Hands messages on until the channel closes. Messages wait for the owner, so that the other side's sender waits too.
pub(crate) async fn receive(
    channel: Arc<dyn DataChannel>,
    events: mpsc::Sender<PeerEvent>,
    open: Arc<AtomicBool>,
    handshake: Arc<Handshake>,
) {
    let mut was_open = false;
    while let Some(event) = channel.poll().await {
        let told = match event {
            DataChannelEvent::OnOpen => {
                open.store(true, Ordering::Release);
                handshake.opened();
                was_open = true;
                events.send(PeerEvent::ControlOpened).await
            }
            // Before the queue, which would hold hundreds of them.
            DataChannelEvent::OnMessage(message) if message.data.len() > MAX_CONTROL_MESSAGE => {
                tracing::debug!(bytes = message.data.len(), "a control message that is too large was dropped");
                Ok(())
            }
            DataChannelEvent::OnMessage(message) => events.send(PeerEvent::Control(message.data.to_vec())).await,
            DataChannelEvent::OnClose => break,
            _ => Ok(()),
        };
        if told.is_err() {
            return;
        }
    }
    open.store(false, Ordering::Release);
    if was_open {
        let _ = events.send(PeerEvent::ControlClosed).await;
    }
}
