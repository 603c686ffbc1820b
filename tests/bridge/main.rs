//! The bridge as its users have it: the real binary, its HTTP, its files, real senders, and a stand-in for DingTalk.

#![allow(missing_docs, unreachable_pub, reason = "a test program has no readers but its own")]

mod alertmanager;
mod answers;
mod commands;
mod config;
mod crash;
mod delivering;
mod disk;
mod durable;
mod expected;
mod fallback;
mod faults;
mod fixtures;
mod harness;
mod http;
mod limits;
mod migrate;
mod network;
mod operating;
mod outbox;
mod pacing;
mod program;
mod robot;
mod senders;
mod storage;
mod storm;
mod verdicts;
mod wire;
