//! The origin of a setting's value: flag, then variable, then file, then default.
//!
//! Every refusal names the setting, what it accepts, the value and its origin. Knows nothing of single settings.

use std::{collections::BTreeMap, fmt, ops::RangeInclusive, path::PathBuf};

use super::settings;

/// The environment as a function: only `main.rs` passes the real one.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Settings given on the command line, by name.
pub(crate) type Flags = BTreeMap<&'static str, String>;

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A value that is invalid for its setting.
    #[error("{name} must be {accepted}, not {value} (from {origin})")]
    Value {
        /// The name of the setting.
        name: &'static str,
        /// What is valid, in words that follow "must be".
        accepted: String,
        /// The value, quoted; masked where it may be a secret.
        value: String,
        /// The origin of the value.
        origin: Origin,
    },
    /// A setting that is required and has no value.
    #[error("{0} is required")]
    Missing(&'static str),
    /// The file named by `config` cannot be read.
    #[error("cannot read the settings file {}", path.display())]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// The file is not valid TOML.
    #[error("the settings file {} is not valid TOML", path.display())]
    NotToml {
        /// The path of the file.
        path: PathBuf,
        /// The error of the parser, with its position.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A key that is not a setting.
    #[error("unknown setting {key:?} in {}; accepted are {accepted}", path.display())]
    UnknownKey {
        /// The unknown key.
        key: String,
        /// The path of the file.
        path: PathBuf,
        /// The keys that are accepted.
        accepted: String,
    },
}

/// The origin of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The command line.
    Flag(&'static str),
    /// The environment.
    Variable(String),
    /// The settings file.
    File(PathBuf),
    /// The setting was not set.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Variable(variable) => f.write_str(variable),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// A value that was found and is not yet parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The text as the operator wrote it.
    pub(crate) text: String,
    /// The origin of the text.
    pub(crate) origin: Origin,
}

/// All origins of values.
pub(crate) struct Values<'a> {
    pub(super) flags: &'a Flags,
    pub(super) lookup: Lookup<'a>,
    pub(super) file: Option<(PathBuf, Flags)>,
}

impl Values<'_> {
    /// The value of a setting as it was written, from the first origin that has one.
    pub(crate) fn find(&self, name: &'static str) -> Option<Found> {
        let setting = settings::find(name)?;
        let found = |text: &String, origin| Some(Found { text: text.clone(), origin });
        if let Some(text) = self.flags.get(name) {
            return found(text, Origin::Flag(name));
        }
        let variable = setting.variable();
        // Container files often pass on a variable that was not set as an empty string.
        if let Some(text) = (self.lookup)(&variable).filter(|text| !text.is_empty()) {
            return found(&text, Origin::Variable(variable));
        }
        if let Some((path, entries)) = &self.file
            && let Some(text) = entries.get(name)
        {
            return found(text, Origin::File(path.clone()));
        }
        setting.default.map(|text| Found { text: text.to_owned(), origin: Origin::Default })
    }

    /// Parses a setting that may be absent.
    pub(crate) fn optional<T>(
        &self,
        name: &'static str,
        accepted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(Found { text, origin }) = self.find(name) else { return Ok(None) };
        match read(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(refused(name, accepted, &text, origin)),
        }
    }

    /// Reads a setting that may be absent, and says why it cannot be read.
    pub(crate) fn explained<T>(
        &self,
        name: &'static str,
        accepted: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(Found { text, origin }) = self.find(name) else { return Ok(None) };
        read(&text).map(Some).map_err(|why| refused(name, &format!("{accepted} ({})", why.trim()), &text, origin))
    }

    /// The refusal of a setting that conflicts with others that are set.
    pub(super) fn misplaced(&self, name: &'static str, accepted: &str) -> ConfigError {
        match self.find(name) {
            Some(Found { text, origin }) => refused(name, accepted, &text, origin),
            None => ConfigError::Missing(name),
        }
    }

    /// Parses a setting that has a default.
    pub(crate) fn required<T>(
        &self,
        name: &'static str,
        accepted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        self.optional(name, accepted, read)?.ok_or(ConfigError::Missing(name))
    }

    /// A whole number within bounds, for a setting that may be absent.
    pub(crate) fn optional_number<T: TryFrom<u64>>(
        &self,
        name: &'static str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<T>, ConfigError> {
        let accepted = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        self.optional(name, &accepted, |text| {
            let number = text.parse().ok().filter(|number| bounds.contains(number))?;
            T::try_from(number).ok()
        })
    }

    /// A whole number within bounds.
    pub(crate) fn number<T: TryFrom<u64>>(
        &self,
        name: &'static str,
        bounds: RangeInclusive<u64>,
    ) -> Result<T, ConfigError> {
        self.optional_number(name, bounds)?.ok_or(ConfigError::Missing(name))
    }

    /// True or false.
    pub(crate) fn switch(&self, name: &'static str) -> Result<bool, ConfigError> {
        self.one_of(name, &[("true", true), ("false", false)])
    }

    /// The value that belongs to one of these words.
    pub(crate) fn one_of<T: Copy>(&self, name: &'static str, words: &[(&str, T)]) -> Result<T, ConfigError> {
        let accepted: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let read = |text: &str| words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        self.required(name, &accepted.join(" or "), read)
    }

    /// A path, without any interpretation.
    pub(crate) fn path(&self, name: &'static str) -> Result<Option<PathBuf>, ConfigError> {
        self.optional(name, "a path", |text| (!text.is_empty()).then(|| PathBuf::from(text)))
    }
}

/// The error for an invalid value.
pub(super) fn refused(name: &'static str, accepted: &str, text: &str, origin: Origin) -> ConfigError {
    let secret = settings::find(name).is_some_and(|setting| setting.secret);
    let value = if secret { "what was given".to_owned() } else { format!("{text:?}") };
    ConfigError::Value { name, accepted: accepted.to_owned(), value, origin }
}
