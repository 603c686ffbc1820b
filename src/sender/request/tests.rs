use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn headers(content_type: &str) -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(content_type).expect("a header"))])
}

#[track_caller]
fn read<'a>(headers: &'a HeaderMap, query: Option<&'a str>, body: &'a [u8]) -> Reading<'a> {
    Reading::of(Request { query, headers, body }).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(headers: &HeaderMap, body: &[u8]) -> String {
    Reading::of(Request { query: None, headers, body }).expect_err("refused").to_string()
}

#[track_caller]
fn text(reading: &Reading<'_>) -> String {
    match &reading.content {
        Content::Text(text) => text.trim().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn json_is_json_whatever_it_is_called() {
    for content_type in ["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense"] {
        let headers = headers(content_type);
        let reading = read(&headers, None, b" {\"a\": {\"b\": 1}, \"c\": 2}");
        let json = reading.json().expect("JSON");
        assert!(json.has("a") && json.has("c") && !json.has("b") && !json.is_list());
        assert_eq!((&json.value()["a"]["b"], reading.broken.is_some()), (&1.into(), false));
    }
    let none = HeaderMap::new();
    let list = read(&none, None, b"[{\"a\":1},5]");
    assert!(list.json().is_some_and(|json| json.items_have("a") && !json.has("a")));
}

#[test]
fn a_form_is_a_form_and_a_text_a_text() {
    let none = HeaderMap::new();
    let form = read(&none, None, b"a=1%20x+y&b=%E4%B8%AD&unit=%");
    let fields = form.form().expect("a form");
    assert_eq!((fields.get("a"), fields.get("b"), fields.get("unit")), (Some("1 x y"), Some("中"), Some("%")));
    assert!(form.written.is_none());
    let doubtful = read(&none, None, b"cpu=95% on db1");
    assert!(doubtful.form().is_some() && doubtful.written.as_deref() == Some("cpu=95% on db1"));
    for body in ["disk full", "[FIRING] disk full", "{disk full}", "磁盘=满了", "https://a.test/?b=c", "\"disk full\""]
    {
        assert_eq!(text(&read(&none, None, body.as_bytes())), body.trim_matches('"'), "{body}");
    }
}

#[test]
fn without_a_body_the_query_speaks_and_tokens_in_it_do_not() {
    let none = HeaderMap::new();
    let reading = read(&none, Some("msg=down&access_token=secret&token=secret"), b" \n");
    let fields: Vec<_> = reading.form().expect("a form").iter().collect();
    assert_eq!(fields, [("msg", "down")]);
    let data = read(&none, Some("data=%7B%22a%22%3A1%7D"), b"");
    assert!(data.json().is_some_and(|json| json.has("a")));
    assert_eq!(refusal(&none, b"\n"), "line 1 column 0: the body is empty");
}

#[test]
fn characters_are_read_in_the_charset_that_is_claimed() {
    let none = HeaderMap::new();
    let utf16: Vec<u8> = "\u{feff}{\"a\":\"中\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = "\u{feff}中文".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(read(&none, None, &utf16).json().expect("JSON").value()["a"], "中");
    assert_eq!(text(&read(&none, None, &big)), "中文");
    assert_eq!(text(&read(&none, None, "\u{feff}中".as_bytes())), "中");
    assert_eq!(text(&read(&headers("text/plain; charset=GBK"), None, b"\xd6\xd0")), "中");
    assert_eq!(text(&read(&headers("text/plain; charset=\"utf-8\""), None, "中".as_bytes())), "中");
    assert!(refusal(&none, b"ok\n\xd6\xd0").starts_with("line 2 column 1: not UTF-8"));
    assert!(refusal(&headers("text/plain; charset=gbk"), b"\xff\xff").contains("charset"));
    assert!(refusal(&none, b"\x00\x01\x02").contains("not text"));
}

#[test]
fn what_is_compressed_is_refused() {
    let gzip = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
    assert!(refusal(&gzip, b"{}").contains("compressed"));
    assert!(refusal(&HeaderMap::new(), b"\x1f\x8b\x08\x00").contains("compressed"));
    let identity = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static("identity"))]);
    assert!(read(&identity, None, b"{}").json().is_some());
}

#[test]
fn fields_with_a_boundary_are_a_form() {
    let headers = headers("multipart/form-data; boundary=b1");
    let body = b"--b1\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{\"msg\":\"x\"}\r\n--b1--\r\n";
    assert!(read(&headers, None, body).json().is_some_and(|json| json.has("msg")));
    for cut in [20, 60, body.len() - 10] {
        assert!(refusal(&headers, &body[..cut]).contains("multipart"), "{cut}");
    }
    assert!(refusal(&headers, b"{}").contains("multipart"));
}

#[test]
fn broken_json_is_mended_or_refused_with_its_place() {
    let none = HeaderMap::new();
    let mended = read(&none, None, b"{\"a\":\"x \"y\" z\",}");
    assert_eq!(mended.json().expect("JSON").value()["a"], "x \"y\" z");
    assert_eq!(mended.broken.as_ref().map(|broken| (broken.line, broken.column)), Some((1, 10)));
    assert_eq!(refusal(&none, b"{\"a\":1}\n{\"a\":2}"), "line 2 column 1: trailing characters");
    assert!(refusal(&none, b"{\"a\":1 \"b\":2}").starts_with("line 1 column 8: "));
    assert!(refusal(&none, b"null").contains("neither an object nor a list"));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(&none, None, deep.as_bytes()).json().expect("JSON").value(), &Value::Null);
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(body in prop::collection::vec(any::<u8>(), 0..200), query in ".{0,40}", form in any::<bool>()) {
        let headers = headers(if form { "multipart/form-data; boundary=x" } else { "text/plain; charset=utf-16le" });
        let _ = Reading::of(Request { query: Some(&query), headers: &headers, body: &body });
        let _ = Reading::of(Request { query: None, headers: &HeaderMap::new(), body: &body });
    }
}
