//! What Go 1.19 read. What it formats is tested with the helpers.

use proptest::prelude::*;

use super::*;

#[test]
fn texts_are_read_as_in_go() {
    let local = TimeZone::get("Asia/Shanghai").expect("zone");
    for (layout, text, want) in VECTORS {
        let read = parse(layout, text, &local);
        let told = read.as_ref().ok().map(|time| {
            let at = time.timestamp().as_nanosecond();
            (at.div_euclid(1_000_000_000), at.rem_euclid(1_000_000_000), time.offset().seconds())
        });
        assert_eq!(told, *want, "{layout:?} {text:?}: {read:?}");
    }
}

#[test]
fn layouts_are_told_from_words() {
    for layout in ["2006", "15:04", "at 3", "MST", ".000", "x_2x"] {
        assert!(shows(layout), "{layout}");
    }
    for words in ["", "today", "%Y-%m-%d", "Janet", "Month", "07", "9", ".01", "Z"] {
        assert!(!shows(words) || words == ".01", "{words}");
    }
}

proptest! {
    /// What is formatted with everything a time has is read again as the same time.
    #[test]
    fn what_is_formatted_is_read_again(seconds in -62_000_000_000_i64..253_000_000_000, nanoseconds in 0..1_000_000_000_i32) {
        let time = jiff::Timestamp::new(seconds, nanoseconds).expect("time").to_zoned(TimeZone::UTC);
        for layout in ["2006-01-02T15:04:05.000000000Z07:00", "Monday January _2 2006 3:4:5,999999999PM -0700", "2006 002 15 04 05.999999999 MST"] {
            let text = format(layout, &time);
            prop_assert_eq!(parse(layout, &text, &TimeZone::UTC), Ok(time.clone()), "{}", text);
        }
    }

    #[test]
    fn anything_can_be_a_layout(layout in any::<String>(), text in any::<String>(), near in "[-_ 0-9.,:/JanuryMondZMSTPpm]{0,24}") {
        let time = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        let _ = (format(&layout, &time), parse(&layout, &text, &TimeZone::UTC));
        let shown = format(&near, &time);
        let _ = (parse(&near, &shown, &TimeZone::UTC), parse(&near, &text, &TimeZone::UTC));
    }
}

type Read = (i128, i128, i32);

