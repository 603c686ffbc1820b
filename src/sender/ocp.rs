//! OceanBase Cloud Platform (OCP), by its DingTalk channel or its HTTP channel.
//!
//! What it posts is what its operator's templates make of an alarm:
//!
//! | shape | what becomes of it |
//! |---|---|
//! | a message in DingTalk's format, of which the words are OCP's ([`words`]) | passed on as it is, and read for severity, state, object, name, times and link |
//! | JSON with OCP's variables: `{"source":"ocp","alarm_name":…,"message":…}`, or a whole set of them ([`labels`]) | an alert |
//! | the text of a template alone | an alert |
//!
//! `message` is the text of the channel's template, or the set of variables when that template is JSON, as an object or
//! as a text. A recovery has a template of its own, which cannot be edited in OCP's pages: it comes as a text in any of
//! these, and its first words tell that it is one. Names of variables that were not filled in count as absent.
//!
//! **Group.** To OCP an alarm is one rule on one object, whatever it says of it in the course of time: the group is the
//! name and the object (`alarm_target`). A recovery's default text gives no name, but its details do, because the rules'
//! templates put it there ("告警：…，", "\[…\] ", or behind the object); see [`alarm`]. Where no name can be found, what is
//! told takes its place: such a recovery is a group of its own, told as a recovery, but its alarm is not known to be over.
//! The object alone is no group: two alarms of a host would take turns in being news, every three minutes. What was put
//! together of several alarms (`alarm_count`) is a group of its own too, because the recovery of one is not that of all.
//!
//! **State.** Firing: the level, in its own words, when the alarm began (else its id or its link), and of how many it was
//! put together. Recovered: when, and without a name what is said. So what OCP repeats every three minutes is suppressed
//! though its values change, an alarm that gets worse is told, and one that comes back is told even if its recovery is
//! not known to be its own.
//!
//! Times without a zone are China's unless configured otherwise. Whom OCP would call (`at_recipients`,
//! `recipients_uids`, `recipients_json_array`) is personal and dropped; `at` of a message in DingTalk's format is kept.
//!
//! Source: <https://github.com/oceanbase/ocp-doc/tree/V4.2.2/zh-CN/860.alert-management>.

use std::borrow::Cow;

use serde_json::Value;

use self::alarm::Alarm;
use super::request::{Content, Reading};
use super::time::Zone;
use super::{DecodeError, Decoded, dingtalk, fields};
use crate::dingtalk::Message;
use crate::notification::{Notification, Relay, Sender};

mod alarm;
mod labels;
mod words;

/// Why a request is OCP's.
pub(super) fn marks(reading: &Reading<'_>) -> Option<&'static str> {
    let json = match &reading.content {
        Content::Json(json) => json,
        Content::Form(form) => return form.has("alarm_name").then_some("a form with `alarm_name`"),
        Content::Text(text) => return words::are_ocps("", text).then_some("its words in a text"),
    };
    if dingtalk::is_format(json) {
        let relay = dingtalk::relay(reading).ok()?;
        return are_its_words(&relay.message).then_some("its words in a message for DingTalk");
    }
    let says_so = json.has("source") && json.has("message");
    match () {
        () if json.has("alarm_name") => Some("`alarm_name`"),
        () if json.has("alarm_level") => Some("`alarm_level`"),
        () if json.has("alarm_target") => Some("`alarm_target`"),
        () if says_so && fields::field(json.value(), "source").eq_ignore_ascii_case("ocp") => Some("`source` is ocp"),
        () => None,
    }
}

/// Reads what it says. Where its path names it, any words are delivered: its test button sends some.
pub(super) fn decode(reading: &Reading<'_>, zone: &Zone) -> Result<Decoded, DecodeError> {
    let set = match &reading.content {
        Content::Json(json) if dingtalk::is_format(json) => {
            return Ok(relayed(dingtalk::relay(reading)?, Sender::Ocp, zone).into());
        }
        Content::Text(text) => return Ok(words::read("", text).event(text, zone).notification(Sender::Ocp).into()),
        Content::Json(json) => Cow::Borrowed(json.value()),
        Content::Form(form) => Cow::Owned(form.to_value()),
    };
    let (alarm, text) = labels::read(&set).ok_or_else(|| {
        DecodeError::shape(
            "neither `msgtype` nor `alarm_name`, `alarm_level`, `alarm_target` or `message`: nothing to tell",
        )
    })?;
    let mut event = alarm.event(&text, zone);
    event.raw = fields::without(&set, &labels::PERSONAL);
    Ok(event.notification(Sender::Ocp).into())
}

/// Whether the words of a message for DingTalk are OCP's.
pub(super) fn are_its_words(message: &Message) -> bool {
    words::are_ocps(message.title(), message.text())
}

/// A message for DingTalk by `sender`, of which the words are OCP's or may be.
pub(super) fn relayed(relay: Relay, sender: Sender, zone: &Zone) -> Notification {
    let message = &relay.message;
    let mut alarm: Alarm = words::read(message.title(), message.text());
    if alarm.url.is_empty() {
        dingtalk::link(message).clone_into(&mut alarm.url);
    }
    let said = match message.text() {
        "" => dingtalk::title(message),
        text => text.to_owned(),
    };
    let notification = alarm.event(&said, zone).notification(sender);
    Notification { raw: Value::Null, relay: Some(relay), ..notification }
}

#[cfg(test)]
mod tests;
