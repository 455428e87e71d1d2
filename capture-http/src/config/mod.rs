//! The operator's settings, parsed once: from flags, environment and file to typed values.
//!
//! Reads the environment only through the function it is given. Knows nothing of what the values are used for.

mod file;
mod renders;
mod settings;
#[cfg(test)]
pub(crate) mod tests;
mod values;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use capture_core::{
    Limits,
    browser::chromium::{Bounds, BypassBrowser, ChromiumConfig, Isolation, Program, Retire},
    egress::{EgressPolicy, Rule},
};
use capture_http::{Presets, RenderCacheSettings, StorageSettings, client_address::TrustedProxies};
use capture_ws::limits::ChannelLimits;
use url::Url;

use self::values::{Found, Origin, Values};
pub(crate) use self::{
    settings::{CONFIG, Form, Group, SETTINGS, Setting, markdown_tables},
    values::{ConfigError, Flags, Lookup},
};

/// A day in seconds: no setting needs a larger number of them.
const DAY: u64 = 24 * 3600;

/// All settings of the operator.
#[derive(Debug)]
pub(crate) struct Config {
    /// The address to listen on.
    pub(crate) listen: SocketAddr,
    /// The address by which clients reach the server, where it differs.
    pub(crate) public_url: Option<Url>,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Whether the server is a development server.
    pub(crate) dev: bool,
    /// How long active sessions may go on after the first signal.
    pub(crate) drain: Duration,
    /// The directory of the ledger.
    pub(crate) data_dir: PathBuf,
    /// The file of the server key, where it is not in that directory.
    pub(crate) server_key_file: Option<PathBuf>,
    /// The Redis that the instances of a cluster share.
    pub(crate) redis: Option<Redis>,
    /// The limits of the engine.
    pub(crate) limits: Limits,
    /// Origins, besides the server's own, whose pages may open channels.
    pub(crate) stream_origins: Vec<Url>,
    /// The cache of renders.
    pub(crate) render_cache: RenderCacheSettings,
    /// Named sets of parameters for renders.
    pub(crate) presets: Presets,
    /// The folder of the lists of what pages should not request.
    pub(crate) block_lists: Option<PathBuf>,
    /// What `/ip-ranges.json` lists.
    pub(crate) ip_ranges: Vec<String>,
    /// Where results of renders are stored.
    pub(crate) storage: StorageSettings,
    /// The limits of the channels.
    pub(crate) channels: ChannelLimits,
    /// How browsers are run.
    pub(crate) browser: ChromiumConfig,
    /// The server and the user of `forward`.
    pub(crate) remote: Remote,
    /// What is logged, and in which format.
    pub(crate) log: Log,
}

/// A server elsewhere, and a user of it.
#[derive(Debug)]
pub(crate) struct Remote {
    /// The address of the server.
    pub(crate) url: Url,
    /// Bearer token of the user.
    pub(crate) token: Option<Token>,
}

/// A bearer token that is valid in a header.
#[derive(Clone)]
pub(crate) struct Token(pub(crate) String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// The Redis in which the instances of a cluster meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redis {
    /// The address of the Redis.
    pub(crate) url: Url,
    /// The prefix of all keys.
    pub(crate) prefix: String,
    /// The address by which other instances reach this one.
    pub(crate) advertise: Option<Url>,
}

/// What is logged, and in which format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// The format of a log event.
    pub(crate) format: LogFormat,
    /// A level, or levels per module; `None` selects the default of the command.
    pub(crate) level: Option<String>,
}

/// The format of a log event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Config {
    /// Finds and parses every setting.
    ///
    /// # Errors
    /// Names the setting and the origin of the first invalid value.
    pub(crate) fn load(flags: &Flags, lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let mut values = Values { flags, lookup, file: None };
        if let Some(path) = values.path(CONFIG)? {
            values.file = Some(file::read(path)?);
        }
        Self::from_values(&values)
    }

    fn from_values(values: &Values<'_>) -> Result<Self, ConfigError> {
        let dev = values.switch("dev")?;
        let url = "an http or https address such as https://capture.example.com";
        Ok(Self {
            listen: listen(values, dev)?,
            public_url: values.optional("public-url", url, parse_public_url)?,
            trusted_proxies: trusted_proxies(values)?,
            dev,
            drain: Duration::from_secs(values.number("drain-seconds", 0..=900)?),
            data_dir: values.path("data-dir")?.unwrap_or_else(|| default_data_dir(values.lookup)),
            server_key_file: values.path("server-key-file")?,
            redis: redis(values)?,
            limits: limits(values)?,
            stream_origins: stream_origins(values)?,
            render_cache: renders::render_cache(values)?,
            presets: renders::presets(values)?,
            block_lists: values.path("block-lists")?,
            ip_ranges: renders::ip_ranges(values)?,
            storage: renders::storage(values)?,
            channels: channels(values)?,
            browser: browser(values, dev)?,
            remote: remote(values)?,
            log: log(values)?,
        })
    }
}

