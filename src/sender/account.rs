//! What Alibaba Cloud's services tell beside the alert that is nobody's business in a group: whose account it is, who
//! signed, where to log in.
//!
//! An account's id does not only stand in fields of its own: ARNs hold it, names of projects and workspaces, and maps
//! that were printed as text. So the fields are looked for first, and what they hold is taken out everywhere. A decoder
//! that reads only what [`cleaned`] gives back cannot show any of it.

use serde_json::Value;

/// Fields that hold the id of an account.
const ACCOUNTS: [&str; 7] =
    ["userId", "aliUid", "aliuid", "aliyunUserId", "aliyunaccountid", "aliyunoriginalaccountid", "_aliyun_arms_userid"];

/// Fields that hold a secret: signatures, addresses that log in whoever follows them.
const SECRETS: [&str; 3] = ["signature", "signin_url", "signinUrl"];

/// Fields that hold a person's names, in the field `userInfo`; masked forms of them stand beside.
const PERSONS: [&str; 6] = ["aliyunId", "userId", "nickName", "userName", "mobile", "email"];

/// How many different accounts and secrets are looked for; one is usual.
const MOST: usize = 8;

/// The shortest id that is looked for in texts: a shorter one could be part of anything.
const SHORTEST: usize = 6;

/// What stands in place of an id.
const HIDDEN: &str = "***";

/// What was sent, without accounts, secrets and personal data, wherever they stand. ARNs lose their account.
pub(super) fn cleaned(mut value: Value) -> Value {
    let mut ids = Vec::new();
    collect(&mut ids, &value);
    clean(&ids, &mut value);
    value
}

fn collect(ids: &mut Vec<String>, value: &Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if ACCOUNTS.contains(&name.as_str()) => add(ids, text, is_account),
                    Value::Number(number) if ACCOUNTS.contains(&name.as_str()) => {
                        add(ids, &number.to_string(), is_account);
                    }
                    Value::String(text) if SECRETS.contains(&name.as_str()) => {
                        add(ids, text, |text| text.len() > SHORTEST);
                    }
                    other => collect(ids, other),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(ids, value)),
        Value::String(text) => {
            if let Some((_, account, _)) = arn(text) {
                add(ids, account, is_account);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn add(ids: &mut Vec<String>, text: &str, is_one: fn(&str) -> bool) {
    if ids.len() < MOST && is_one(text) && !ids.iter().any(|id| id == text) {
        ids.push(text.to_owned());
    }
}

fn clean(ids: &[String], value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|name, _| !ACCOUNTS.contains(&name.as_str()) && !SECRETS.contains(&name.as_str()));
            for (name, value) in map {
                match value {
                    Value::Object(person) if name == "userInfo" => {
                        person.retain(|name, _| !PERSONS.contains(&name.as_str()));
                    }
                    other => clean(ids, other),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| clean(ids, value)),
        Value::String(text) => {
            if let Some((before, _, behind)) = arn(text) {
                *text = format!("{before}:{behind}");
            }
            for id in ids {
                // Most texts are shorter than any id.
                if text.len() >= id.len() && text.contains(id.as_str()) {
                    *text = replaced(text, id);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text with `id` hidden where it stands as a word of its own: digits may be part of another number.
fn replaced(text: &str, id: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(id) {
        out.push_str(before);
        let inside = |char: Option<char>| char.is_some_and(|char| char.is_ascii_alphanumeric());
        let part = inside(out.chars().next_back()) || inside(behind.chars().next());
        out.push_str(if part { id } else { HIDDEN });
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// What stands before, in and behind the account of an ARN: `acs:<product>:<region>`, `<account>`, `:<resource>`.
fn arn(text: &str) -> Option<(&str, &str, &str)> {
    let rest = text.strip_prefix("acs:")?;
    let region = rest.find(':')? + 1;
    let account = region + rest.get(region..)?.find(':')? + 1;
    let resource = account + rest.get(account..)?.find(':')?;
    let behind_prefix = "acs:".len();
    Some((text.get(..behind_prefix + account - 1)?, rest.get(account..resource)?, rest.get(resource..)?))
}

/// Whether a text is the id of an account: digits, some of which documents hide.
fn is_account(text: &str) -> bool {
    text.len() >= SHORTEST
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*')
        && text.bytes().filter(u8::is_ascii_digit).count() >= SHORTEST - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_account_is_taken_out_wherever_it_stands() {
        let sent = json!({
            "userId": "1234567890120000",
            "resourceId": "acs:ecs:cn-hangzhou:1234567890120000:instance/i-1",
            "dimensions": "{userId=1234567890120000, instanceId=i-1}",
            "project": "acs_custom_1234567890120000",
            "trace": "91234567890120000",
            "deep": [{"arn": "acs:oss:*:998877665544:bucket/b", "aliuid": 5, "says": "of 998877665544"}],
            "signature": "FpaZx5JmbQaKGAKM90Wj95oZh/o=",
        });
        let clean = json!({
            "resourceId": "acs:ecs:cn-hangzhou::instance/i-1",
            "dimensions": "{userId=***, instanceId=i-1}",
            "project": "acs_custom_***",
            "trace": "91234567890120000",
            "deep": [{"arn": "acs:oss:*::bucket/b", "says": "of ***"}],
        });
        assert_eq!(cleaned(sent), clean);
    }

    #[test]
    fn of_a_person_only_masked_names_are_left() {
        let sent = json!({"userInfo": {"aliyunId": "a@b.example", "aliyunIdSec": "a***e", "nickName": "n", "x": 1}});
        assert_eq!(cleaned(sent), json!({"userInfo": {"aliyunIdSec": "a***e", "x": 1}}));
    }

    #[test]
    fn an_address_that_logs_in_is_nowhere() {
        let login = "https://signin.example.test/federation?SigninToken=abc";
        let sent = json!({"signin_url": login, "desc": format!("see {login} now")});
        assert_eq!(cleaned(sent), json!({"desc": "see *** now"}));
    }

    #[test]
    fn short_and_named_accounts_are_not_looked_for() {
        let sent = json!({"userId": "test", "arn": "acs:ecs:cn-hangzhou:testuser:instance/i-testhost", "a": "test"});
        assert_eq!(cleaned(sent), json!({"arn": "acs:ecs:cn-hangzhou::instance/i-testhost", "a": "test"}));
        for other in ["acs:", "acs::", "acs:a:b", "acs:a:b:c", "x"] {
            assert_eq!(cleaned(json!(other)), json!(other));
        }
    }

    proptest! {
        #[test]
        fn nothing_else_changes(text in "[^0-9]{0,40}", number: i64) {
            prop_assume!(!text.starts_with("acs:"));
            let sent = json!({"a": [text, number], "b": {"c": true}});
            prop_assert_eq!(cleaned(sent.clone()), sent);
        }

        #[test]
        fn no_id_is_left_as_a_word(before in ".{0,20}", behind in ".{0,20}", id in "[0-9]{8,16}") {
            let sent = json!({"userId": id, "text": format!("{before} {id} {behind}")});
            let text = cleaned(sent)["text"].as_str().unwrap_or_default().to_owned();
            let word = format!(" {id} ");
            prop_assert!(!text.contains(&word));
        }
    }
}
