//! Stories, from rows as the writer leaves them.

use super::*;

/// The bridge's folder as it could be: `ops` has one notification of each fate, told together or apart.
fn outbox() -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().expect("temporary folder");
    let connection = schema::open(folder.path()).expect("a new outbox");
    connection
        .execute_batch(
            "
    INSERT INTO receipts (seq, id, target, grp, accepted_at, delivered_at, msg_uuid, attempts, alerts, plan) VALUES
        (1, x'01990000000070008000000000000001', 'ops', x'aa', 1000, 13000, x'0a000000000000000000000000000000', 2,
         '+disk' || char(10) || '-cpu', 1),
        (2, x'01990000000070008000000000000002', 'ops', x'bb', 2000, 13000, x'0a000000000000000000000000000000', 1,
         '+cpu', 1),
        (3, x'01990000000070008000000000000003', 'dba', x'cc', 3000, 3040, x'0b000000000000000000000000000000', 1,
         '', 0);
    INSERT INTO dead_letters (seq, id, target, grp, accepted_at, died_at, reason, json, alerts) VALUES
        (4, x'01990000000070008000000000000004', 'ops', x'dd', 4000, 5000, 'refused: words', x'7b7d', '+disk');
    INSERT INTO entries (seq, id, target, grp, accepted_at, repeats, form, not_before, alerts, plan) VALUES
        (5, x'01990000000070008000000000000005', 'ops', x'ee', 5000, 0, 0, 5000, '-disk', NULL),
        (6, x'01990000000070008000000000000006', 'ops', x'ff', 6000, 0, 0, 6000, '+net', 5),
        (7, x'01990000000070008000000000000007', 'ops', x'ab', 7000, 0, 0, 90000, '+disk2', NULL),
        (8, x'01990000000070008000000000000008', 'dba', x'ac', 8000, 0, 0, 8000, '+net', NULL);
    INSERT INTO parts (plan, part, parts, msg_uuid, robot, body, attempts, not_before) VALUES
        (5, 2, 3, x'0c000000000000000000000000000000', NULL, x'', 1, 60000),
        (5, 3, 3, x'0d000000000000000000000000000000', NULL, x'', 0, 0);
    INSERT INTO failures (at, target, members, part, parts, msg_uuid, answer) VALUES
        (500, 'ops', '1', 1, 1, x'0e000000000000000000000000000000', 'of an older number 1'),
        (4500, 'ops', '1 2', 1, 1, x'0a000000000000000000000000000000', 'busy'),
        (4600, 'ops', '4', 1, 1, x'0f000000000000000000000000000000', 'refused: words'),
        (9000, 'ops', '5 6', 2, 3, x'0c000000000000000000000000000000', 'timeout');
    INSERT INTO copies (seq, copy, copied_at) VALUES (5, 8, 8000);
    ",
        )
        .expect("rows");
    (folder, connection)
}

/// The story as it reads: state, then seconds and words.
fn told(connection: &Connection, wanted: &str) -> Vec<String> {
    let Found::One(story) = story(connection, wanted).expect("readable") else { panic!("no story of {wanted}") };
    let mut lines = Vec::new();
    for chronicle in story.entries {
        lines.push(format!("{} {} {}", &chronicle.id.to_string()[35..], chronicle.target, chronicle.state.as_str()));
        for event in chronicle.events {
            let at = event.at.as_millisecond() as f64 / 1000.0;
            let what = event
                .what
                .replace("000000-0000-0000-0000-000000000000", "")
                .replace("01990000-0000-7000-8000-00000000000", "#");
            lines.push(format!("  {at} {what}"));
        }
    }
    lines
}

#[test]
fn a_fingerprint_tells_of_every_notification_that_named_the_alert() {
    let (_folder, connection) = outbox();
    let story = told(&connection, "disk");
    let expected = [
        "1 ops delivered",
        "  1 accepted: 1 firing, 1 resolved; this alert is firing",
        "  4.5 not delivered under msgUuid 0a, in one message with another: busy",
        "  13 delivered after 12s under msgUuid 0a, at attempt 2, in one message with another",
        "4 ops dead",
        "  4 accepted: 1 firing, 0 resolved; this alert is firing",
        "  4.6 not delivered under msgUuid 0f: refused: words",
        "  5 given up: refused: words",
        "5 ops being tried",
        "  5 accepted: 0 firing, 1 resolved; this alert is resolved",
        "  8 copied to dba as #8",
        "  9 part 2 of 3 not delivered under msgUuid 0c, in one message with another: timeout",
        "  60 is being told under msgUuid 0c, in one message with another, 2 of its 3 parts left, tried once; it is tried from then on",
    ];
    assert_eq!(story, expected);
}

