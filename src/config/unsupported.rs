//! What the configuration will be able to say. It is checked like the rest and refused, so that nobody relies on
//! something that does not happen yet.

use std::path::Path;

use ipnet::IpNet;

use super::credential::credential;
use super::fields::{Field, Section};
use super::value::duration;

/// The shortest key that can be trusted to sign a request.
const MIN_SHARED_KEY: usize = 16;

/// Checks and refuses what the whole file may say in a later version.
pub(super) fn of_file(root: &Section<'_>, folder: &Path) {
    for key in ["proxy", "proxy_file", "watchdog"] {
        if let Some(field) = root.get(key) {
            refuse(&field);
        }
    }
    if let Some(field) = root.get("senders") {
        refuse(&field);
        if let Some(section) = field.section() {
            senders(&section, folder);
            section.finish();
        }
    }
}

fn senders(section: &Section<'_>, folder: &Path) {
    if let Some(rulehit) = section.get("rulehit").and_then(|field| field.section()) {
        rulehit.get("ali_uid").and_then(|field| field.text());
        rulehit.get("replay_window").and_then(|field| field.parse(duration));
        rulehit.finish();
    }
    if let Some(aicc) = section.get("aicc").and_then(|field| field.section()) {
        let key = credential(&aicc, "shared_key", "shared_key_file", folder);
        if key.is_some_and(|(key, _)| key.read().expose().chars().count() < MIN_SHARED_KEY) {
            aicc.fail(format!("expected a shared key of at least {MIN_SHARED_KEY} characters"));
        }
        aicc.get("replay_window").and_then(|field| field.parse(duration));
        aicc.finish();
    }
    if let Some(cloudmonitor) = section.get("cloudmonitor").and_then(|field| field.section()) {
        for range in cloudmonitor.get("allow_from").and_then(|field| field.list()).unwrap_or_default() {
            range.parse(|text| text.parse::<IpNet>().map_err(|_| "expected a range such as 106.11.167.0/24".into()));
        }
        cloudmonitor.finish();
    }
}

fn refuse(field: &Field<'_>) {
    field.fail("not supported by this version; remove it");
}
