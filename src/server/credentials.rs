//! The tokens that a request presents.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;

/// All tokens of a request: bearer, basic auth password, in the path, `access_token` in the query. Any of them may be
/// the target's: a proxy on the way may need the header for itself.
pub(super) fn presented(headers: &HeaderMap, path_token: Option<&str>, query: Option<&str>) -> Vec<String> {
    let headers = headers.get_all(AUTHORIZATION).iter().filter_map(|value| authorization(value.to_str().ok()?));
    let query = query.into_iter().flat_map(|query| query.split('&')).filter_map(|pair| {
        let value = pair.strip_prefix("access_token=")?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    });
    headers.chain(path_token.map(str::to_owned)).chain(query).filter(|token| !token.is_empty()).collect()
}

fn authorization(value: &str) -> Option<String> {
    let (scheme, credentials) = value.split_once(' ')?;
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        Some(credentials.to_owned())
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(BASE64_STANDARD.decode(credentials).ok()?).ok()?;
        decoded.split_once(':').map(|(_user, password)| password.to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of_header(value: &'static str) -> Vec<String> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
        presented(&headers, None, None)
    }

    #[test]
    fn every_form_of_a_token_is_found() {
        assert_eq!(of_header("Bearer abc"), ["abc"]);
        assert_eq!(of_header("bearer  abc "), ["abc"]);
        assert_eq!(of_header("Basic dXNlcjphYmM="), ["abc"]);
        assert_eq!(of_header("Basic OmFiYw=="), ["abc"]);
        let none = HeaderMap::new();
        assert_eq!(presented(&none, Some("abc"), Some("a=b&access_token=d%2De&c")), ["abc", "d-e"]);
    }

    #[test]
    fn what_is_no_token_is_none() {
        for value in ["Bearer", "Bearer ", "Basic !", "Basic YWJj", "Digest abc", "abc"] {
            assert!(of_header(value).is_empty(), "{value}");
        }
        assert!(presented(&HeaderMap::new(), None, Some("access_token=&xaccess_token=b")).is_empty());
    }
}