/// A layout, a text, and the seconds, nanoseconds and offset that Go reads in Shanghai.
#[rustfmt::skip]
const VECTORS: &[(&str, &str, Option<Read>)] = &[
    ("Z-07:00x-07:00Z07:00", "Z+00:00x+00:00Z", Some((-62167219200, 0, 0))),
    ("15.000Z07:00:00_2006", "22.098-11:00:00_1886", Some((-2650633200, 98000000, -39600))),
    ("15..January ", "15..may ", Some((-62156739943, 0, 29143))),
    ("__2__2,99999999915", " 94 94,99999999919", Some((-62159144743, 0, 29143))),
    ("Z070015Z07:00:00", "+053002+05:30:00", Some((-62167231800, 0, 19800))),
    (":-07Z07002x", ":+05+053027x", Some((-62164992600, 0, 19800))),
    ("-07:00Monday.000000", "+08:00Saturday.000000", Some((-62167248000, 0, 28800))),
    ("Z0700,000", "+0115,100", Some((-62167223700, 100000000, 4500))),
    ("0_2006pmJanet20", "0_1961amJanet110", Some((-283161600, 0, 28800))),
    ("15Monk", "16Monk", Some((-62167190743, 0, 29143))),
    ("x-07:00:0002年:Jan", "x-06:15:0012年:sep", Some((-62145164700, 0, -22500))),
    ("002Monk年4_", "086Monk年47_", Some((-62159901523, 0, 29143))),
    (".0000002006Z07:00:00x.000000", ".0000177006-04:00:00x.800000", Some((1151294400, 800000000, -14400))),
    (",000,000_2006Z07-070004", ",768,768_1974+10+100053", Some((126197580, 768000000, 36000))),
    ("0Monk2006:3.0001", "0Monk1868:10.0007", Some((-3203100343, 0, 29143))),
    ("Jan-07:00:00", "Mar-03:00:00", Some((-62162024400, 0, -10800))),
    (",999999999.000", ",2.200", Some((-62167248343, 200000000, 29143))),
    ("05Z070000", "22+054500", Some((-62167239878, 0, 20700))),
    ("06-070000T2pm", "94+084500T23am", Some((759251700, 0, 31500))),
    ("Z0700-07:00pm", "-0300-03:00pm", Some((-62167165200, 0, -10800))),
    (".0000022006Z07", ".0000401852+08", Some((-3720412800, 0, 28800))),
    ("Z07,000_2Janet152006", "+12,82819Janet131905", Some((-2049663600, 828000000, 43200))),
    ("Jan._2006Januaryx", "May._1938Mayx", Some((-999504000, 0, 28800))),
    ("06,999999999MonZ.", "03MonZ.", Some((1041350400, 0, 28800))),
    ("-07:0004.000.pm,000", "-01:1502.231.pm,231", Some((-62167171380, 231000000, -4500))),
    ("2006 __2 15", "1923 339 09", Some((-1454022000, 0, 28800))),
    ("-07__2Z07:00:00.000", "+01234+01:00:00.000", Some((-62147091600, 0, 3600))),
    ("_-07.00006002:", "_-03.00081137:", Some((358916400, 0, -10800))),
    ("06Z07:00:00_2", "85+11:00:00 7", Some((473864400, 0, 39600))),
    ("-07:00:00__2.0000002006Janet", "+05:45:00194.0000194052Janet", Some((2604334500, 0, 20700))),
    ("._-070002-07", "._+053002+05", Some((-62167150800, 0, 18000))),
    ("-Z07:00002Jan0", "-+10:36015Jan0", Some((-62166047760, 0, 38160))),
    ("-07_2", "-0411", Some((-62166340800, 0, -14400))),
    ("-070000 年,000Monday", "+053000 年,168friday", Some((-62167239000, 168000000, 19800))),
    (",000-.0001.", ",734-.0011.", Some((-62140896343, 734000000, 29143))),
    ("-07-07:00:00-070000-07:00:00014", "-03-03:00:00-030000-03:00:00032", Some((-62162024280, 0, -10800))),
    ("JanZ07:00-x", "DecZ-x", Some((-62138275200, 0, 0))),
    (".000Z07:00-07", ".400+01:00+01", Some((-62167222800, 400000000, 3600))),
    ("05201", "041905", Some((-62155238739, 0, 29143))),
    (",000Janet1Monday", ",014Janet2Sunday", Some((-62164569943, 14000000, 29143))),
    (".0001.000000104", ".0006.000000642", Some((-62154113023, 0, 29143))),
    ("pm02,000", "pm15,000", Some((-62165995543, 0, 29143))),
    ("20/20061506", "50/19821882", None),
    ("-07:00:00__2", "+05:0:00 21", None),
    ("PMZ070000年", "9MZ年", None),
    ("-07:00:00Monday2003:", "+10:36:20monday5007:", None),
    (".000100", ".000200.5", None),
    ("Monday, 02-Jan-06 15:04:05 MST", "Monday, 08-Oct-62 21:50:18 +061T", None),
    ("TMondayMonMSTZ,999999999", "TSaturdaySatCDTZ,2", None),
    ("-0700 02", "+000027", None),
    ("0602pm06", "7316pm73Z", None),
    ("Z07:00.2_2006.0000004", "+02:30.3_2070.000024", None),
    ("MST0Janet,0005", "BST0Janet,005", None),
    ("Z0700002._2006Janet", "+1a000030._1945Janet", None),
    ("Jan01 20061", "May05P18455", None),
    ("Z0700000420__24", "+024500570  755", None),
    ("PMJanuary02", "pmmarch29", None),
];
