//! Telling who sent a request from what it holds.
//!
//! The formats are asked one after the other, those whose marks are rare before those whose marks are common. Most look
//! at nothing but the keys of the outermost object, so that telling costs little beside reading.

use std::fmt::Write;

use super::request::{Content, Reading};
use super::time::Zone;
use super::{
    DecodeError, Decoded, aicc, alertmanager, cloudmonitor, dingtalk, eventbridge, generic, grafana, kube_eventer, ocp,
    rulehit, sls, uptimekuma,
};
use crate::notification::Sender;

/// How one sender's requests are told and understood.
struct Format {
    sender: Sender,
    /// Why a request is this sender's, if it is.
    marks: fn(&Reading<'_>) -> Option<&'static str>,
    decode: fn(&Reading<'_>, &Zone) -> Result<Decoded, DecodeError>,
}

/// Every format, in the order in which they are asked.
const FORMATS: [Format; 12] = [
    Format { sender: Sender::RuleHit, marks: rulehit::marks, decode: rulehit::decode },
    Format { sender: Sender::Aicc, marks: aicc::marks, decode: aicc::decode },
    // Before DingTalk: it can be told to post DingTalk's messages, whose words show whose they are.
    Format { sender: Sender::Ocp, marks: ocp::marks, decode: ocp::decode },
    Format { sender: Sender::DingTalk, marks: dingtalk::marks, decode: dingtalk::decode },
    // Before Alertmanager: both have all that it has, and something of their own.
    Format { sender: Sender::Grafana, marks: grafana::marks, decode: grafana::decode },
    Format { sender: Sender::CloudMonitor, marks: cloudmonitor::marks, decode: cloudmonitor::decode },
    Format { sender: Sender::Alertmanager, marks: alertmanager::marks, decode: alertmanager::decode },
    Format { sender: Sender::Sls, marks: sls::marks, decode: sls::decode },
    Format { sender: Sender::EventBridge, marks: eventbridge::marks, decode: eventbridge::decode },
    Format { sender: Sender::KubeEventer, marks: kube_eventer::marks, decode: kube_eventer::decode },
    Format { sender: Sender::UptimeKuma, marks: uptimekuma::marks, decode: uptimekuma::decode },
    Format { sender: Sender::Generic, marks: generic::marks, decode: generic::decode },
];

/// Why a sender is believed to be what it is called.
const NAMED: &str = "its path names it";

/// How many keys are named in an error.
const MOST_KEYS: usize = 8;

/// Who sent it, and why that is believed.
///
/// # Errors
/// When it has no known sender's form; what was looked for.
pub(super) fn sender(reading: &mut Reading<'_>, named: Option<Sender>) -> Result<(Sender, &'static str), DecodeError> {
    let found = |reading: &Reading<'_>| match named {
        Some(sender) => marks(sender, reading).map(|_| (sender, NAMED)),
        None => FORMATS.iter().find_map(|format| Some((format.sender, (format.marks)(reading)?))),
    };
    if let Some(found) = found(reading) {
        return Ok(found);
    }
    // `cpu=95% on db1` only looked like a form.
    if let Some(text) = reading.written.take() {
        reading.content = Content::Text(text);
        if let Some(found) = found(reading) {
            return Ok(found);
        }
    }
    if let Some(sender) = named {
        return Ok((sender, NAMED));
    }
    Err(reading.broken.take().unwrap_or_else(|| DecodeError::shape(unknown(reading))))
}

fn marks(sender: Sender, reading: &Reading<'_>) -> Option<&'static str> {
    FORMATS.iter().find(|format| format.sender == sender).and_then(|format| (format.marks)(reading))
}

/// What the sender says. A text that is nothing to its sender's decoder is told as a text: somebody wrote a template that
/// makes it. Alertmanager has no such templates, and whoever speaks to DingTalk must not believe that DingTalk took it.
///
/// # Errors
/// When it is not of the sender's form.
pub(super) fn decode(sender: Sender, reading: &Reading<'_>, zone: &Zone) -> Result<Decoded, DecodeError> {
    let Some(format) = FORMATS.iter().find(|format| format.sender == sender) else {
        return Err(DecodeError::shape("nobody else speaks in the bridge's name"));
    };
    (format.decode)(reading, zone).or_else(|error| match &reading.content {
        Content::Text(text) if !matches!(sender, Sender::Alertmanager | Sender::DingTalk) => {
            Ok(generic::relayed(text.trim(), sender).into())
        }
        _ => Err(error),
    })
}

fn unknown(reading: &Reading<'_>) -> String {
    let (what, keys): (_, Vec<&str>) = match &reading.content {
        Content::Json(json) if json.is_list() => ("a JSON list", json.keys().iter().map(String::as_str).collect()),
        Content::Json(json) => ("JSON", json.keys().iter().map(String::as_str).collect()),
        Content::Form(form) => ("a form", form.iter().map(|(name, _)| name).collect()),
        Content::Text(_) => ("a text", Vec::new()),
    };
    if reading.json().is_some_and(|json| json.items_have("labels") && json.items_have("startsAt")) {
        return "this is what Prometheus, vmalert and rulers post to Alertmanager, anew at each evaluation; let them post to \
                an Alertmanager, and that to dingbridge"
            .to_owned();
    }
    let mut told = format!("{what} of no known sender");
    if !keys.is_empty() {
        let shown: Vec<String> =
            keys.iter().take(MOST_KEYS).map(|key| key.chars().filter(|c| !c.is_control()).take(32).collect()).collect();
        let more = if keys.len() > MOST_KEYS { ", …" } else { "" };
        let _ = write!(told, " (its keys: {}{more})", shown.join(", "));
    }
    told.push_str(
        "; looked for the marks of Alertmanager (`alerts`, `version`), CloudMonitor, DingTalk (`msgtype`) and the other \
         senders. For JSON of your own give it `title` or `text`, or name its sender in the path: /hook/<sender>/<target>",
    );
    told
}
