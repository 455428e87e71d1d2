//! The settings file: flat TOML whose keys are the names of settings.
//!
//! Knows nothing of what the values mean.

use std::path::PathBuf;

use super::{
    settings::{self, SETTINGS},
    values::{ConfigError, Flags, Origin},
};

/// Reads the file at this path.
pub(super) fn read(path: PathBuf) -> Result<(PathBuf, Flags), ConfigError> {
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(path, &text),
        Err(source) => Err(ConfigError::Unreadable { path, source }),
    }
}

/// Parses its text; every key must be a setting, and every value a string, number or boolean.
pub(super) fn parse(path: PathBuf, text: &str) -> Result<(PathBuf, Flags), ConfigError> {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(source) => return Err(ConfigError::NotToml { path, source: Box::new(source) }),
    };
    let mut entries = Flags::new();
    for (key, value) in table {
        let Some(name) = settings::find(&key).and_then(settings::Setting::key) else {
            let known: Vec<_> = SETTINGS.iter().filter_map(settings::Setting::key).collect();
            return Err(ConfigError::UnknownKey { key, path, accepted: known.join(", ") });
        };
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(truth) => truth.to_string(),
            other => {
                let accepted = "a text, a whole number, true or false".to_owned();
                let value = format!("{:?}", other.type_str());
                return Err(ConfigError::Value { name, accepted, value, origin: Origin::File(path) });
            }
        };
        entries.insert(name, text);
    }
    Ok((path, entries))
}
