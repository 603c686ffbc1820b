//! dingbridge brings alerts of Alertmanager and other systems to DingTalk groups without losing one.
//!
//! The modules, in the order in which an alert meets them; each may use those after it and [`outbox`], the only thing
//! that both sides of the bridge touch, but none before it:
//!
//! - [`command`]: what the program can be told to do, each command a page.
//! - [`migrate`]: from prometheus-webhook-dingtalk and its Go templates to ours.
//! - [`app`]: the bridge as a whole, what is started, changed and stopped in which order.
//! - [`config`]: what is written in the configuration, and what it means.
//! - [`server`]: sockets, limits, routes and answers.
//! - [`intake`]: one request, from token to outbox.
//! - [`delivery`]: one lane per target, from outbox to robot.
//! - [`outbox`]: what was accepted, on disk until it is delivered.
//! - [`dedupe`]: what is news and what a repetition.
//! - [`sender`]: what each sending system's request body means.
//! - [`render`]: templates, and messages that fit.
//! - [`fold`]: the states that a group went through while it waited, as one.
//! - [`notification`]: the one model that every sender is decoded into.
//! - [`sandbox`]: the stand-in for DingTalk.
//! - [`dingtalk`]: messages, signatures, calls and what answers mean.
//! - [`secret`], [`clock`], [`tasks`], [`telemetry`], [`nearest`]: what all of them need.

pub mod app;
pub mod clock;
pub mod command;
pub mod config;
pub mod dedupe;
pub mod delivery;
pub mod dingtalk;
pub mod fold;
pub mod intake;
pub mod migrate;
pub mod nearest;
pub mod notification;
pub mod outbox;
pub mod render;
pub mod sandbox;
pub mod secret;
pub mod sender;
pub mod server;
pub mod tasks;
pub mod telemetry;
