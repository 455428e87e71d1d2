//! Tests of the settings: precedence and refusals.

use std::path::PathBuf;

use super::*;

fn load(flags: &[(&'static str, &str)], env: &[(&str, &str)], file: &str) -> Result<Config, ConfigError> {
    let flags = flags.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    let lookup = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
    let file = file::parse(PathBuf::from("/etc/capture.toml"), file)?;
    Config::from_values(&Values { flags: &flags, lookup: &lookup, file: Some(file) })
}

/// The default settings with this data directory.
pub(crate) fn config_in(data_dir: &std::path::Path) -> Config {
    load(&[("data-dir", data_dir.to_str().unwrap())], &[], "").unwrap()
}

#[test]
fn defaults_are_the_core_ones() {
    let config = load(&[], &[], "").unwrap();
    assert_eq!(config.limits, Limits::default());
    assert_eq!(format!("{:?}", config.browser), format!("{:?}", ChromiumConfig::default()));
    assert_eq!(format!("{:?}", config.channels), format!("{:?}", ChannelLimits::default()));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.drain, Duration::from_secs(30));
    assert!(!config.dev);
}

#[test]
fn flag_wins_over_variable_over_file_over_default() {
    let (flag, env, file) = (("max-sessions", "1"), ("CAPTURE_MAX_SESSIONS", "2"), "max-sessions = 3");
    for (flags, env, file, expected) in [
        (vec![flag], vec![env], file, 1),
        (vec![], vec![env], file, 2),
        (vec![], vec![("CAPTURE_MAX_SESSIONS", "")], file, 3),
        (vec![], vec![], "", 50),
    ] {
        assert_eq!(load(&flags, &env, file).unwrap().limits.max_sessions, expected);
    }
}

#[test]
fn refusals_name_setting_accepted_values_and_place() {
    for (flags, env, file, sentence) in [
        (
            vec![("listen", "8080")],
            vec![],
            "",
            "listen must be an address and port such as 127.0.0.1:8080 or [::]:8080, not \"8080\" (from --listen)",
        ),
        (
            vec![],
            vec![("CAPTURE_DRAIN_SECONDS", "901")],
            "",
            "drain-seconds must be a whole number from 0 to 900, not \"901\" (from CAPTURE_DRAIN_SECONDS)",
        ),
        (
            vec![],
            vec![],
            "browser-isolation = 'vm'",
            "browser-isolation must be context or user or process, not \"vm\" (from /etc/capture.toml)",
        ),
        (vec![], vec![], "dev = 1", "dev must be true or false, not \"1\" (from /etc/capture.toml)"),
        (
            vec![],
            vec![],
            "listen = ['a']",
            "listen must be a text, a whole number, true or false, not \"array\" (from /etc/capture.toml)",
        ),
        (
            vec![("dev", "true"), ("listen", "0.0.0.0:80")],
            vec![],
            "",
            "loopback address such as 127.0.0.1:8080 with --dev",
        ),
        (vec![("public-url", "ftp://x")], vec![], "", "public-url must be an http or https address"),
        (vec![("browser-uid", "0")], vec![], "", "browser-uid must be a whole number from 1 to 4294967294"),
        (vec![("log-level", "capture=loud")], vec![], "", "log-level must be a level"),
        (
            vec![],
            vec![],
            "max_sessions = 3",
            "unknown setting \"max_sessions\" in /etc/capture.toml; accepted are data-dir",
        ),
        (vec![], vec![], "config = 'x'", "unknown setting \"config\""),
        (vec![], vec![], "max-sessions", "the settings file /etc/capture.toml is not valid TOML"),
    ] {
        let error = load(&flags, &env, file).unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
    }
}

#[test]
fn the_bypass_browser_is_here_or_elsewhere() {
    let bypass = |flags: &[(&'static str, &str)]| load(flags, &[], "").map(|config| config.browser.bypass);
    let executable = ("bypass-browser-executable", "/opt/browser");
    let arguments = ("bypass-browser-arguments", "--lang=de --user-agent='Mozilla/5.0 (X11)'");
    let url = ("bypass-browser-url", "wss://browsers.example/?token=s3cret");
    assert_eq!(bypass(&[]).unwrap(), None);
    let words = vec!["--lang=de".to_owned(), "--user-agent=Mozilla/5.0 (X11)".to_owned()];
    let here = BypassBrowser::Here(Program { executable: "/opt/browser".into(), arguments: words });
    assert_eq!(bypass(&[executable, arguments]).unwrap(), Some(here));
    let elsewhere = BypassBrowser::Elsewhere(url.1.parse().unwrap());
    assert_eq!(bypass(&[url]).unwrap(), Some(elsewhere));
    for (flags, sentence) in [
        (vec![executable, url], "bypass-browser-url must be left out with bypass-browser-executable"),
        (vec![arguments], "bypass-browser-arguments must be left out without bypass-browser-executable"),
        (vec![url, arguments], "bypass-browser-arguments must be left out without bypass-browser-executable"),
        (vec![executable, ("bypass-browser-arguments", "lang=de")], "must be arguments with their dashes"),
        (vec![executable, ("bypass-browser-arguments", "--open='")], "must be arguments with their dashes"),
        (
            vec![("bypass-browser-url", "https://a.example/?token=s3cret")],
            "not what was given (from --bypass-browser-url)",
        ),
        (vec![("redis-url", "http://:s3cret@a.example")], "not what was given (from --redis-url)"),
    ] {
        let error = load(&flags, &[], "").unwrap_err().to_string();
        assert!(error.contains(sentence) && !error.contains("s3cret"), "{error}");
    }
}

#[test]
fn every_setting_is_read() {
    let free_text = [
        CONFIG,
        "data-dir",
        "server-key-file",
        "block-lists",
        "browser-executable",
        "browser-run-root",
        "bypass-browser-executable",
    ];
    for setting in SETTINGS.iter().filter(|setting| !free_text.contains(&setting.name)) {
        let error = load(&[(setting.name, "=;=")], &[], "").unwrap_err();
        assert!(matches!(error, ConfigError::Value { name, .. } if name == setting.name), "{}: {error}", setting.name);
    }
}

#[test]
fn dev_allows_private_targets_on_loopback() {
    for listen in ["127.0.0.1:0", "[::1]:0", "127.9.9.9:80"] {
        let config = load(&[("dev", "true"), ("listen", listen)], &[], "").unwrap();
        assert!(config.dev, "{listen}");
    }
}

#[test]
fn with_dev_browsers_are_shared_unless_something_else_is_asked_for() {
    let dev = ("dev", "true");
    for (flags, expected) in [
        (vec![], Isolation::User),
        (vec![dev], Isolation::Context),
        (vec![dev, ("browser-isolation", "user")], Isolation::User),
        (vec![dev, ("browser-isolation", "process")], Isolation::Process),
        (vec![("browser-isolation", "context")], Isolation::Context),
    ] {
        assert_eq!(load(&flags, &[], "").unwrap().browser.isolation, expected, "{flags:?}");
    }
}

#[test]
fn the_data_dir_follows_xdg() {
    for (env, expected) in [
        (vec![("CAPTURE_DATA_DIR", "data"), ("HOME", "/home/ann")], "data"),
        (vec![("XDG_DATA_HOME", "/xdg"), ("HOME", "/home/ann")], "/xdg/capture"),
        (vec![("XDG_DATA_HOME", "relative"), ("HOME", "/home/ann")], "/home/ann/.local/share/capture"),
        (vec![], "capture-data"),
    ] {
        assert_eq!(load(&[], &env, "").unwrap().data_dir, PathBuf::from(expected));
    }
}

#[test]
fn a_missing_file_is_named() {
    let flags = [(CONFIG, "/nonexistent/capture.toml".to_owned())].into();
    let error = Config::load(&flags, &|_| None).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the settings file /nonexistent/capture.toml");
}