fn listen(values: &Values<'_>, dev: bool) -> Result<SocketAddr, ConfigError> {
    const NAME: &str = "listen";
    let address = values.required(NAME, "an address and port such as 127.0.0.1:8080 or [::]:8080", |text| {
        text.parse::<SocketAddr>().ok()
    })?;
    match values.find(NAME) {
        Some(Found { text, origin }) if dev && !address.ip().is_loopback() => {
            // The secret of the user dev is public.
            Err(values::refused(NAME, "a loopback address such as 127.0.0.1:8080 with --dev", &text, origin))
        }
        _ => Ok(address),
    }
}

fn parse_public_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then_some(url)
}

fn trusted_proxies(values: &Values<'_>) -> Result<TrustedProxies, ConfigError> {
    let accepted = "addresses and networks such as 127.0.0.1,10.0.0.0/8";
    let parse = |text: &str| text.parse().ok();
    values.optional("trusted-proxies", accepted, parse).map(Option::unwrap_or_default)
}

fn redis(values: &Values<'_>) -> Result<Option<Redis>, ConfigError> {
    let accepted = "an address such as redis://localhost:6379";
    let parse = |text: &str| {
        let url = Url::parse(text).ok()?;
        matches!(url.scheme(), "redis" | "unix" | "redis+unix").then_some(url)
    };
    let url = values.optional("redis-url", accepted, parse)?;
    let name = "1 to 64 of A-Z a-z 0-9 _ . -";
    let plain = |text: &str| {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        fits.then(|| text.to_owned())
    };
    let prefix = values.required("redis-prefix", name, plain)?;
    let advertise = values.optional("advertise-url", "an http or https address", parse_public_url)?;
    Ok(url.map(|url| Redis { url, prefix, advertise }))
}

fn limits(values: &Values<'_>) -> Result<Limits, ConfigError> {
    let max_ttl = Duration::from_secs(values.number("max-ttl-seconds", 1..=DAY)?);
    let default_ttl = Duration::from_secs(values.number("default-ttl-seconds", 1..=DAY)?);
    Ok(Limits {
        max_ttl,
        default_ttl: default_ttl.min(max_ttl),
        sessions_per_user: values.number("max-sessions-per-user", 1..=100_000)?,
        max_sessions: values.number("max-sessions", 0..=100_000)?,
        renders_per_user: values.number("max-renders-per-user", 1..=1_000)?,
        render_credits: values.number("render-credits", 0..=1_000_000)?,
        ..Limits::default()
    })
}

fn stream_origins(values: &Values<'_>) -> Result<Vec<Url>, ConfigError> {
    let accepted = "origins such as https://app.example.com, separated by commas";
    let parse = |text: &str| text.split(',').map(|origin| parse_public_url(origin.trim())).collect();
    Ok(values.optional("stream-origins", accepted, parse)?.unwrap_or_default())
}

fn channels(values: &Values<'_>) -> Result<ChannelLimits, ConfigError> {
    Ok(ChannelLimits {
        client_frame_bytes: values.number("stream-client-frame-bytes", 4_096..=16_777_216)?,
        server_frame_bytes: values.number("stream-server-frame-bytes", 65_536..=268_435_456)?,
        depth: values.number("stream-depth", 8..=100)?,
        in_flight: values.number("stream-in-flight", 1..=1_000)?,
        subscriptions: values.number("stream-subscriptions", 1..=10_000)?,
        connections_per_user: values.number("stream-connections-per-user", 1..=100_000)?,
        connections: values.number("stream-connections", 1..=1_000_000)?,
        strangers_per_address: values.number("stream-strangers-per-address", 1..=100_000)?,
        requests_per_second: values.number("stream-requests-per-second", 1..=100_000)?,
        request_burst: values.number("stream-request-burst", 1..=100_000)?,
        hello_timeout: Duration::from_secs(values.number("stream-hello-seconds", 1..=60)?),
        idle: Duration::from_secs(values.number("stream-idle-seconds", 1..=300)?),
        silence: Duration::from_secs(values.number("stream-silence-seconds", 1..=600)?),
        queue_bytes: values.number("stream-queue-bytes", 65_536..=268_435_456)?,
        queue_frames: values.number("stream-queue-frames", 16..=1_000_000)?,
        write_timeout: Duration::from_secs(values.number("stream-write-seconds", 1..=60)?),
        recheck: Duration::from_secs(values.number("stream-recheck-seconds", 1..=3_600)?),
        ..ChannelLimits::default()
    })
}

