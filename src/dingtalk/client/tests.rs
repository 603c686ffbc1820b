//! Against servers that misbehave, on loopback. Their time-outs are bounds against hanging, never measurements.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::*;
use crate::clock::from_millis;

const CANARY: &str = "c4n4ryc4n4ryc4n4ryc4n4ryc4n4ry";
const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_secs(1);

/// A server on loopback that hands each connection to a function; it stops when dropped.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn start<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut handlers = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                handlers.spawn(handle(stream));
            }
        });
        Self { port, connections, _tasks: tasks }
    }

    /// Answers every request with these bytes.
    async fn answering(answer: String) -> Self {
        Self::start(move |mut stream| {
            let answer = answer.clone();
            async move {
                loop {
                    request(&mut stream).await?;
                    stream.write_all(answer.as_bytes()).await.ok()?;
                }
            }
        })
        .await
    }

    fn webhook(&self) -> Webhook {
        webhook("http", self.port)
    }
}

fn webhook(scheme: &str, port: u16) -> Webhook {
    Webhook::parse(&format!("{scheme}://127.0.0.1:{port}/robot/send?access_token={CANARY}"), false).unwrap()
}

fn client(timeout: Duration) -> Client {
    Client::new(&Settings { timeout, ca_file: None }).unwrap()
}

/// The head and the body of the next request.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let head = loop {
        bytes.push(stream.read_u8().await.ok()?);
        if bytes.ends_with(b"\r\n\r\n") {
            break String::from_utf8(bytes).ok()?;
        }
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

fn http(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

async fn post(client: &Client, webhook: &Webhook) -> Outcome {
    let secret = Secret::new("SECtest");
    let outcome =
        client.post(webhook, Some(&secret), Bytes::from_static(b"{\"x\":1}"), from_millis(1_700_000_000_000)).await;
    let shown = format!("{outcome:?} {} {client:?}", super::super::verdict(&outcome));
    assert!(!shown.contains(CANARY), "{shown}");
    outcome
}

fn answer(status: u16, body: &str) -> Outcome {
    Outcome::Answer { status, body: Bytes::copy_from_slice(body.as_bytes()) }
}

#[tokio::test]
async fn two_posts_use_one_connection() {
    let server = Server::answering(http("200 OK", OK)).await;
    let client = client(LONG);
    for _ in 0..2 {
        assert_eq!(post(&client.clone(), &server.webhook()).await, answer(200, OK));
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_request_is_whole_and_signed() {
    let (seen, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let seen = seen.clone();
        async move {
            seen.send(request(&mut stream).await?).ok()?;
            stream.write_all(http("200 OK", OK).as_bytes()).await.ok()
        }
    })
    .await;
    assert_eq!(post(&client(LONG), &server.webhook()).await, answer(200, OK));
    let (head, body) = requests.recv().await.unwrap();
    let head = head.replace(&server.port.to_string(), "PORT").replace(CANARY, "TOKEN").replace("\r\n", "\n");
    insta::assert_snapshot!(head.replace(env!("CARGO_PKG_VERSION"), "VERSION"), @r"
    POST /robot/send?access_token=TOKEN&timestamp=1700000000000&sign=aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g%3D HTTP/1.1
    content-type: application/json; charset=utf-8
    user-agent: dingbridge/VERSION
    host: 127.0.0.1:PORT
    content-length: 7
    ");
    assert_eq!(body, "{\"x\":1}");
}

#[tokio::test]
async fn the_deadline_covers_a_server_that_hangs() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await?;
        std::future::pending().await
    })
    .await;
    let outcome = post(&client(SHORT), &server.webhook()).await;
    assert_eq!(outcome, Outcome::Unknown(Failure::Timeout(SHORT)));
}

#[tokio::test]
async fn the_deadline_covers_a_body_that_trickles() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n").await.ok()?;
        loop {
            stream.write_all(b" ").await.ok()?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let outcome = post(&client(SHORT), &server.webhook()).await;
    assert_eq!(outcome, Outcome::Unknown(Failure::Timeout(SHORT)));
}

