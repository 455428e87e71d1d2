//! Named sets of parameters for renders, which the operator configures.
//!
//! ```toml
//! [thumbnail]
//! vw = 1200
//! resizeWidth = 300
//! resizeHeight = 225
//! ```

use std::{collections::BTreeMap, str::FromStr};

/// Parameters by name, by the name of the preset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presets(BTreeMap<String, BTreeMap<String, String>>);

/// Why a text has no presets.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPresets {
    /// It is not TOML.
    #[error(transparent)]
    NotToml(#[from] toml::de::Error),
    /// An entry is not a table, or a value in it is not a text, a number or a boolean.
    #[error("{0} must be a table of texts, numbers and booleans")]
    Entry(String),
}

impl FromStr for Presets {
    type Err = InvalidPresets;

    fn from_str(text: &str) -> Result<Self, InvalidPresets> {
        let tables: toml::Table = text.parse()?;
        let presets = tables.into_iter().map(|(name, entry)| {
            let parameters = entry.as_table().and_then(|table| {
                table.iter().map(|(name, value)| Some((name.clone(), plain(value)?))).collect::<Option<_>>()
            });
            parameters.map(|parameters| (name.clone(), parameters)).ok_or(InvalidPresets::Entry(name))
        });
        presets.collect::<Result<_, _>>().map(Self)
    }
}

impl Presets {
    /// The parameters of a preset.
    pub(crate) fn get(&self, name: &str) -> Option<&BTreeMap<String, String>> {
        self.0.get(name)
    }
}

fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_tables_of_plain_values() {
        let presets: Presets = "[a]\nvw = 1200\ntype = 'webp'\nscaleFactor = 1.5\nfull = true\n[b]".parse().unwrap();
        let values: Vec<_> = presets.get("a").unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(values, ["full=true", "scaleFactor=1.5", "type=webp", "vw=1200"]);
        assert!(presets.get("b").unwrap().is_empty() && presets.get("c").is_none());
        for bad in ["a = 1", "[a]\nb = [1]", "[a"] {
            assert!(bad.parse::<Presets>().is_err(), "{bad}");
        }
    }
}
