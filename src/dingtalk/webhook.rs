//! A robot's address: the webhook URL that its settings page shows.
//!
//! The URL is the robot's password. It is taken apart once; from then on the token is a [`Secret`], a robot is known
//! by its [`RobotId`], and no error repeats what was written.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use super::sign;
use crate::secret::Secret;

/// Longer than any robot's URL, shorter than what a gateway refuses.
const MAX_URL: usize = 4096;
const EXPECTED: &str = "https://…/robot/send?access_token=…";
const COPY: &str = "Copy the webhook URL from the robot's settings";

/// Where one robot is called, its access token included.
#[derive(Clone)]
pub struct Webhook {
    /// Without `timestamp` and `sign`.
    uri: Uri,
    host: String,
    token: Secret,
}

/// Which robot it is, without telling how to use it.
///
/// The first 16 bytes of SHA-256 over the host, a zero byte and the token: two targets with the same robot have the
/// same one, and it may be stored and logged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RobotId([u8; 16]);

/// Why a text is not a robot's URL. None repeats the text, which may hold a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// It is empty.
    #[error("expected {}; got nothing. {}", EXPECTED, COPY)]
    Empty,
    /// It has white space inside.
    #[error("expected {}; got a space or a line break within it. {} in one piece", EXPECTED, COPY)]
    Space,
    /// It is the signing secret.
    #[error("expected {}; got a signing secret (SEC…). That belongs in `secret`. {}", EXPECTED, COPY)]
    SigningSecret,
    /// It is a token without the URL around it.
    #[error(
        "expected {0}; got only a token. Write https://oapi.dingtalk.com/robot/send?access_token= before it",
        EXPECTED
    )]
    BareToken,
    /// It begins with the host.
    #[error("expected {}; got no https://. Write https:// before it", EXPECTED)]
    NoScheme,
    /// It is something else, or longer than 4,096 bytes.
    #[error("expected {}; got something that is not a URL. {}", EXPECTED, COPY)]
    NotAUrl,
    /// It is neither http nor https.
    #[error("expected {}; got another scheme than https. {}", EXPECTED, COPY)]
    Scheme,
    /// It is http, to a host that is not on loopback.
    #[error(
        "expected {}; got http, which shows the token to everybody on the way. Write https://, or set `allow_http: true`",
        EXPECTED
    )]
    Http,
    /// It has a user name or a password before the host.
    #[error("expected {}; got a user name before the host. Remove everything up to the @. {}", EXPECTED, COPY)]
    UserInfo,
    /// It is another address of DingTalk.
    #[error("expected {}; got another path of DingTalk. {}", EXPECTED, COPY)]
    Path,
    /// It names no token.
    #[error("expected {}; got no access_token. {}", EXPECTED, COPY)]
    NoToken,
    /// It names a token and leaves it empty.
    #[error("expected {}; got an empty access_token. {}, or set the variable that it is filled from", EXPECTED, COPY)]
    EmptyToken,
    /// It names more than one token.
    #[error("expected {}; got access_token more than once. {}", EXPECTED, COPY)]
    TwoTokens,
    /// Its token is the signing secret.
    #[error("expected {}; got the signing secret (SEC…) as access_token. That belongs in `secret`. {}", EXPECTED, COPY)]
    SecretAsToken,
    /// Its token is a URL.
    #[error("expected {}; got a URL within the access_token. It was pasted twice. {}", EXPECTED, COPY)]
    UrlAsToken,
}

// === impl Webhook ===

