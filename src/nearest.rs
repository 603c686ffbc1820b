//! The right name for a wrong one, for messages that ask "did you mean …?".

/// The name that is most like `name` in any case, when one is like it at all.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let distances = known.map(|known| (strsim::damerau_levenshtein(&name, &known.to_lowercase()), known));
    distances.min().filter(|(distance, known)| *distance <= known.chars().count().max(3) / 3).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["targets", "timeout", "url"];
        assert_eq!(nearest("tragets", known.into_iter()), Some("targets"));
        assert_eq!(nearest("Timeot", known.into_iter()), Some("timeout"));
        assert_eq!(nearest("urls", known.into_iter()), Some("url"));
        assert_eq!(nearest("proxy", known.into_iter()), None);
    }
}
