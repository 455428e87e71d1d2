//! The one list of settings. Flags, variables, file keys, help and the tables of `docs/settings.md` are all generated
//! from it.
//!
//! A setting has one name and three spellings: `max-sessions` is `--max-sessions` on the command line,
//! `CAPTURE_MAX_SESSIONS` in the environment and `max-sessions` in the file. Nothing here reads any of them.

/// The subject of a setting, which determines the commands that take its flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Settings of every command.
    General,
    /// Settings of `serve` and `doctor`.
    Server,
    /// Settings of the streaming channel, for `serve` and `doctor`.
    Channel,
    /// Settings of `serve`, `run` and `doctor`.
    Browser,
    /// Settings of `forward`: how a user reaches a server.
    Client,
}

impl Group {
    /// All groups, in the order of the help and of `docs/settings.md`.
    const ALL: [Self; 5] = [Self::General, Self::Server, Self::Channel, Self::Browser, Self::Client];

    /// The commands that take the flags of this group, as a sentence.
    fn commands(self) -> &'static str {
        match self {
            Self::General => "Every command takes these flags.",
            Self::Server | Self::Channel => "`capture serve` and `capture doctor` take these flags.",
            Self::Browser => "`capture serve`, `capture run` and `capture doctor` take these flags.",
            Self::Client => "`capture forward` takes these flags.",
        }
    }

    /// The heading in the help of a command.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::General => "General settings",
            Self::Server => "Server settings",
            Self::Channel => "Channel settings",
            Self::Browser => "Browser settings",
            Self::Client => "Client settings",
        }
    }
}

/// How a setting is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A value; the word is its placeholder in the help.
    Value(&'static str),
    /// True or false; the flag without a value means true.
    Switch,
}

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The name, which is also the key in the file.
    pub(crate) name: &'static str,
    /// The subject.
    pub(crate) group: Group,
    /// How it is written.
    pub(crate) form: Form,
    /// The value when it is not set, as an operator would write it; `None` where `help` describes the default.
    pub(crate) default: Option<&'static str>,
    /// One sentence for operators.
    pub(crate) help: &'static str,
    /// Whether the value may hold a secret, and is therefore never shown.
    pub(crate) secret: bool,
}

impl Setting {
    /// The spelling on the command line.
    pub(crate) fn flag(&self) -> String {
        format!("--{}", self.name)
    }

