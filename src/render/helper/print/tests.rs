use crate::render::helper::time::tests::{all_refused, all_say};

#[test]
fn values_are_printed_as_in_go() {
    all_say(&[
        (r#"{{printf "%.2f %s %d %q" 1.5 "x" 3 "y"}}"#, r#"1.50 x 3 "y""#),
        (r#"{{print "a" 1 2 "b" true labels.nothing}}"#, "a1 2btrue"),
        (r#"[{{println "a" 1}}]"#, "[a 1\n]"),
        (r#"{{printf "%d%s%z" "hi"}}"#, "%!d(string=hi)%!s(MISSING)%!z(MISSING)"),
        (r#"{{printf "%s" 1}}{{printf "x" "a"}}{{printf labels.nothing}}"#, "%!s(int=1)x%!(EXTRA string=a)"),
        (r#"{{printf "%v" commonLabels}}"#, "map[]"),
    ]);
}

#[test]
fn what_is_printed_has_a_bound() {
    let wide = format!(r#"{{{{printf "{}" 1}}}}"#, "%1000[1]d".repeat(300));
    all_refused(&[
        (wide.as_str(), "printf: the text would be longer"),
        (r#"{{printf 5}}"#, "printf: the format is a number"),
    ]);
    all_say(&[(r#"{{printf "%1001d" 1}} {{printf "%.9999999f" 1.0}}"#, "%!(BADWIDTH)1 %!(BADPREC)1.000000")]);
}
