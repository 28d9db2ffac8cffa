//! A socket of the library's, from which the way to a relay may lead into a stream.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

use super::message::for_library;
use super::{Inbox, Relays, place};

#[derive(Debug)]
pub(crate) struct RelaySocket {
    inner: Arc<dyn AsyncUdpSocket>,
    relays: Arc<Relays>,
    inbox: Arc<Inbox>,
}

impl RelaySocket {
    pub(crate) fn new(inner: Arc<dyn AsyncUdpSocket>, relays: Arc<Relays>) -> Self {
        Self { inner, relays, inbox: Arc::default() }
    }
}

impl AsyncUdpSocket for RelaySocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let (to, contents) = (transmit.destination, transmit.contents);
        if is_of_relay(contents) {
            self.relays.used(Instant::now());
        }
        if place(to).is_some() {
            if let Some(link) = self.relays.link(to) {
                let size = transmit.segment_size.unwrap_or(contents.len()).max(1);
                contents.chunks(size).for_each(|datagram| link.send(&self.inbox, to, datagram));
            }
            return Poll::Ready(Ok(contents.len()));
        }
        if !self.relays.may_send_to(to) {
            // To the library it is one that got lost.
            return Poll::Ready(Ok(contents.len()));
        }
        self.inner.poll_send(cx, transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        if self.inbox.poll(cx, bufs, meta) {
            return Poll::Ready(Ok(1));
        }
        let received = self.inner.poll_recv(cx, bufs, meta);
        if let Poll::Ready(Ok(count)) = &received {
            for (buffer, meta) in bufs.iter_mut().zip(meta.iter_mut()).take(*count) {
                if place(meta.addr).is_some() {
                    // The addresses that we made up are nobody's: whoever sends from one wants to pass for a relay.
                    (meta.len, meta.stride) = (0, 1);
                    continue;
                }
                let datagram = buffer.get(..meta.len.min(meta.stride)).unwrap_or_default();
                if is_of_relay(datagram) {
                    self.relays.used(Instant::now());
                }
                if datagram.first().is_some_and(|first| *first < 4) {
                    self.relays.on_datagram(Instant::now(), meta.addr, datagram);
                }
                if let Some((length, stride)) = unwrap(buffer.get_mut(..meta.len).unwrap_or_default(), meta.stride) {
                    (meta.len, meta.stride) = (length, stride);
                }
            }
        }
        received
    }

    fn max_gso_segments(&self) -> usize {
        self.inner.max_gso_segments()
    }

    fn max_gro_segments(&self) -> usize {
        self.inner.max_gro_segments()
    }
}

/// Takes what a relay passed on out of datagrams that were received as one, each `stride` bytes long but the last: they then
/// stand at the beginning. How long all of it is, and each; `None` where they are not all of that kind and of one length.
fn unwrap(datagrams: &mut [u8], stride: usize) -> Option<(usize, usize)> {
    let mut length = None;
    let mut end = 0;
    let mut is_last = false;
    for datagram in datagrams.chunks(stride.max(1)) {
        let one = for_library(datagram)?.len();
        let all = *length.get_or_insert(one);
        if is_last || one > all {
            return None;
        }
        is_last = one < all;
    }
    for start in (0..datagrams.len()).step_by(stride.max(1)) {
        let whole = start..datagrams.len().min(start + stride.max(1));
        let range = for_library(&datagrams[whole])?;
        datagrams.copy_within(start + range.start..start + range.end, end);
        end += range.len();
    }
    Some((end, length?))
}

/// Whether a datagram is one that only relays know, by its first bytes: ChannelData, or a STUN message other than a check. A
/// wrong guess costs nothing but some rounds of a loop.
fn is_of_relay(datagram: &[u8]) -> bool {
    match datagram {
        [0x40..=0x4f, ..] => true,
        [first, second, ..] => *first < 4 && (*first & 0x3e, second & 0xef) != (0, 1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_received_as_one_is_unwrapped_as_one() {
        let channel = |content: &[u8]| [&[0x40, 1, 0, content.len() as u8][..], content].concat();
        let unwrapped = |parts: &[Vec<u8>]| {
            let mut datagrams = parts.concat();
            let of = unwrap(&mut datagrams, parts[0].len());
            of.map(|(length, stride)| (datagrams[..length].to_vec(), stride))
        };
        let media = |number, bytes| vec![0x80_u8 + number; bytes];
        let parts = [channel(&media(1, 90)), channel(&media(2, 90)), channel(&media(3, 50))];
        assert_eq!(unwrapped(&parts), Some(([media(1, 90), media(2, 90), media(3, 50)].concat(), 90)));
        assert_eq!(unwrapped(&parts[..1]), Some((media(1, 90), 90)));
        assert_eq!(unwrapped(&[channel(&media(1, 90)), channel(&[0; 90])]), None, "a check among them");
        assert_eq!(unwrapped(&[media(1, 90), media(1, 90)]), None, "they came straight");
        assert_eq!(unwrap(&mut [], 0), None);
    }

    #[test]
    fn what_only_relays_know_is_told_from_checks_and_media() {
        // Allocate, its answers, CreatePermission, ChannelBind, Send, Data, a channel.
        for first in [[0, 3], [1, 3], [1, 0x13], [0, 8], [0, 9], [0, 0x16], [0, 0x17], [0x40, 0]] {
            assert!(is_of_relay(&[&first[..], &[0; 30]].concat()), "{first:?}");
        }
        // A check, its two answers, an indication that keeps a path open; DTLS, RTP.
        for first in [[0, 1], [1, 1], [1, 0x11], [0, 0x11], [22, 254], [0x80, 111]] {
            assert!(!is_of_relay(&[&first[..], &[0; 30]].concat()), "{first:?}");
        }
        assert!(!is_of_relay(&[]) && !is_of_relay(&[0]));
    }
}