    /// The spelling in the environment.
    pub(crate) fn variable(&self) -> String {
        format!("CAPTURE_{}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    /// The key in the file; `None` for the setting that names the file itself.
    pub(crate) fn key(&self) -> Option<&'static str> {
        (self.name != CONFIG).then_some(self.name)
    }
}

/// The setting that names the file.
pub(crate) const CONFIG: &str = "config";

/// The setting with this name.
pub(crate) fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

const fn value(name: &'static str, group: Group, word: &'static str, help: &'static str) -> Setting {
    Setting { name, group, form: Form::Value(word), default: None, help, secret: false }
}

const fn switch(name: &'static str, group: Group, help: &'static str) -> Setting {
    Setting { name, group, form: Form::Switch, default: Some("false"), help, secret: false }
}

impl Setting {
    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

/// All settings, in the order of the help and of `docs/settings.md`.
#[rustfmt::skip]
pub(crate) const SETTINGS: &[Setting] = {
    use Group::{Browser, Channel, Client, General, Server};
    &[
        value(CONFIG, General, "FILE", "TOML file with settings; flags and variables win over it."),
        value("data-dir", General, "DIR", "Folder of the ledger; without it `capture` in `$XDG_DATA_HOME` or `~/.local/share`, or `./capture-data` without a home."),
        value("server-key-file", General, "FILE", "File of the server key, from which the secrets of users are derived; without it `server.key` in `data-dir`. All instances that share a Redis need the same key. It is made when the ledger has none yet, and belongs in no backup of the ledger."),
        value("redis-url", General, "URL", "Redis that many instances share, as in `redis://host:6379`: sessions, users and credits are kept there, and every instance answers for every session.").secret(),
        value("redis-prefix", General, "NAME", "Prefix of the names of all keys and channels in Redis.").or("capture"),
        value("log-format", General, "FORMAT", "`text` or `json`; each event is one line on stderr.").or("text"),
        value("log-level", General, "LEVEL", "`error`, `warn`, `info`, `debug` or `trace`, also per module as in `info,capture_core=debug`; without it `info` for `serve`, `warn` for other commands."),
        value("listen", Server, "ADDRESS", "Address and port to serve; port 0 picks a free one.").or("127.0.0.1:8080"),
        value("public-url", Server, "URL", "How clients reach this server, for the addresses in its replies; without it the address of the request."),
        value("trusted-proxies", Server, "NETWORKS", "Proxies in front of this server, as addresses and networks separated by commas. For their connections the client's address is read from the right end of `X-Forwarded-For`; without this setting all clients of a proxy count as one address."),
        value("advertise-url", Server, "URL", "How other instances reach this one; only with `redis-url`."),
        switch("dev", Server, "For trying things out: user `dev` with secret `dev`, nothing kept, private targets allowed, loopback only."),
        value("drain-seconds", Server, "SECONDS", "How long live sessions may go on after SIGTERM, at most 900; a second signal ends them at once.").or("30"),
        value("max-sessions-per-user", Server, "NUMBER", "Active sessions of a user without a limit of their own.").or("5"),
        value("max-sessions", Server, "NUMBER", "Live sessions of this server; above it a create goes to another instance, or is answered 503. With 0 it runs no browser and only passes on.").or("50"),
        value("max-renders-per-user", Server, "NUMBER", "Renders of a user at a time; further ones wait up to 30 s.").or("5"),
        value("render-credits", Server, "CREDITS", "Price of a render in credits; a result from the cache is free.").or("1"),
        value("render-cache-mib", Server, "MIB", "Memory for results of renders that are kept, shared fairly by all users.").or("128"),
        value("render-cache-disk-mib", Server, "MIB", "Results of renders kept in the data directory, so that they outlive a restart; 0 keeps none there.").or("512"),
        value("render-cache-seconds", Server, "SECONDS", "How long the result of a render answers equal requests, at most 604800; 0 keeps none.").or("86400"),
        value("block-lists", Server, "DIR", "Folder with filter lists (*.txt) for renders with `blockAds`; the project ships none."),
        value("presets", Server, "FILE", "TOML file with named sets of parameters for renders, one table for each `preset`."),
        value("ip-ranges", Server, "NETWORKS", "Addresses and networks, separated by commas, from which pages reach the network; `/ip-ranges.json` lists them."),
        value("render-files-mib", Server, "MIB", "Disk space in `data-dir` for the results of batches, where there is no bucket; the user who has most loses the oldest.").or("1024"),
        value("render-files-of-user-mib", Server, "MIB", "Disk space of it that a user may take; the oldest files give way.").or("256"),
        value("storage-url", Server, "URL", "Bucket for the results of renders and batches, as in `s3://bucket/prefix`; it speaks S3. The keys of each user begin with a part of their own."),
        value("storage-endpoint", Server, "URL", "Address of the service that has the bucket, as in `https://s3.example.com`; without it that of AWS in the region."),
        value("storage-region", Server, "NAME", "Region of the bucket.").or("us-east-1"),
        value("storage-access-key", Server, "ID", "Access key for the bucket.").secret(),
        value("storage-secret-key", Server, "SECRET", "Secret of the access key; the variable shows it to fewer than the flag.").secret(),
        switch("storage-acl", Server, "Let users decide with `s3Acl` who may read their objects; the bucket must have ACLs enabled."),
        value("default-ttl-seconds", Server, "SECONDS", "Time to live of a session that names none, never above `max-ttl-seconds`.").or("300"),
        value("max-ttl-seconds", Server, "SECONDS", "Longest time to live; larger requests are capped.").or("900"),
        value("stream-origins", Channel, "ORIGINS", "Origins, beside the server's own, whose pages may open channels; separated by commas."),
        value("stream-connections", Channel, "NUMBER", "Open channels of all users together.").or("20000"),
        value("stream-connections-per-user", Channel, "NUMBER", "Open channels of a user.").or("20"),
        value("stream-strangers-per-address", Channel, "NUMBER", "Open channels of one address that have not said hello.").or("20"),
        value("stream-in-flight", Channel, "NUMBER", "Requests of a channel that wait for their answer.").or("32"),
        value("stream-subscriptions", Channel, "NUMBER", "Sessions a channel may follow, and as many it may view.").or("64"),
        value("stream-requests-per-second", Channel, "NUMBER", "Requests and pings a channel may send per second, actions not counted; above it the server pauses reading.").or("120"),
        value("stream-request-burst", Channel, "NUMBER", "Requests and pings a channel may send at once before that rate applies.").or("240"),
        value("stream-client-frame-bytes", Channel, "BYTES", "Largest frame of a client.").or("1048576"),
        value("stream-server-frame-bytes", Channel, "BYTES", "Largest frame of the server; a larger answer is an error that says so.").or("16777216"),
        value("stream-depth", Channel, "LEVELS", "Levels of arrays and objects in a client's frame.").or("64"),
        value("stream-queue-bytes", Channel, "BYTES", "Bytes that may wait behind the frame being written; above it the channel closes with 4408.").or("1048576"),
        value("stream-queue-frames", Channel, "NUMBER", "Frames that may wait behind the frame being written; above it the channel closes with 4408.").or("1024"),
        value("stream-hello-seconds", Channel, "SECONDS", "How long a client may take to say hello.").or("10"),
        value("stream-idle-seconds", Channel, "SECONDS", "Longest silence of the server.").or("20"),
        value("stream-silence-seconds", Channel, "SECONDS", "Longest silence of a client.").or("45"),
        value("stream-write-seconds", Channel, "SECONDS", "How long one write may take.").or("10"),
        value("stream-recheck-seconds", Channel, "SECONDS", "Time between two checks whether the secret behind a channel is still valid.").or("60"),
        value("browser-executable", Browser, "FILE", "Chromium to start; without it the first one found, headless shell before the full browser."),
        value("browser-isolation", Browser, "MODE", "Who shares a browser process. `user`: the sessions of one user; `process`: none; `context`: those of all users, for operators who trust them all. `dev` implies `context`.").or("user"),
        value("browser-warm-pages", Browser, "NUMBER", "Browsers kept ready, each with a page; unless it is 0, the browser of each user below `max-sessions-per-user` has a page ready too. With `browser-isolation` `context` it counts pages.").or("2"),
        value("browser-max-pages", Browser, "NUMBER", "Sessions and ready pages of one browser process; above it another one is started.").or("25"),
        value("browser-retire-seconds", Browser, "SECONDS", "Age at which a browser process takes no new sessions and is replaced.").or("3600"),
        value("browser-retire-sessions", Browser, "NUMBER", "Sessions after which a browser process is replaced.").or("500"),
        value("browser-retire-memory-mib", Browser, "MIB", "Memory of a browser process and its children above which it is replaced.").or("4096"),
        value("browser-idle-seconds", Browser, "SECONDS", "How long a user's browser waits for the next session after the last one has ended; at most `browser-warm-pages` browsers wait, or one per core if that is more. With 0 it is closed at once.").or("10"),
        value("browser-memory-mib", Browser, "MIB", "Memory of a browser process and its children above which the session that holds or caused most of it ends, and the browser if that was not enough or it has one session only.").or("6144"),
        value("browser-disk-mib", Browser, "MIB", "Disk space that the files of a browser process may take; above it the browser ends.").or("1024"),
        value("browser-run-root", Browser, "DIR", "Where running browsers keep their files; without it a folder in the system's temporary directory. Full Chromium wants a path of at most 45 characters."),
        value("browser-uid", Browser, "UID", "User id of shared browsers when the server runs as root; a browser of one user or session takes one of the 480 above it, which no other browser of the host has. Without it 60700; never 0."),
        value("bypass-browser-executable", Browser, "FILE", "Browser for sessions with `bypassBotDetection`, started for each of them; without it and `bypass-browser-url` they are answered 503."),
        value("bypass-browser-arguments", Browser, "ARGUMENTS", "Further arguments of `bypass-browser-executable`, quoted as for a shell. An argument that overrides one of the server's, such as a proxy, weakens the sandbox around that browser."),
        value("bypass-browser-url", Browser, "URL", "A browser elsewhere for sessions with `bypassBotDetection`, as in `wss://browsers.example/devtools/browser`: each session has a connection and a context of its own there, and what its pages reach is not behind the egress rules.").secret(),
        switch("egress-private", Browser, "Let pages reach loopback and private addresses; `dev` implies it. Cloud metadata stays denied."),
        value("egress-allow", Browser, "RULES", "What pages may reach although it is not public, separated by commas: addresses, networks, names, each with a port if wanted, as in `10.1.0.0/16,intranet.example:8080`."),
        value("egress-deny", Browser, "RULES", "What pages may not reach, even where another rule allows it; written as `egress-allow`."),
        switch("unsafe-no-sandbox", Browser, "Run Chromium without its sandbox: a hostile page that breaks it then owns this account."),
        value("server-url", Client, "URL", "Server whose session `capture forward` gives a port here.").or("http://127.0.0.1:8080"),
        value("token", Client, "TOKEN", "Bearer token of the user whose session it is; the variable shows it to fewer than the flag.").secret(),
    ]
};

/// The tables of `docs/settings.md`, one per group.
pub(crate) fn markdown_tables() -> String {
    Group::ALL.map(markdown_table).join("\n\n")
}

fn markdown_table(group: Group) -> String {
    let (heading, commands) = (group.heading(), group.commands());
    let head = "| flag | variable | file key | default | meaning |\n|---|---|---|---|---|";
    let rows = SETTINGS.iter().filter(|setting| setting.group == group).map(markdown_row);
    format!("## {heading}\n\n{commands}\n\n{head}\n{}", rows.collect::<Vec<_>>().join("\n"))
}

fn markdown_row(setting: &Setting) -> String {
    let code = |text: &str| if text.is_empty() { "–".to_owned() } else { format!("`{text}`") };
    let flag = match setting.form {
        Form::Value(word) => format!("{} {word}", setting.flag()),
        Form::Switch => setting.flag(),
    };
    let cells = [
        code(&flag),
        code(&setting.variable()),
        code(setting.key().unwrap_or_default()),
        code(setting.default.unwrap_or_default()),
        setting.help.to_owned(),
    ];
    format!("| {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_three_spellings() {
        let setting = find("max-sessions").unwrap();
        let spellings = (setting.flag(), setting.variable(), setting.key());
        let expected = ("--max-sessions".to_owned(), "CAPTURE_MAX_SESSIONS".to_owned(), Some("max-sessions"));
        assert_eq!(spellings, expected);
    }

    #[test]
    fn names_are_unique_and_sentences_end() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            assert!(SETTINGS.iter().skip(index + 1).all(|other| other.name != setting.name), "{}", setting.name);
            assert!(setting.help.ends_with('.') && !setting.help.contains('|'), "{}", setting.name);
        }
    }

    /// `capture settings` prints the tables that `docs/settings.md` must contain.
    #[test]
    fn the_page_of_settings_shows_these_tables() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/settings.md"))
            .expect("there is a docs/settings.md");
        let after = page.split_once("<!-- settings -->").expect("docs/settings.md has <!-- settings -->").1;
        let shown = after.split_once("<!-- /settings -->").expect("docs/settings.md has <!-- /settings -->").0;
        assert_eq!(shown.trim(), markdown_tables().trim(), "run `capture settings` and paste its output");
    }
}
