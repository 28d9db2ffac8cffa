//! TCP connections, by whichever of a host's addresses stands first, set up for little and lossy traffic.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::Uri;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};

use crate::connector::{BoxError, Path, host};
use crate::fault::NameFault;
use crate::race::{Pace, race};

/// The first of several TCP connections to a host that stands.
pub(crate) async fn tcp(to: &Uri) -> Result<Path, BoxError> {
    let port = to.port_u16().unwrap_or(if to.scheme_str() == Some("http") { 80 } else { 443 });
    let addresses = in_turn(lookup_host((host(to)?, port)).await.map_err(NameFault)?.collect());
    let pace = Pace { least: u32::try_from(addresses.len())?, ..SYNS };
    let of = |number: u32| addresses.get(number as usize % addresses.len().max(1)).copied();
    let stream = race(pace, |number| async move {
        let address = of(number).ok_or(io::ErrorKind::NotFound)?;
        TcpStream::connect(address).await
    })
    .await?;
    set_up(&stream);
    Ok(Box::new(stream))
}

/// One of each family by turns, as RFC 8305 (section 4) has it, in the system's order: a family that leads nowhere holds
/// nothing up.
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|one| one.is_ipv6() == first_is_v6);
    let mut second = second.into_iter();
    let mut all: Vec<_> = first.into_iter().flat_map(|one| [Some(one), second.next()]).flatten().collect();
    all.extend(second);
    all
}

/// None of this is needed to speak: what a system does not know is done without.
fn set_up(stream: &TcpStream) {
    stream.set_nodelay(true).ok();
    let socket = SockRef::from(stream);
    // What the system has taken cannot be dropped any more when it is too old.
    #[cfg(target_os = "linux")]
    socket.set_tcp_notsent_lowat(NOT_SENT).ok();
    #[cfg(target_os = "linux")]
    let _ = CONGESTION.iter().any(|name| socket.set_tcp_congestion(name).is_ok());
    let keepalive = TcpKeepalive::new().with_time(TCP_KEEPALIVE);
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "windows"))]
    let keepalive = keepalive.with_interval(TCP_KEEPALIVE);
    socket.set_tcp_keepalive(&keepalive).ok();
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_user_timeout(Some(USER_TIMEOUT)).ok();
        socket.set_tcp_thin_linear_timeouts(true).ok();
    }
}

/// A round trip within a country is over by then, and a packet of sixty bytes more costs nobody much; a system sends its second
/// one after a second. Six, in four seconds: where a fifth is lost, one of them and its answer arrive in 998 of 1,000.
const SYNS: Pace = Pace { first: Duration::from_millis(300), most: 6, least: 1 };
/// What nothing comes of is asked whether it still stands, so that no router forgets it.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);
/// Some packets: enough for a stream to be busy until the next are there.
#[cfg(target_os = "linux")]
const NOT_SENT: u32 = 16 * 1024;
/// What is relayed is paced before it comes here. A system that has BBR for all it sends would stop nearly all of it for a fifth of
/// a second every ten, to look how short the path is (ProbeRTT, draft-ietf-ccwg-bbr, section 5.3.4): a hole in the voice,
/// and to who looks at delays a link that has collapsed. CUBIC is every system's (RFC 9438) and may be barred to others than root
/// where it is not the usual one; Reno never is.
#[cfg(target_os = "linux")]
const CONGESTION: [&[u8]; 2] = [b"cubic", b"reno"];
/// What is sent and not acknowledged for so long is given up.
#[cfg(target_os = "linux")]
const USER_TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let all = |text: &str| text.split(' ').map(|one| one.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let given = all("[::1]:1 [::2]:1 192.0.2.1:1 192.0.2.2:1 192.0.2.3:1");
        assert_eq!(in_turn(given), all("[::1]:1 192.0.2.1:1 [::2]:1 192.0.2.2:1 192.0.2.3:1"));
        assert_eq!(in_turn(all("192.0.2.1:1 [::1]:1")), all("192.0.2.1:1 [::1]:1"));
        assert_eq!(in_turn(Vec::new()), []);
    }

    #[tokio::test]
    async fn a_connection_is_set_up_for_little_and_lossy_traffic() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        set_up(&stream);
        assert!(stream.nodelay().unwrap());
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        #[cfg(target_os = "linux")]
        {
            assert!(socket.tcp_thin_linear_timeouts().unwrap());
            let congestion = socket.tcp_congestion().unwrap();
            assert!(CONGESTION.iter().any(|name| congestion.starts_with(name)), "{congestion:?}");
        }
    }
}
