//! Fetches a small file that a network names: its proxy script.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::header::{ACCEPT, LOCATION};
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use crate::connector::Connector;
use crate::tls::network_config;

/// The file at this address, `http://` or `https://`, of at most `limit` bytes; without a proxy, and `None` whatever the
/// reason. What comes by `http://` may be anybody's.
pub async fn fetch_file(url: &str, limit: usize, patience: Duration) -> Option<Bytes> {
    let fetch = async {
        let mut at: Uri = url.parse().ok()?;
        for _ in 0..MOST_STEPS {
            match step(&at, limit).await? {
                Step::There(bytes) => return Some(bytes),
                Step::At(next) => at = next,
            }
        }
        None
    };
    timeout(patience, fetch).await.ok().flatten()
}

enum Step {
    There(Bytes),
    At(Uri),
}

async fn step(at: &Uri, limit: usize) -> Option<Step> {
    let mut tls = network_config().ok()?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let client = Client::builder(TokioExecutor::new()).build(Connector::for_files(&tls));
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = at.clone();
    request.headers_mut().insert(ACCEPT, "application/x-ns-proxy-autoconfig, */*".parse().ok()?);
    let answer = client.request(request).await.ok()?;
    if answer.status().is_redirection() {
        let next: Uri = answer.headers().get(LOCATION)?.to_str().ok()?.parse().ok()?;
        // To another path on the same host, or to a whole address.
        let mut parts = next.into_parts();
        parts.scheme = parts.scheme.or_else(|| at.scheme().cloned());
        parts.authority = parts.authority.or_else(|| at.authority().cloned());
        return Uri::from_parts(parts).ok().map(Step::At);
    }
    if !answer.status().is_success() {
        return None;
    }
    let body = Limited::new(answer.into_body(), limit).collect().await.ok()?;
    Some(Step::There(body.to_bytes()))
}

/// A name without its domain, and http to https: more is a circle.
const MOST_STEPS: u32 = 4;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    /// A server of these paths and answers, one connection for each.
    async fn server(answers: &'static [(&'static str, &'static str)]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { break };
                    asked.push(byte);
                }
                let asked = String::from_utf8(asked).unwrap();
                let path = asked.split(' ').nth(1).unwrap_or_default();
                let answer = answers.iter().find(|(of, _)| *of == path).map_or("HTTP/1.1 404 No\r\n\r\n", |(_, a)| a);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn a_file_is_fetched_by_where_it_has_gone_to_and_within_its_limit() {
        let base = server(&[
            ("/proxy.pac", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nscript"),
            ("/old", "HTTP/1.1 301 Gone\r\nLocation: /proxy.pac\r\nContent-Length: 0\r\n\r\n"),
            ("/circle", "HTTP/1.1 302 Gone\r\nLocation: /circle\r\nContent-Length: 0\r\n\r\n"),
            ("/endless", "HTTP/1.1 200 OK\r\n\r\n"),
        ])
        .await;
        let fetch = async |path: &str, limit| fetch_file(&format!("{base}{path}"), limit, PATIENCE).await;
        assert_eq!(fetch("/proxy.pac", 6).await.as_deref(), Some(&b"script"[..]));
        assert_eq!(fetch("/old", 6).await.as_deref(), Some(&b"script"[..]));
        assert_eq!(fetch("/proxy.pac", 5).await, None, "larger than its limit");
        assert_eq!(fetch("/circle", 6).await, None);
        assert_eq!(fetch("/nothing", 6).await, None);
        assert_eq!(fetch_file("nonsense", 6, PATIENCE).await, None);
        assert_eq!(fetch_file("ftp://127.0.0.1/a", 6, PATIENCE).await, None);
    }
}
