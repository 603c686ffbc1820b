//! dingbridge brings alerts to DingTalk groups.

pub mod clock;
pub mod dingtalk;
pub mod notification;
pub mod sandbox;
pub mod secret;