fn browser(values: &Values<'_>, dev: bool) -> Result<ChromiumConfig, ConfigError> {
    Ok(ChromiumConfig {
        executable: values.path("browser-executable")?,
        run_root: values.path("browser-run-root")?,
        isolation: isolation(values, dev)?,
        warm_pages: values.number("browser-warm-pages", 0..=100)?,
        max_pages_per_browser: values.number("browser-max-pages", 1..=1_000)?,
        usual_sessions_per_user: values.number("max-sessions-per-user", 1..=100_000)?,
        sandbox: !values.switch("unsafe-no-sandbox")?,
        uid: values.optional_number("browser-uid", 1..=u64::from(u32::MAX - 1))?,
        retire: Retire {
            max_age: Duration::from_secs(values.number("browser-retire-seconds", 1..=30 * DAY)?),
            max_sessions: values.number("browser-retire-sessions", 1..=1_000_000)?,
            max_memory_bytes: values.number::<u64>("browser-retire-memory-mib", 128..=1_048_576)? * 1024 * 1024,
            idle: Duration::from_secs(values.number("browser-idle-seconds", 0..=3_600)?),
        },
        bounds: Bounds {
            memory_bytes: values.number::<u64>("browser-memory-mib", 256..=1_048_576)? << 20,
            disk_bytes: values.number::<u64>("browser-disk-mib", 32..=1_048_576)? << 20,
        },
        bypass: bypass(values)?,
        egress: egress(values, dev)?,
        ..ChromiumConfig::default()
    })
}

/// With `dev` all sessions share a browser, unless the operator set otherwise, because there is only one user.
fn isolation(values: &Values<'_>, dev: bool) -> Result<Isolation, ConfigError> {
    const NAME: &str = "browser-isolation";
    let modes = [("context", Isolation::Context), ("user", Isolation::User), ("process", Isolation::Process)];
    let asked_for = values.find(NAME).is_some_and(|found| found.origin != Origin::Default);
    if dev && !asked_for { Ok(Isolation::Context) } else { values.one_of(NAME, &modes) }
}

/// The browser of sessions with `bypassBotDetection`: a local one or a remote one, not both.
fn bypass(values: &Values<'_>) -> Result<Option<BypassBrowser>, ConfigError> {
    const URL: &str = "bypass-browser-url";
    const ARGUMENTS: &str = "bypass-browser-arguments";
    let address = "a ws or wss address such as wss://browsers.example/devtools/browser";
    let endpoint = values.optional(URL, address, |text| text.parse().ok())?;
    let words = "arguments with their dashes, such as --lang=de --user-agent='Mozilla/5.0 (X11)'";
    let dashed = |words: Vec<String>| words.iter().all(|word| word.starts_with('-')).then_some(words);
    let arguments = values.optional(ARGUMENTS, words, |text| shlex::split(text).and_then(dashed))?;
    match (values.path("bypass-browser-executable")?, endpoint, arguments) {
        (Some(executable), None, arguments) => {
            Ok(Some(BypassBrowser::Here(Program { executable, arguments: arguments.unwrap_or_default() })))
        }
        (None, Some(endpoint), None) => Ok(Some(BypassBrowser::Elsewhere(endpoint))),
        (None, None, None) => Ok(None),
        (None, _, Some(_)) => Err(values.misplaced(ARGUMENTS, "left out without bypass-browser-executable")),
        (Some(_), Some(_), _) => Err(values.misplaced(URL, "left out with bypass-browser-executable")),
    }
}

fn egress(values: &Values<'_>, dev: bool) -> Result<EgressPolicy, ConfigError> {
    let rules = |name| {
        let parse = |text: &str| text.split(',').map(|rule| rule.trim().parse::<Rule>().ok()).collect();
        let accepted = "addresses, networks and names such as 10.1.0.0/16,intranet.example:8080";
        values.optional(name, accepted, parse).map(Option::unwrap_or_default)
    };
    let private = dev || values.switch("egress-private")?;
    Ok(EgressPolicy::new(private, rules("egress-allow")?, rules("egress-deny")?))
}

fn remote(values: &Values<'_>) -> Result<Remote, ConfigError> {
    let address = "an http or https address such as https://capture.example.com";
    let of_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
    let fits = |text: &str| !text.is_empty() && text.bytes().all(of_base64);
    Ok(Remote {
        url: values.required("server-url", address, parse_public_url)?,
        token: values.optional("token", "a bearer token", |text| fits(text).then(|| Token(text.to_owned())))?,
    })
}

fn log(values: &Values<'_>) -> Result<Log, ConfigError> {
    let level = "a level such as info, or levels per module such as info,capture_core=debug";
    Ok(Log {
        format: values.one_of("log-format", &[("text", LogFormat::Text), ("json", LogFormat::Json)])?,
        level: values.optional("log-level", level, |text| {
            tracing_subscriber::EnvFilter::try_new(text).ok().map(|_valid| text.to_owned())
        })?,
    })
}

/// The default of the XDG base directory specification, which ignores relative paths.
fn default_data_dir(lookup: Lookup<'_>) -> PathBuf {
    let absolute = |name: &str| lookup(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || absolute("HOME").map(|home| home.join(".local/share"));
    match absolute("XDG_DATA_HOME").or_else(home) {
        Some(share) => share.join("capture"),
        None => PathBuf::from("capture-data"),
    }
}
