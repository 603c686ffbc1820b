//! What goes wrong before a robot is reached: no such host, nobody there, a certificate that is no longer valid, an
//! address that is banned.

use std::net::SocketAddr;
use std::sync::Arc;

use dingbridge::sandbox::{Fault, Sandbox, Settings};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::answers::{Metrics, body, send, told, until_metrics};
use crate::harness::{DingTalk, SECRET, Start, canary, until};

#[tokio::test]
async fn a_ban_of_the_address_stops_every_robot_of_that_host_and_no_other() {
    let bans = [
        Fault::Ban,
        body(200, r#"{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"f0"}"#),
        body(200, r#"{"status":"1111"}"#),
        body(403, r#"{"punish":"deny","wait":"7"}"#),
    ];
    // A host is a name and a port, so each ban has a stand-in of its own.
    let mut hosts = Vec::new();
    let mut config = String::from("targets:\n");
    for (number, fault) in bans.into_iter().enumerate() {
        let dingtalk = DingTalk::start(Settings::default(), &["banned", "same-host", "other-name"]).await;
        dingtalk.sandbox.order_for(&canary("banned"), fault);
        let by_name = format!("http://localhost:{}", dingtalk.address.port());
        let other = dingtalk.url("other-name").replace(&format!("http://{}", dingtalk.address), &by_name);
        for (name, url) in [("a", dingtalk.url("banned")), ("b", dingtalk.url("same-host")), ("c", other)] {
            config.push_str(&format!("  {name}{number}: {{url: '{url}', secret: {SECRET}}}\n"));
        }
        hosts.push(dingtalk);
    }
    let bridge = Start::new(config).ready().await;
    for number in 0..hosts.len() {
        send(&bridge, &format!("a{number}"), "First").await;
    }
    let names = |letter| (0..hosts.len()).map(move |number| format!("{letter}{number}"));
    until_metrics(&bridge, "every ban", |metrics| names('a').all(|name| metrics.is_paused(&name))).await;
    for name in names('b').chain(names('c')) {
        send(&bridge, &name, "First").await;
    }
    for (dingtalk, name) in hosts.iter().zip(names('a')) {
        dingtalk.until_shown(1).await;
        let line = told(&bridge, &name, "not delivered").await;
        assert!(line.contains("reason=banned") && line.contains("DingTalk bans the address"), "{line}");
    }
    // Also who did not meet the ban shows that it waits for its end.
    let paused = |metrics: &Metrics| names('b').all(|name| metrics.is_paused(&name));
    until_metrics(&bridge, "the other robots of the host to be paused", paused).await;
    for dingtalk in &hosts {
        let tokens: Vec<_> = dingtalk.sandbox.arrivals().into_iter().map(|arrival| arrival.token).collect();
        assert_eq!(tokens, [canary("banned"), canary("other-name")]);
    }
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_tried_until_it_does() {
    // Bound and not listening: connections are refused, and nobody else gets the port.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let address = socket.local_addr().expect("an address");
    let config = format!(
        "timeout: 1s\ntargets:\n  refused: {{url: 'http://{address}/robot/send?access_token=canary-refused'}}\n"
    );
    let bridge = Start::new(config).ready().await;
    send(&bridge, "refused", "First").await;
    let failed = |metrics: &Metrics| metrics.reason("notification_requests_failed_total", "refused", "retry") >= 1.0;
    until_metrics(&bridge, "a failure", failed).await;
    bridge.wait_for_log("reason=unreachable").await;
    assert!(bridge.log().contains("Check the host name, DNS, the way out"), "{}", bridge.log());
    let metrics = Metrics::of(&bridge).await;
    assert!(!metrics.is_paused("refused"));

    let listener = socket.listen(16).expect("listening");
    let sandbox = Sandbox::new(Settings::default());
    let serve = sandbox.clone().serve(listener, async {
        until("the message", || !sandbox.arrivals().is_empty()).await;
        until_metrics(&bridge, "its end", |metrics| metrics.get("notifications_total", "refused") == 1.0).await;
    });
    serve.await;
    assert_eq!(sandbox.arrivals().len(), 1);
}

#[tokio::test]
async fn a_host_that_has_no_address_is_tried_and_the_log_says_so() {
    let url = "https://robots.dingbridge.invalid/robot/send?access_token=canary-nowhere";
    let config = format!("timeout: 1s\ntargets:\n  nowhere: {{url: '{url}', secret: {SECRET}}}\n");
    let bridge = Start::new(config).ready().await;
    send(&bridge, "nowhere", "First").await;
    let failed = |metrics: &Metrics| metrics.reason("notification_requests_failed_total", "nowhere", "retry") >= 2.0;
    let metrics = until_metrics(&bridge, "two failures", failed).await;
    assert!(!metrics.is_paused("nowhere"));
    assert_eq!((metrics.get("notifications_total", "nowhere"), metrics.get("queue_length", "nowhere")), (0.0, 1.0));
    bridge.wait_for_log("Check the host name, DNS, the way out").await;
}

/// A stand-in for DingTalk over TLS, whose certificate can be exchanged.
struct Encrypted {
    sandbox: Sandbox,
    address: SocketAddr,
    authority: Issuer<'static, KeyPair>,
    acceptor: watch::Sender<TlsAcceptor>,
    /// What a bridge has to trust.
    pem: String,
    _tasks: JoinSet<()>,
}

impl Encrypted {
    /// Its certificate ended at the beginning of that year.
    async fn until_year(year: i32) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        let authority = Issuer::new(params, key);
        let (acceptor, accepting) = watch::channel(issue(&authority, year));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sandbox, mut tasks) = (Sandbox::new(Settings::default()), JoinSet::new());
        let serving = sandbox.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, sandbox) = (accepting.borrow().clone(), serving.clone());
                connections.spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        sandbox.serve_connection(stream).await;
                    }
                });
            }
        });
        Self { sandbox, address, authority, acceptor, pem, _tasks: tasks }
    }

    /// Gives it a certificate that ends at the beginning of another year.
    fn renew(&self, year: i32) {
        self.acceptor.send_replace(issue(&self.authority, year));
    }
}

/// A certificate for the loopback address.
fn issue(authority: &Issuer<'static, KeyPair>, year: i32) -> TlsAcceptor {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(year, 1, 1));
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let tls = tls.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).expect("a pair");
    TlsAcceptor::from(Arc::new(tls))
}

#[tokio::test]
async fn an_expired_certificate_gets_nothing_until_it_is_renewed() {
    let dingtalk = Encrypted::until_year(2021).await;
    let folder = tempfile::tempdir().expect("temporary folder");
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, &dingtalk.pem).expect("written");
    let url = format!("https://{}/robot/send?access_token=canary-tls", dingtalk.address);
    let config = format!("ca_file: {}\ntargets:\n  tls: {{url: '{url}', secret: {SECRET}}}\n", ca_file.display());
    let bridge = Start::new(config).ready().await;
    send(&bridge, "tls", "First").await;
    let failed = |metrics: &Metrics| metrics.reason("notification_requests_failed_total", "tls", "retry") >= 2.0;
    until_metrics(&bridge, "two failures", failed).await;
    bridge.wait_for_log("certificate expired").await;
    assert!(dingtalk.sandbox.arrivals().is_empty(), "a message was sent to somebody who cannot prove who it is");

    dingtalk.renew(4000);
    until("the message", || !dingtalk.sandbox.arrivals().is_empty()).await;
    until_metrics(&bridge, "its end", |metrics| metrics.is_done("tls")).await;
    assert_eq!(dingtalk.sandbox.arrivals().len(), 1);
}