#[test]
fn an_id_tells_of_one() {
    let (_folder, connection) = outbox();
    assert_eq!(
        told(&connection, "01990000-0000-7000-8000-000000000003"),
        ["3 dba delivered", "  3 accepted", "  3.04 delivered after 40ms under msgUuid 0b"]
    );
    assert_eq!(
        told(&connection, "01990000000070008000000000000007")[2],
        "  90 waits for its turn; it is tried from then on"
    );
    assert_eq!(
        told(&connection, "01990000-0000-7000-8000-000000000008")[1..],
        [
            "  8 accepted: 1 firing, 0 resolved",
            "  8 is a copy of #5, which ops could not be told",
            "  8 waits for its turn"
        ]
    );
}

#[test]
fn what_is_not_there_or_not_clear_is_no_story() {
    let (_folder, connection) = outbox();
    for wanted in ["", "nosuch", "cpu2", "isk", "+disk", "disk\n-cpu", "0199", "01990000-0000-7000-8000-000000000009"] {
        assert_eq!(story(&connection, wanted).expect("readable"), Found::Nothing, "{wanted}");
    }
    assert_eq!(story(&connection, "01990000").expect("readable"), Found::Several);
    assert_eq!(undelivered(&connection, "0199000000007000").expect("readable"), Found::Several);
    for (wanted, found) in [("1", false), ("4", true), ("5", true)] {
        let id = format!("01990000-0000-7000-8000-00000000000{wanted}");
        assert_eq!(undelivered(&connection, &id).expect("readable") != Found::Nothing, found, "{wanted}");
    }
}

#[test]
fn the_list_has_the_newest_last_and_says_how_many_there_are() {
    let (_folder, connection) = outbox();
    let listed = |target: Option<&str>, dead_only, limit| {
        let wish = Wish { target: target.map(str::to_owned), dead_only, limit };
        let Listing { waiting, dead, more, items } = list(&connection, &wish).expect("readable");
        let last: Vec<_> = items.iter().map(|item| item.id.as_u128() & 0xf).collect();
        (waiting, dead, more, last)
    };
    assert_eq!(listed(None, false, 100), (4, 1, 0, vec![4, 5, 6, 7, 8]));
    assert_eq!(listed(None, false, 2), (4, 1, 3, vec![7, 8]));
    assert_eq!(listed(Some("dba"), false, 100), (1, 0, 0, vec![8]));
    assert_eq!(listed(None, true, 100), (4, 1, 0, vec![4]));
    assert_eq!(listed(Some("nosuch"), false, 100), (0, 0, 0, vec![]));

    let items = list(&connection, &Wish { limit: 10, ..Wish::default() }).expect("readable").items;
    let seconds = |item: &Item| item.next_attempt.map(|time| time.as_second());
    let seen: Vec<_> =
        items.iter().map(|item| (item.state, item.attempts, seconds(item), item.reason.as_deref())).collect();
    let expected = [
        (State::Dead, 1, None, Some("refused: words")),
        (State::BeingTried, 1, Some(60), None),
        (State::BeingTried, 1, Some(60), None),
        (State::Waiting, 0, Some(90), None),
        (State::Waiting, 0, None, None),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn only_an_outbox_of_this_version_is_looked_into() {
    let (folder, connection) = outbox();
    Beside::open(folder.path()).expect("an outbox");
    connection.pragma_update(None, "user_version", 1).expect("update");
    assert!(matches!(Beside::open(folder.path()), Err(OpenError::Older { found: 1, .. })));
    connection.pragma_update(None, "user_version", 99).expect("update");
    assert!(matches!(Beside::open(folder.path()), Err(OpenError::Newer { found: 99, .. })));
    let empty = tempfile::tempdir().expect("temporary folder");
    assert!(matches!(Beside::open(empty.path()), Err(OpenError::Missing)));
    assert_eq!(std::fs::read_dir(empty.path()).expect("a folder").count(), 0);
}
