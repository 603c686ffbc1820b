//! The call to a robot: one POST, one deadline, one [`Outcome`].
//!
//! It owns the connections (HTTP/1.1, kept alive, over rustls), the deadline, and what is known of each host's clock.
//! It promises an end within `timeout` however the other side behaves, a new signature for every call, at most 64 KiB
//! of an answer, and "not sent" only when the connection never took the body. It never follows a redirect, which would
//! hand the token to someone else, never uses a proxy on its own, and never sends a message a second time, except on a
//! kept-alive connection that turned out to be closed before a byte was written.

mod connect;
mod parcel;
mod skew;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, USER_AGENT};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use self::connect::Connector;
use self::parcel::Parcel;
use self::skew::Skews;
use super::verdict::{Failure, Outcome, errcode};
use super::webhook::Webhook;
use crate::clock::Timestamp;
use crate::secret::Secret;

/// What a call needs besides the robot.
#[derive(Debug, Clone)]
pub struct Settings {
    /// From the start of the call to the last byte of the answer.
    pub timeout: Duration,
    /// A file of PEM certificates that are trusted besides the public ones.
    pub ca_file: Option<PathBuf>,
}

/// Calls robots. A clone shares the connections and what was learnt of the hosts' clocks.
#[derive(Clone)]
pub struct Client {
    http: legacy::Client<Connector, Parcel>,
    timeout: Duration,
    skews: Arc<Skews>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file of certificates cannot be read.
    #[error("ca_file {}: cannot be read. Check its path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It has no certificate, or something in it is not PEM.
    #[error("ca_file {}: expected PEM certificates (-----BEGIN CERTIFICATE-----); got none, or a broken one", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
    },
    /// One of its certificates cannot be a root.
    #[error("ca_file {}: certificate {number} cannot be used as a root. Put the certificate of the authority there", path.display())]
    NotARoot {
        /// The file.
        path: PathBuf,
        /// Which one, from 1.
        number: usize,
        /// Why not.
        source: rustls::Error,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

const CONTENT: &str = "application/json; charset=utf-8";
const AGENT: &str = concat!("dingbridge/", env!("CARGO_PKG_VERSION"));
/// A robot's answer has some hundred bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// Longer than the pause between two messages at 20 a minute, shorter than what gateways keep a connection for.
const IDLE: Duration = Duration::from_secs(30);
/// All robots are on one host, and their lanes call at the same time.
const MAX_IDLE_PER_HOST: usize = 64;
/// Shorter tokens are made up, and masking them could change what an answer means.
const REAL_TOKEN: usize = 16;

// === impl Client ===

impl Client {
    /// A client that trusts the public authorities and those of `ca_file`.
    ///
    /// # Errors
    /// When `ca_file` cannot be read or holds no certificates.
    pub fn new(settings: &Settings) -> Result<Self, ClientError> {
        let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        if let Some(path) = &settings.ca_file {
            add_roots(&mut roots, path)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self::over(Connector::network(tls, settings.timeout), settings.timeout))
    }

    /// A client whose connections come from `dial` instead of the network, without TLS: for the stand-in in this
    /// process, and for tests in virtual time.
    pub fn dialling<F, I>(timeout: Duration, dial: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<I>> + Send + 'static,
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self::over(Connector::memory(dial), timeout)
    }

    fn over(connector: Connector, timeout: Duration) -> Self {
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .build(connector);
        Self { http, timeout, skews: Arc::default() }
    }

    /// Posts `body` once. With a `secret` the call is signed for `now`, corrected by what the host's `Date` told last.
    ///
    /// It ends within the timeout. Neither an answer nor a failure repeats the access token.
    pub async fn post(&self, webhook: &Webhook, secret: Option<&Secret>, body: Bytes, now: Timestamp) -> Outcome {
        let started = Instant::now();
        let (parcel, receipt) = Parcel::new(body);
        let signed = secret.map(|secret| (secret, now.as_millisecond().saturating_add(self.skews.of(webhook.host()))));
        let request = webhook.call(signed).and_then(|uri| {
            let request = Request::post(uri).header(CONTENT_TYPE, CONTENT).header(USER_AGENT, AGENT);
            request.body(parcel)
        });
        let request = match request {
            Ok(request) => request,
            Err(error) => return Outcome::NotSent(Failure::Connect(error.to_string())),
        };
        let failure = match tokio::time::timeout(self.timeout, self.exchange(request)).await {
            Ok(Ok(answer)) => {
                let middle = now.as_millisecond() + (started.elapsed() / 2).as_millis() as i64;
                self.learn(webhook.host(), &answer, middle);
                let body = masked(answer.body, webhook.token().expose());
                return Outcome::Answer { status: answer.status, body };
            }
            Ok(Err(failure)) => failure,
            Err(_) => Failure::Timeout(self.timeout),
        };
        if receipt.take_back() { Outcome::NotSent(failure) } else { Outcome::Unknown(failure) }
    }

    async fn exchange(&self, request: Request<Parcel>) -> Result<Answer, Failure> {
        let response = self.http.request(request).await.map_err(|error| {
            if error.is_connect() { Failure::Connect(chain(&error)) } else { Failure::Broken(chain(&error)) }
        })?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                Failure::Oversized(MAX_ANSWER)
            } else {
                Failure::Broken(chain(error.as_ref()))
            }
        })?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() })
    }

    /// Sets the host's clock by an answer that was made around `middle`. Only an answer with an `errcode` counts: the
    /// clock of a proxy or a login page is not the one that judges signatures.
    fn learn(&self, host: &str, answer: &Answer, middle: i64) {
        let dingtalk = serde_json::from_slice(&answer.body).is_ok_and(|json| errcode(&json).is_some());
        if let (true, Some(date)) = (dingtalk, answer.headers.get(DATE)) {
            self.skews.learn(host, date, middle);
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

fn add_roots(roots: &mut RootCertStore, path: &Path) -> Result<(), ClientError> {
    let path = || path.to_owned();
    let pem = std::fs::read(path()).map_err(|source| ClientError::Read { path: path(), source })?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        // The source would repeat a line of the file, which may be a private key by mistake.
        .map_err(|_| ClientError::NotPem { path: path() })?;
    if certificates.is_empty() {
        return Err(ClientError::NotPem { path: path() });
    }
    for (number, certificate) in (1..).zip(certificates) {
        roots.add(certificate).map_err(|source| ClientError::NotARoot { path: path(), number, source })?;
    }
    Ok(())
}

/// An error and all its causes, in one line. None of them knows the path of the call.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !line.ends_with(&cause_text) {
            line.push_str(": ");
            line.push_str(&cause_text);
        }
        next = cause.source();
    }
    line
}

/// The answer without the token: a gateway's page of error likes to repeat the path.
fn masked(body: Bytes, token: &str) -> Bytes {
    if token.len() < REAL_TOKEN || !body.windows(token.len()).any(|window| window == token.as_bytes()) {
        return body;
    }
    Bytes::from(String::from_utf8_lossy(&body).replace(token, "<secret>"))
}
