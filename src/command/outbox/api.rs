//! The API of a bridge that runs, as a client.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::time::timeout;

use crate::command::Failure;
use crate::secret::Source;

/// A bridge's API.
#[derive(Debug)]
pub(super) struct Api {
    /// The address of the outbox there.
    url: String,
    token: Source,
}

/// Nobody answers.
#[derive(Debug, thiserror::Error)]
#[error("the bridge that --api.url names cannot be reached")]
struct Unreachable(#[source] Error);

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

// === impl Api ===

impl Api {
    /// The API at an address, for whom the file's token opens it.
    pub(super) fn new(url: &str, token_file: Option<&Path>) -> Result<Self, Failure> {
        if url.starts_with("https://") {
            return Err(
                "--api.url: this command speaks http only; ask the bridge's own address, not its proxy's".into()
            );
        }
        if !url.starts_with("http://") {
            return Err("--api.url: expected an address such as http://127.0.0.1:8060".into());
        }
        let Some(file) = token_file else {
            return Err(
                "--api.url needs --api.token-file, the file that the bridge's web.admin_token_file names".into()
            );
        };
        let token =
            Source::file(file.to_owned()).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        Ok(Self { url: format!("{}/api/v1/outbox", url.trim_end_matches('/')), token })
    }

    /// The body of a good answer; what the bridge says of others is the error.
    pub(super) async fn call(&self, method: Method, path: &str) -> Result<String, Failure> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("Authorization", format!("Bearer {}", self.token.read().expose()))
            .body(Full::<Bytes>::default())
            .map_err(|_| "--api.url or the token has characters that cannot be sent")?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answered = async {
            let answer = client.request(request).await.map_err(Unreachable)?;
            let status = answer.status();
            Ok::<_, Failure>((status, answer.into_body().collect().await?.to_bytes()))
        };
        let answered = timeout(PATIENCE, answered).await;
        let (status, body) = answered.map_err(|_| "the bridge that --api.url names does not answer")??;
        let body = String::from_utf8_lossy(&body).into_owned();
        if status == StatusCode::OK {
            return Ok(body);
        }
        let told: Option<Value> = serde_json::from_str(&body).ok();
        let reason = told.as_ref().and_then(|told| told["errmsg"].as_str()).unwrap_or("without a reason");
        let advice = match status {
            StatusCode::NOT_FOUND if reason.starts_with("no such path") => {
                "there is no API at --api.url; set the bridge's web.admin_token_file, and use its --web.admin-listen-address if it has one"
            }
            _ => reason,
        };
        Err(format!("the bridge answers {}: {}", status.as_u16(), super::page::plain(advice)).into())
    }
}

/// A text as a part of a URL.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
