//! The parameters of a render by name, whatever they were written in, and the warnings about values that were changed.
//!
//! This module owns names and simple values. It must not know what a parameter means.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use capture_core::Error;
use serde_json::{Map, Value};

use crate::presets::Presets;

/// Names that documents and clients of the public API also use.
const ALIASES: [(&str, &str); 6] = [
    ("fullPage", "full"),
    ("format", "type"), // of pictures only; a PDF's `format` is its paper
    ("waitForSelector", "waitFor"),
    ("deviceScale", "scaleFactor"),
    ("deviceScaleFactor", "scaleFactor"),
    ("file_name", "fileName"),
];

/// Maximum characters of a value in an error message.
const SHOWN: usize = 60;

/// The parameters of one request.
#[derive(Debug, Default)]
pub(crate) struct Params {
    values: BTreeMap<String, String>,
    warnings: Vec<String>,
    /// The names of those that a preset added.
    of_preset: BTreeSet<String>,
    /// Whether they were given as JSON, instead of as a query.
    pub(crate) is_plain: bool,
}

impl Params {
    /// The parameters of a decoded query.
    pub(crate) fn of_query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let values = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { values, ..Self::default() }
    }

    /// The parameters of a JSON body: texts, numbers and booleans, and objects of them with names such as
    /// `httpCredentials.username`.
    ///
    /// # Errors
    /// `invalid_request` for a value of another type.
    pub(crate) fn of_json(fields: &Map<String, Value>) -> Result<Self, Error> {
        let mut params = Self { is_plain: true, ..Self::default() };
        for (name, value) in fields {
            params.add(name, value)?;
        }
        Ok(params)
    }

    /// The parameters of a job of a batch. As in a query, secrets are base64url, an empty text counts as not given, and
    /// what is unknown is ignored; what is no plain value is only refused where it is used.
    pub(crate) fn of_options(url: &str, options: &Map<String, Value>) -> Self {
        let text = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            other => Some(other.to_string()),
        };
        let mut values: BTreeMap<_, _> =
            options.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect();
        values.insert("url".to_owned(), url.to_owned());
        Self { values, ..Self::default() }
    }

    fn add(&mut self, name: &str, value: &Value) -> Result<(), Error> {
        let text = match value {
            Value::Null => return Ok(()),
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Object(inner) if !name.contains('.') => {
                return inner.iter().try_for_each(|(key, value)| self.add(&format!("{name}.{key}"), value));
            }
            Value::Object(_) | Value::Array(_) => {
                return Err(Error::invalid(format!("{name} must be a text, a number or a boolean")));
            }
        };
        self.values.insert(name.to_owned(), text);
        Ok(())
    }

    /// Adds the parameters of the preset that the request names, before anything depends on them. Those of the request
    /// take precedence; its aliases have been given their names.
    ///
    /// # Errors
    /// `invalid_request` for a preset that is not configured.
    pub(crate) fn apply_preset(&mut self, presets: &Presets, is_picture: bool) -> Result<(), Error> {
        let Some(name) = self.text("preset") else { return Ok(()) };
        let known = presets.get(&name);
        let preset = known.ok_or_else(|| refused("preset", &name, "must be one that the operator configured"))?;
        let mut preset = Self::of_query(preset.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        preset.resolve_aliases(is_picture);
        for (name, value) in preset.values {
            if let Entry::Vacant(free) = self.values.entry(name.clone()) {
                free.insert(value);
                self.of_preset.insert(name);
            }
        }
        Ok(())
    }

    /// Gives aliases their names. A value under the name itself takes precedence.
    pub(crate) fn resolve_aliases(&mut self, is_picture: bool) {
        for (alias, name) in ALIASES {
            if alias == "format" && !is_picture {
                continue;
            }
            if let Some(value) = self.values.remove(alias) {
                self.values.entry(name.to_owned()).or_insert(value);
            }
        }
    }

    /// Takes a text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.values.remove(name)
    }

    /// Whether a preset added a parameter.
    pub(super) fn is_of_preset(&self, name: &str) -> bool {
        self.of_preset.contains(name)
    }

    /// Whether a text is written as it is, as in a JSON body or a preset, instead of in base64url as in a query.
    pub(crate) fn is_plain_text(&self, name: &str) -> bool {
        self.is_plain || self.of_preset.contains(name)
    }

    /// Takes a boolean.
    ///
    /// # Errors
    /// `invalid_request` for anything but `true`, `false`, `1` and `0`.
    pub(crate) fn boolean(&mut self, name: &str) -> Result<bool, Error> {
        match self.text(name).as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(other) => Err(refused(name, other, "must be true or false")),
        }
    }

    /// Takes a number; one outside the range is moved to its end, with a warning.
    ///
    /// # Errors
    /// `invalid_request` for anything but a decimal number.
    pub(crate) fn number(&mut self, name: &str, least: f64, most: f64) -> Result<Option<f64>, Error> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        let number = number.ok_or_else(|| refused(name, &text, "must be a number"))?;
        let clamped = number.clamp(least, most);
        #[expect(clippy::float_cmp, reason = "a number inside its range is returned as it is")]
        if clamped != number {
            self.warn(format!("{name} must be {least} to {most}; {clamped} is used"));
        }
        Ok(Some(clamped))
    }

    /// Takes a whole number; one outside the range is moved to its end, with a warning.
    ///
    /// # Errors
    /// `invalid_request` for anything but a number. A fraction is rounded.
    pub(crate) fn whole(&mut self, name: &str, least: u32, most: u32) -> Result<Option<u32>, Error> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a range of u32")]
        Ok(self.number(name, least.into(), most.into())?.map(|number| number.round() as u32))
    }

    /// The value of a parameter that stays.
    pub(crate) fn peek(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Takes note of something that was asked for and is not done.
    pub(crate) fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    /// The warnings, and the names of parameters of the request that were not taken. A preset may have parameters of
    /// other renders.
    pub(crate) fn finish(self) -> (Vec<String>, Vec<String>) {
        let of_request = self.values.into_keys().filter(|name| !self.of_preset.contains(name));
        (self.warnings, of_request.collect())
    }

    /// All parameters, sorted by name.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The error for a value that cannot be used.
pub(crate) fn refused(name: &str, value: &str, why: impl std::fmt::Display) -> Error {
    let shown: String = value.chars().take(SHOWN).collect();
    Error::invalid(format!("{name} {why}, not {shown:?}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn query(pairs: &[(&'static str, &'static str)]) -> Params {
        Params::of_query(pairs.iter().copied())
    }

    #[test]
    fn booleans_are_spelt_in_two_ways() {
        let mut params = query(&[("full", "true"), ("fresh", "1"), ("darkMode", "0"), ("stealth", "yes")]);
        let mut read = |name| params.boolean(name).ok();
        assert_eq!(
            ["full", "fresh", "darkMode", "absent", "stealth"].map(&mut read),
            [Some(true), Some(true), Some(false), Some(false), None]
        );
    }

    #[test]
    fn aliases_stand_for_their_names_unless_those_are_given() {
        let mut params = query(&[("fullPage", "true"), ("format", "webp"), ("waitForSelector", "a"), ("waitFor", "b")]);
        params.resolve_aliases(true);
        assert_eq!(params.sorted().collect::<Vec<_>>(), [("full", "true"), ("type", "webp"), ("waitFor", "b")]);
        let mut paper = query(&[("format", "A5")]);
        paper.resolve_aliases(false);
        assert_eq!(paper.peek("format"), Some("A5"));
    }

    #[test]
    fn numbers_are_moved_into_their_range_with_a_warning() {
        let mut params = query(&[("delay", "1000"), ("scale", "0.5"), ("vw", "800.4"), ("vh", "many")]);
        assert_eq!(params.number("delay", 0.0, 60.0).unwrap(), Some(60.0));
        assert_eq!(params.number("scale", 0.1, 2.0).unwrap(), Some(0.5));
        assert_eq!(params.whole("vw", 1, 5000).unwrap(), Some(800));
        assert_eq!(params.whole("vh", 1, 5000).unwrap_err().message(), "vh must be a number, not \"many\"");
        assert_eq!(params.finish().0, ["delay must be 0 to 60; 60 is used"]);
    }

    #[test]
    fn options_of_a_job_are_those_of_a_query() {
        let options = json!({"full": true, "vw": 800, "delay": 0.5, "vh": null, "type": "", "x": [1], "url": "b"});
        let mut params = Params::of_options("a", options.as_object().unwrap());
        assert!(!params.is_plain);
        assert!(params.boolean("x").is_err());
        let sorted: Vec<_> = params.sorted().collect();
        assert_eq!(sorted, [("delay", "0.5"), ("full", "true"), ("url", "a"), ("vw", "800")]);
    }

    #[test]
    fn a_body_has_texts_numbers_booleans_and_objects_of_them() {
        let body = json!({"url": "a", "full": true, "vw": 800, "x": null, "httpCredentials": {"username": "ann"}});
        let params = Params::of_json(body.as_object().unwrap()).unwrap();
        let sorted: Vec<_> = params.sorted().collect();
        assert_eq!(sorted, [("full", "true"), ("httpCredentials.username", "ann"), ("url", "a"), ("vw", "800")]);
        for bad in [json!({"url": []}), json!({"a": {"b": {}}})] {
            assert!(Params::of_json(bad.as_object().unwrap()).is_err(), "{bad}");
        }
    }
}
