//! DingTalk's custom robots: how to say something to a group, and what the answer means.
//!
//! It owns a robot's address ([`Webhook`]), the bytes of a message ([`body`]), the signature ([`sign()`]), the call
//! ([`Client`]) and the reading of its answer ([`verdict()`]). It promises that no error and no outcome holds an access
//! token, that only `errcode` 0 is ever a success, and that "nothing was sent" is said only when that is certain. It
//! knows nothing of templates, queues or the configuration, and it never sends anything twice by itself.
//!
//! Source: <https://open.dingtalk.com/document/development/custom-robots-send-group-messages>.

mod client;
mod message;
mod sign;
mod verdict;
mod webhook;

pub use client::{Client, ClientError, Settings};
pub use message::{Button, FeedLink, Mention, Message, Orientation, body};
pub use sign::sign;
pub use verdict::{Cause, Failure, Misconfiguration, Outcome, Rejection, Said, Scope, Trouble, Verdict, verdict};
pub use webhook::{RobotId, Webhook, WebhookError};