impl Webhook {
    /// Reads a robot's URL. White space around it is ignored, as are a `timestamp` and a `sign` that someone pasted
    /// with it; other parameters are kept.
    ///
    /// # Errors
    /// When it is not the https URL of a robot. Plain http is for loopback, and for elsewhere if `allow_http`.
    pub fn parse(url: &str, allow_http: bool) -> Result<Self, WebhookError> {
        let url = url.trim();
        recognise(url)?;
        let uri: Uri = url.parse().map_err(|_| WebhookError::NotAUrl)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(WebhookError::NotAUrl);
        };
        if scheme != &Scheme::HTTPS && scheme != &Scheme::HTTP {
            return Err(WebhookError::Scheme);
        }
        if authority.as_str().contains('@') {
            return Err(WebhookError::UserInfo);
        }
        if scheme == &Scheme::HTTP && !allow_http && !is_loopback(authority.host()) {
            return Err(WebhookError::Http);
        }
        let name = authority.host().to_ascii_lowercase();
        let dingtalk = [".dingtalk.com", ".dingtalk.io"].iter().any(|domain| name.ends_with(domain));
        if dingtalk && uri.path() != "/robot/send" {
            return Err(WebhookError::Path);
        }
        let query = uri.query().unwrap_or_default();
        let token = Secret::new(token(query)?);
        let host = match (authority.port_u16(), scheme.as_str()) {
            (None, _) | (Some(443), "https") | (Some(80), "http") => name,
            (Some(port), _) => format!("{name}:{port}"),
        };
        let kept: Vec<&str> = query.split('&').filter(|part| !matches!(key(part), "timestamp" | "sign" | "")).collect();
        let uri =
            with_target(&uri, &format!("{}?{}", uri.path(), kept.join("&"))).map_err(|_| WebhookError::NotAUrl)?;
        Ok(Self { uri, host, token })
    }

    /// The host in lower case, with its port unless that is the scheme's own: what the ban of an address is about.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whose ledger its messages count in.
    pub fn robot_id(&self) -> RobotId {
        let mut hash = Sha256::new();
        hash.update(self.host.as_bytes());
        hash.update([0]);
        hash.update(self.token.expose().as_bytes());
        let digest = hash.finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        RobotId(id)
    }

    /// The token, for masking it.
    pub(super) fn token(&self) -> &Secret {
        &self.token
    }

    /// What is called: signed for the time `timestamp_ms` if there is a secret.
    pub(super) fn call(&self, signed: Option<(&Secret, i64)>) -> Result<Uri, http::Error> {
        let target = self.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        match signed {
            None => Ok(self.uri.clone()),
            Some((secret, timestamp_ms)) => with_target(&self.uri, &sign::signed(target, secret, timestamp_ms)),
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("host", &self.host).field("robot", &self.robot_id()).finish()
    }
}

/// Tells the usual mistakes of pasting from each other before the text is read as a URL.
fn recognise(url: &str) -> Result<(), WebhookError> {
    if url.is_empty() {
        return Err(WebhookError::Empty);
    }
    if url.contains(char::is_whitespace) {
        return Err(WebhookError::Space);
    }
    if url.len() > MAX_URL {
        return Err(WebhookError::NotAUrl);
    }
    if url.contains("://") && !url.starts_with("access_token=") {
        return Ok(());
    }
    let word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    Err(match url {
        secret if secret.starts_with("SEC") && word(secret) => WebhookError::SigningSecret,
        token if word(token.strip_prefix("access_token=").unwrap_or(token)) => WebhookError::BareToken,
        address if address.contains(['/', '.']) => WebhookError::NoScheme,
        _ => WebhookError::NotAUrl,
    })
}

/// The one access token of a query, decoded.
fn token(query: &str) -> Result<String, WebhookError> {
    let mut tokens = query.split('&').filter(|part| key(part) == "access_token");
    let part = tokens.next().ok_or(WebhookError::NoToken)?;
    if tokens.next().is_some() {
        return Err(WebhookError::TwoTokens);
    }
    let (_, value) = part.split_once('=').unwrap_or((part, ""));
    let token = percent_decode_str(value).decode_utf8().map_err(|_| WebhookError::NotAUrl)?;
    match token.trim() {
        "" => Err(WebhookError::EmptyToken),
        url if url.contains("://") => Err(WebhookError::UrlAsToken),
        secret if secret.starts_with("SEC") => Err(WebhookError::SecretAsToken),
        _ => Ok(token.into_owned()),
    }
}

fn key(part: &str) -> &str {
    part.split_once('=').map_or(part, |(key, _)| key)
}

fn with_target(uri: &Uri, target: &str) -> Result<Uri, http::Error> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse()?);
    Ok(Uri::from_parts(parts)?)
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

// === impl RobotId ===

impl RobotId {
    /// Its 16 bytes, for storing.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The one that was stored as these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for RobotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "c4n4ryc4n4ryc4n4ryc4n4ryc4n4ry";

    fn parse(url: &str) -> Result<Webhook, WebhookError> {
        Webhook::parse(url, false)
    }

    #[test]
    fn keeps_what_matters_and_drops_an_old_signature() {
        let url =
            format!(" https://OAPI.dingtalk.com:443/robot/send?timestamp=1&access_token={CANARY}&x=%2B&&sign=a%2B\n");
        let webhook = parse(&url).unwrap();
        assert_eq!(webhook.host(), "oapi.dingtalk.com");
        let call = webhook.call(None).unwrap();
        assert_eq!(call.path_and_query().unwrap().as_str(), format!("/robot/send?access_token={CANARY}&x=%2B"));
        let signed = webhook.call(Some((&Secret::new("SECx"), 1_700_000_000_000))).unwrap();
        assert!(
            signed.query().unwrap().ends_with(
                "&x=%2B&timestamp=1700000000000&sign=rgcjbH%2ByFyES%2BS0llX%2BcAPCwVRpsr7sbiX5Lnyo%2FocU%3D"
            )
        );
    }

