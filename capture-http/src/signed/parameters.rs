//! The parameters of a query, decoded. Knows nothing of their meaning, and nothing of signatures, which are made of the
//! query as it was sent.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use capture_core::Error;
use percent_encoding::percent_decode_str;

/// Parameters by name. Of a name that occurs twice the last value counts, and an empty value counts as not given.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Decodes a query. `+` and `%20` are both a space; a `%` that is not followed by two digits stands for itself.
    pub(super) fn decode(query: &str) -> Result<Self, Error> {
        let mut parameters = BTreeMap::new();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.insert(decoded(name)?, decoded(value)?);
        }
        parameters.retain(|_, value| !value.is_empty());
        Ok(Self(parameters))
    }

    /// The value of a parameter, if it was given.
    #[cfg(test)]
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All names and values, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Parameters {
    /// Leaves out the values, which may have credentials of a page.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn decoded(text: &str) -> Result<String, Error> {
    let spaced = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_not_utf8| {
        Error::invalid("a parameter is not UTF-8 behind its percent signs").with_hint("encode text as UTF-8 first")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_as_forms_are() {
        let query = "url=https%3A%2F%2Fa.test%2F%3Fb%3D1%26c&waitFor=.a+b&css=.a%20b&plus=1%2B1&t%C3%BCr=%E2%82%AC&flag&100%=5%&x=1=2";
        let parameters = Parameters::decode(query).unwrap();
        let all: Vec<_> = parameters.iter().collect();
        let expected = [
            ("100%", "5%"),
            ("css", ".a b"),
            ("plus", "1+1"),
            ("tür", "€"),
            ("url", "https://a.test/?b=1&c"),
            ("waitFor", ".a b"),
            ("x", "1=2"),
        ];
        assert_eq!(all, expected);
        assert_eq!((parameters.get("css"), parameters.get("flag")), (Some(".a b"), None));
    }

    #[test]
    fn the_last_of_two_counts_and_an_empty_one_is_not_given() {
        let given = |query: &str| Parameters::decode(query).unwrap().get("a").map(str::to_owned);
        for (query, expected) in [
            ("a=1&a=2", Some("2")),
            ("a=1&b=3&%61=2", Some("2")),
            ("a=1&a=", None),
            ("a=&a=2", Some("2")),
            ("a=", None),
            ("a", None),
            ("", None),
            ("&&=&a=+", Some(" ")),
        ] {
            assert_eq!(given(query).as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn what_is_not_utf8_is_refused_and_values_are_not_shown() {
        for query in ["a=%ff", "%c3%28=1", "a=1&b=%E2%82"] {
            let error = Parameters::decode(query).unwrap_err();
            assert_eq!(error.code(), capture_core::ErrorCode::InvalidRequest, "{query}");
        }
        let shown = format!("{:?}", Parameters::decode("httpAuth=dXNlcjpwYXNz").unwrap());
        assert_eq!(shown, "{\"httpAuth\"}");
    }
}
