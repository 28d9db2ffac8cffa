//! What came through streams and waits for the library to take it from one of its sockets.

use std::collections::VecDeque;
use std::io::IoSliceMut;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Waker};

use bytes::Bytes;
use webrtc::runtime::RecvMeta;

/// The way back into one socket.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// From whom, and what. DropOldest: the library takes them as they come, unless it is stuck.
    queue: VecDeque<(SocketAddr, Bytes)>,
    waker: Option<Waker>,
}

impl Inbox {
    pub(crate) fn push(&self, from: SocketAddr, datagram: Bytes) {
        let mut waiting = self.lock();
        if waiting.queue.len() >= CAPACITY {
            waiting.queue.pop_front();
        }
        waiting.queue.push_back((from, datagram));
        let waker = waiting.waker.take();
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Fills the first buffer with the next datagram. `false` if there is none; the task is then woken by the next.
    pub(crate) fn poll(&self, cx: &Context<'_>, bufs: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta]) -> bool {
        let mut waiting = self.lock();
        let (Some(buffer), Some(meta)) = (bufs.first_mut(), meta.first_mut()) else { return false };
        let Some((from, datagram)) = waiting.queue.pop_front() else {
            waiting.waker = Some(cx.waker().clone());
            return false;
        };
        // What the library could not take from a socket either comes as nothing.
        let length = if datagram.len() <= buffer.len() { datagram.len() } else { 0 };
        buffer[..length].copy_from_slice(&datagram[..length]);
        *meta = RecvMeta::default();
        (meta.addr, meta.len, meta.stride) = (from, length, length.max(1));
        true
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// As many as a socket of the system holds of full packets, about.
const CAPACITY: usize = 256;