#[tokio::test]
async fn nothing_is_sent_when_the_time_is_over_before_tls_stands() {
    let server = Server::start(|stream| async move {
        let _open = stream;
        std::future::pending().await
    })
    .await;
    let outcome = post(&client(SHORT), &webhook("https", server.port)).await;
    assert_eq!(outcome, Outcome::NotSent(Failure::Timeout(SHORT)));
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_limit() {
    let most = "x".repeat(MAX_ANSWER);
    let server = Server::answering(http("200 OK", &most)).await;
    assert_eq!(post(&client(LONG), &server.webhook()).await, answer(200, &most));

    let server = Server::start(|mut stream| async move {
        request(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
        loop {
            stream.write_all(&[b'x'; 4096]).await.ok()?;
        }
    })
    .await;
    assert_eq!(post(&client(LONG), &server.webhook()).await, Outcome::Unknown(Failure::Oversized(MAX_ANSWER)));
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let elsewhere = Server::answering(http("200 OK", OK)).await;
    let location = format!("307 Temporary Redirect\r\nLocation: http://127.0.0.1:{}/", elsewhere.port);
    let server = Server::answering(http(&location, "")).await;
    assert_eq!(post(&client(LONG), &server.webhook()).await, answer(307, ""));
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_echo_of_the_token_is_masked() {
    let page = format!("<p>/robot/send?access_token={CANARY} was not found</p>");
    let server = Server::answering(http("404 Not Found", &page)).await;
    let masked = "<p>/robot/send?access_token=<secret> was not found</p>";
    assert_eq!(post(&client(LONG), &server.webhook()).await, answer(404, masked));
}

#[tokio::test]
async fn a_refused_connection_sends_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let outcome = post(&client(LONG), &webhook("http", port)).await;
    assert!(matches!(&outcome, Outcome::NotSent(Failure::Connect(why)) if why.contains("refused")), "{outcome:?}");
}

#[tokio::test]
async fn a_reset_after_the_request_leaves_it_unknown() {
    for partial in ["", "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"errcode\":0"] {
        let server = Server::start(move |mut stream| async move {
            request(&mut stream).await?;
            stream.write_all(partial.as_bytes()).await.ok()
        })
        .await;
        let outcome = post(&client(LONG), &server.webhook()).await;
        assert!(matches!(&outcome, Outcome::Unknown(Failure::Broken(_))), "{outcome:?}");
        assert_eq!(server.connections.load(Ordering::SeqCst), 1, "what may have arrived is not sent again");
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_nothing() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await?;
        stream.write_all(http("200 OK", OK).as_bytes()).await.ok()
    })
    .await;
    let client = client(LONG);
    for _ in 0..3 {
        assert_eq!(post(&client, &server.webhook()).await, answer(200, OK));
        // The close arrives when nobody waits for anything.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 3);
}

/// The timestamps of three posts to a server that tells `body` and 2023-11-15 00:13:20, two hours after "now".
async fn timestamps(body: &'static str) -> Vec<i64> {
    let (seen, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let seen = seen.clone();
        async move {
            loop {
                seen.send(request(&mut stream).await?.0).ok()?;
                let answer = http("200 OK\r\nDate: Wed, 15 Nov 2023 00:13:20 GMT", body);
                stream.write_all(answer.as_bytes()).await.ok()?;
            }
        }
    })
    .await;
    let client = client(LONG);
    let mut timestamps = Vec::new();
    for _ in 0..3 {
        assert_eq!(post(&client, &server.webhook()).await, answer(200, body));
        let head = requests.recv().await.unwrap();
        let (_, from) = head.split_once("&timestamp=").unwrap();
        timestamps.push(from.split_once('&').unwrap().0.parse().unwrap());
    }
    timestamps
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_by_the_date_of_an_answer() {
    let now = 1_700_000_000_000;
    for body in [OK, r#"{"errcode":310000,"errmsg":"invalid timestamp"}"#] {
        let timestamps = timestamps(body).await;
        assert_eq!(timestamps[0], now, "nothing is known yet");
        for later in &timestamps[1..] {
            let correction = later - now;
            // Half the time that a call took is in it, and a call has at most `LONG`.
            assert!((7_200_500 - 10_000..=7_200_500).contains(&correction), "{correction}");
        }
    }
    assert_eq!(timestamps("<html>not DingTalk's clock</html>").await, [now; 3]);
}

#[tokio::test]
async fn an_extra_authority_is_trusted_and_only_then() {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let tls = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let server = Server::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.ok()?;
            loop {
                request(&mut stream).await?;
                stream.write_all(http("200 OK", OK).as_bytes()).await.ok()?;
            }
        }
    })
    .await;
    let webhook = webhook("https", server.port);

    let outcome = post(&client(LONG), &webhook).await;
    assert!(matches!(&outcome, Outcome::NotSent(Failure::Connect(why)) if why.contains("certificate")), "{outcome:?}");

    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, certified.cert.pem()).unwrap();
    let trusting = Client::new(&Settings { timeout: LONG, ca_file: Some(ca_file) }).unwrap();
    for _ in 0..2 {
        assert_eq!(post(&trusting, &webhook).await, answer(200, OK));
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 2, "one refused, one kept");
}

#[test]
fn a_bad_file_of_authorities_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let error = || Client::new(&Settings { timeout: LONG, ca_file: Some(path.clone()) }).unwrap_err();
    assert!(matches!(error(), ClientError::Read { .. }));
    for content in ["", "-----BEGIN CERTIFICATE-----\nc4n4ry", "-----BEGIN c4n4ry\n", "c4n4ry"] {
        std::fs::write(&path, content).unwrap();
        let error = error();
        assert!(matches!(error, ClientError::NotPem { .. }), "{error}");
        assert!(!chain(&error).contains("c4n4ry"), "{error}");
    }
    std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    assert!(matches!(error(), ClientError::NotARoot { number: 1, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_client_can_dial_within_the_process() {
    let client = Client::dialling(LONG, || async {
        let (near, mut far) = tokio::io::duplex(4096);
        let mut server = JoinSet::new();
        server.spawn(async move {
            request(&mut far).await.unwrap();
            tokio::time::sleep(Duration::from_secs(10)).await;
            far.write_all(http("200 OK", OK).as_bytes()).await.unwrap();
        });
        server.detach_all();
        Ok(near)
    });
    assert_eq!(post(&client, &webhook("http", 1)).await, answer(200, OK));
}