    #[test]
    fn a_robot_is_its_host_and_its_token() {
        let id = |url: &str| parse(url).unwrap().robot_id();
        let one = id("https://oapi.dingtalk.com/robot/send?access_token=a-b");
        assert_eq!(one, id("https://oapi.dingtalk.com:443/robot/send?x=1&access_token=a%2Db"));
        assert_ne!(one, id("https://oapi.dingtalk.com/robot/send?access_token=a-c"));
        assert_ne!(one, id("https://oapi.dingtalk.io/robot/send?access_token=a-b"));
        assert_eq!(RobotId::from_bytes(*one.as_bytes()), one);
        let digest = Sha256::digest(b"oapi.dingtalk.com\0a-b");
        assert_eq!(one.as_bytes()[..], digest[..16]);
    }

    #[test]
    fn plain_http_is_for_loopback() {
        for host in ["127.0.0.1:9060", "127.1.2.3", "[::1]:1", "localhost", "LOCALHOST:80"] {
            parse(&format!("http://{host}/robot/send?access_token=t")).unwrap();
        }
        for host in ["oapi.dingtalk.com", "10.0.0.1", "localhost.example.org", "[::2]"] {
            let url = format!("http://{host}/robot/send?access_token=t");
            assert_eq!(parse(&url).unwrap_err(), WebhookError::Http, "{host}");
            Webhook::parse(&url, true).unwrap();
        }
    }

    #[test]
    fn mistakes_are_recognised_and_never_repeated() {
        let send = "https://oapi.dingtalk.com/robot/send";
        let cases = [
            (String::new(), WebhookError::Empty),
            (format!("{send}?access_ token={CANARY}"), WebhookError::Space),
            (format!("{send}?access_token=\n{CANARY}"), WebhookError::Space),
            (format!("SEC{CANARY}"), WebhookError::SigningSecret),
            (CANARY.to_owned(), WebhookError::BareToken),
            (format!("access_token={CANARY}"), WebhookError::BareToken),
            (format!("oapi.dingtalk.com/robot/send?access_token={CANARY}"), WebhookError::NoScheme),
            (format!("/robot/send?access_token={CANARY}"), WebhookError::NoScheme),
            (format!("{{{CANARY}}}"), WebhookError::NotAUrl),
            (format!("https://{}?access_token={CANARY}", "x".repeat(MAX_URL)), WebhookError::NotAUrl),
            (format!("https://?access_token={CANARY}"), WebhookError::NotAUrl),
            (format!("ftp://oapi.dingtalk.com/robot/send?access_token={CANARY}"), WebhookError::Scheme),
            (format!("https://me:{CANARY}@oapi.dingtalk.com/robot/send?access_token=t"), WebhookError::UserInfo),
            (format!("https://oapi.dingtalk.com/gettoken?access_token={CANARY}"), WebhookError::Path),
            (send.to_owned(), WebhookError::NoToken),
            (format!("{send}?token={CANARY}"), WebhookError::NoToken),
            (format!("{send}?access_token="), WebhookError::EmptyToken),
            (format!("{send}?access_token"), WebhookError::EmptyToken),
            (format!("{send}?access_token=%20&x={CANARY}"), WebhookError::EmptyToken),
            (format!("{send}?access_token=a&access_token={CANARY}"), WebhookError::TwoTokens),
            (format!("{send}?access_token=SEC{CANARY}"), WebhookError::SecretAsToken),
            (format!("{send}?access_token={send}?access_token={CANARY}"), WebhookError::UrlAsToken),
            (format!("access_token={send}?access_token={CANARY}"), WebhookError::NoScheme),
        ];
        for (url, expected) in cases {
            let error = parse(&url).unwrap_err();
            assert_eq!(error, expected, "{url}");
            let text = format!("{error} {error:?}");
            assert!(
                !text.contains(CANARY) && text.contains("expected https://…/robot/send?access_token=…; got"),
                "{text}"
            );
        }
        assert_eq!(
            WebhookError::NoToken.to_string(),
            "expected https://…/robot/send?access_token=…; got no access_token. Copy the webhook URL from the robot's settings"
        );
    }

    #[test]
    fn a_gateway_may_use_its_own_path() {
        assert_eq!(
            parse("https://relay.example.org:8443/ding?access_token=t").unwrap().host(),
            "relay.example.org:8443"
        );
    }

    #[test]
    fn debug_shows_no_token() {
        let webhook = parse(&format!("https://oapi.dingtalk.com/robot/send?access_token={CANARY}")).unwrap();
        let shown = format!("{webhook:?}");
        assert!(!shown.contains(CANARY) && shown.contains("oapi.dingtalk.com"), "{shown}");
    }
}
