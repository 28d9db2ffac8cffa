//! Clients that come by TCP, or by TLS over TCP: where a hospital's firewall lets nothing else through.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::relay::{Client, Deframer, Transport};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};

use super::queue::Queue;
use super::{LARGEST, Relaying, canonical};
use crate::stun;

/// How long a stream may be silent that has no allocation.
const PATIENCE: Duration = Duration::from_secs(15);

impl Relaying {
    /// Serves one client until its stream ends, or has nothing more to be there for.
    pub(crate) async fn serve_stream(self: Arc<Self>, stream: impl AsyncRead + AsyncWrite + Send, from: SocketAddr) {
        let queue = Arc::new(Queue::default());
        let number = self.engine().add_stream(Arc::clone(&queue));
        let client = Client { transport: Transport::Stream(number), address: canonical(from) };
        // What is cut off here, by the server's end for instance, is cleaned up as well.
        let _seat = StreamSeat { relaying: Arc::clone(&self), client };
        let (reading, writing) = tokio::io::split(stream);
        tokio::select! {
            () = self.read(reading, client, &queue) => {}
            () = write(writing, &queue) => {}
            () = self.driver.closed() => {}
        }
    }

    async fn read(self: &Arc<Self>, mut stream: ReadHalf<impl AsyncRead + AsyncWrite>, client: Client, queue: &Queue) {
        let mut deframer = Deframer::default();
        let mut buffer = vec![0; LARGEST];
        loop {
            match tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => return,
                Ok(Ok(length)) => deframer.push(&buffer[..length]),
                Err(_) if self.engine().knows(client) => continue,
                Err(_) => return,
            }
            loop {
                match deframer.next_message() {
                    Ok(Some(message)) => match stun::reply_to(message, client.address) {
                        Some(reply) => queue.push(reply, false),
                        None => self.message(&mut self.engine(), client, message),
                    },
                    Ok(None) => break,
                    Err(_) => return,
                }
            }
        }
    }
}

/// Writes what waits, and says goodbye when nothing more comes.
async fn write(mut stream: WriteHalf<impl AsyncRead + AsyncWrite>, queue: &Queue) {
    while let Some(chunk) = queue.next_chunk().await {
        if stream.write_all(&chunk).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    stream.shutdown().await.ok();
}

/// A stream's place at the relay, until this is dropped.
struct StreamSeat {
    relaying: Arc<Relaying>,
    client: Client,
}

impl Drop for StreamSeat {
    fn drop(&mut self) {
        let mut engine = self.relaying.engine();
        engine.remove_stream(self.client);
        self.relaying.carry_out(&mut engine);
    }
}
