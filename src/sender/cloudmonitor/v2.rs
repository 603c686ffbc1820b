//! CloudMonitor 2.0's custom webhook, which looks like CloudEvents.
//!
//! **Group**: `subject` and the instance that it is about (`resource.entity.entity_id`, `labels.instanceId`, or what
//! `alertEntityId` has behind its colon). `ruleId` and `alertEntityId` would be surer, but recoveries have been seen that
//! hold neither, and firing and recovery must meet: a subject that has another text in its recovery, and one that names no
//! instance in only one of both, do not. Without a subject the rule stands for it.
//!
//! **State**: the severity and the rule, beside firing or not. `PERSISTENT` says again what `OCCURRED` said.
//!
//! Source: <https://www.alibabacloud.com/help/en/cms/cloudmonitor-2-0/notification-object>

use serde_json::Value;

use crate::notification::Labels;
use crate::sender::event::Event;
use crate::sender::fields::{field, first_of, gather_beside, headline, put};
use crate::sender::level;
use crate::sender::time::{Zone, time};

/// How many characters of a message become the summary.
const SUMMARY: usize = 160;

/// Annotations that are shown as what they are.
const SPOKEN: [&str; 3] = ["summary", "description", "message"];

/// Reads an alert.
pub(super) fn decode(body: &Value, zone: &Zone) -> Event {
    let status = first_of([&field(body, "status"), &field(body, "subtype")]).to_ascii_uppercase();
    let resolved = status.starts_with("RESOLVE") || status.starts_with("RECOVER") || status == "NORMAL_RESOLVE";
    let (labels, annotations) = (&body["labels"], &body["annotations"]);
    let entity = &body["resource"]["entity"];
    let alert_entity = field(body, "alertEntityId");
    let id = first_of([
        &field(entity, "entity_id"),
        &field(labels, "instanceId"),
        &field(&body["alertEntityFields"], "instanceId"),
        alert_entity.rsplit_once(':').map_or(alert_entity.as_str(), |(_, id)| id),
    ]);
    let object = first_of([
        &field(&entity["prop"], "instanceName"),
        &field(&body["alertEntityFields"], "instanceName"),
        &field(labels, "instanceName"),
        &field(labels, "instance"),
        &id,
    ]);
    let rule = field(body, "ruleId");
    let severity = field(body, "severity");
    let subject = field(body, "subject");
    let message = first_of([
        &field(body, "alertMessage"),
        &field(annotations, "message"),
        &field(annotations, "description"),
        &field(annotations, "summary"),
    ]);
    let summary = first_of([&field(annotations, "summary"), &headline(&message, SUMMARY)]);
    let told = time(&first_of([&field(body, "time"), &field(body, "timestamp")]), zone);
    let (starts_at, ends_at) = if resolved { (String::new(), told) } else { (told, String::new()) };
    Event {
        title: first_of([&subject, &rule, "CloudMonitor"]),
        key: format!("v2 {} {}", first_of([&subject, &rule]), first_of([&id, &object])),
        state: format!("{severity} {rule}"),
        resolved,
        severity: level::severity(&severity),
        description: if message == summary { String::new() } else { message },
        summary,
        starts_at,
        ends_at,
        url: link(body),
        labels: gathered(body, &id, &object),
        object,
        ..Event::default()
    }
}

fn gathered(body: &Value, id: &str, object: &str) -> Labels {
    let entity = &body["resource"]["entity"];
    let tags = &body["resource"]["tags"];
    let mut labels = Labels::new();
    if id != object {
        put(&mut labels, "instanceId", id);
    }
    put(&mut labels, "region", &first_of([&field(tags, "regionId"), &field(&body["labels"], "_cms_region")]));
    put(&mut labels, "product", &field(entity, "domain"));
    let data = &body["data"];
    put(&mut labels, "value", &first_of([&field(data, "value"), &field(data, "currentValue")]));
    let threshold = format!("{} {}", field(data, "comparisonOperator"), field(data, "threshold"));
    put(&mut labels, "threshold", &threshold);
    // Names that begin with an underscore are the system's own.
    let own = |value: &Value| match value {
        Value::Object(map) => Value::Object(
            map.iter().filter(|(name, _)| !name.starts_with('_')).map(|(k, v)| (k.clone(), v.clone())).collect(),
        ),
        _ => Value::Null,
    };
    gather_beside(&mut labels, &own(&body["labels"]), &["instanceId", "instance", "instanceName"], "labels");
    gather_beside(&mut labels, &own(&entity["prop"]), &["instanceName"], "entity");
    gather_beside(&mut labels, &own(tags), &["regionId"], "tags");
    gather_beside(&mut labels, &own(&body["alertEntityFields"]), &["instanceId", "instanceName"], "entity");
    gather_beside(&mut labels, &own(&body["annotations"]), &SPOKEN, "annotations");
    labels
}

/// Where to look: at what happened before at what it happened to, and that before the rule.
fn link(body: &Value) -> String {
    let [history, entity, alert_rule, rule] =
        ["alertHistoryUrl", "entityUrl", "alertRuleUrl", "ruleUrl"].map(|name| field(body, name));
    first_of([&history, &entity, &alert_rule, &rule])
}
