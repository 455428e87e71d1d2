//! The command in a request, parsed and validated once.
//!
//! Knows nothing of connections or of how commands are carried out.

use std::time::Duration;

use capture_core::{
    ActionName, Error, Limits,
    account::{Mode, Scope},
    action::{self, Action},
    actor::ViewOptions,
    browser::Screencast,
    event::Since,
    session::{IdempotencyKey, Keyed, RequestHash, SessionId, SessionOptions, parse_ttl},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Request;

/// A request whose every part is valid.
#[derive(Debug)]
#[expect(missing_docs, reason = "each is a method of the protocol")]
pub enum Command {
    Hello { ticket: Option<String> },
    Ping,
    Create { options: SessionOptions, keyed: Option<Keyed> },
    Get(SessionId),
    List,
    Close(SessionId),
    Renew { id: SessionId, seconds: u64 },
    Act { id: SessionId, action: Box<Action>, keyed: Keyed },
    Cancel { id: SessionId, name: ActionName },
    Subscribe { id: SessionId, wanted: EventFilter, since: Option<Since> },
    Unsubscribe(SessionId),
    ViewStart { id: SessionId, options: ViewOptions },
    ViewCredit { id: SessionId, count: usize },
    ViewStop(SessionId),
}

/// The kinds of events outside the log that a subscriber wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventFilter {
    /// Interval of the countdowns; `None` for no countdowns.
    pub countdown: Option<Duration>,
    /// Messages of the page's console.
    pub console: bool,
    /// Errors in the page.
    pub errors: bool,
}

const METHODS: &str = "connection.hello, connection.ping, session.create, session.get, session.list, session.close, \
                       session.renew, session.act, session.cancel, session.subscribe, session.unsubscribe, view.start, \
                       view.credit, view.stop";

impl Command {
    /// Parses a request.
    ///
    /// # Errors
    /// `invalid_request` with the name of the field; `session_not_found` for a malformed session id.
    pub fn parse(request: &Request, limits: &Limits) -> Result<Self, Error> {
        let params = Params(&request.params);
        let id = || session_id(request);
        match &*request.method {
            "connection.hello" => Ok(Self::Hello { ticket: params.text("ticket")? }),
            "connection.ping" => Ok(Self::Ping),
            "session.create" => {
                Ok(Self::Create { options: SessionOptions::parse(&request.params, limits)?, keyed: keyed(request)? })
            }
            "session.get" => Ok(Self::Get(id()?)),
            "session.list" => Ok(Self::List),
            "session.close" => Ok(Self::Close(id()?)),
            "session.renew" => Ok(Self::Renew { id: id()?, seconds: renewal(&request.params)? }),
            "session.act" => act(request, id()?),
            "session.cancel" => Ok(Self::Cancel { id: id()?, name: params.name()? }),
            "session.subscribe" => Ok(Self::Subscribe { id: id()?, wanted: params.wanted()?, since: params.since()? }),
            "session.unsubscribe" => Ok(Self::Unsubscribe(id()?)),
            "view.start" => Ok(Self::ViewStart { id: id()?, options: params.view()? }),
            "view.credit" => Ok(Self::ViewCredit { id: id()?, count: params.integer("count", 1..=10, 1)? as usize }),
            "view.stop" => Ok(Self::ViewStop(id()?)),
            other => {
                let shown: String = other.chars().take(64).collect();
                Err(Error::invalid(format!("no method {shown:?}; there are {METHODS}")).with_reason("unknown_method"))
            }
        }
    }

    /// Whether a credential of this scope may send it.
    pub fn is_within(&self, scope: &Scope) -> bool {
        let (session, looks) = match self {
            Self::Hello { .. } | Self::Ping => return true,
            Self::Create { .. } | Self::List => (None, false),
            Self::Get(id) | Self::Subscribe { id, .. } | Self::Unsubscribe(id) => (Some(*id), true),
            Self::ViewStart { id, .. } | Self::ViewCredit { id, .. } | Self::ViewStop(id) => (Some(*id), true),
            Self::Close(id) | Self::Renew { id, .. } | Self::Act { id, .. } | Self::Cancel { id, .. } => {
                (Some(*id), false)
            }
        };
        (scope.session_id.is_none() || scope.session_id == session) && (looks || scope.mode == Mode::Drive)
    }

    /// Whether it counts against the request rate. Actions do not: their queue bounds them.
    pub fn is_paced(&self) -> bool {
        !matches!(self, Self::Act { .. })
    }
}

fn act(request: &Request, id: SessionId) -> Result<Command, Error> {
    let action = Box::new(action::parse(&Value::Object(request.params.clone()))?);
    let keyed = keyed(request)?;
    let keyed = keyed.ok_or_else(|| {
        Error::invalid("key is required: a name of your own for this action, so that sending it again is safe")
    })?;
    Ok(Command::Act { id, action, keyed })
}

fn session_id(request: &Request) -> Result<SessionId, Error> {
    let text = request.session.as_deref().ok_or_else(|| Error::invalid("sessionId is required"))?;
    text.parse().map_err(|_malformed| Error::not_found())
}

fn keyed(request: &Request) -> Result<Option<Keyed>, Error> {
    let Some(text) = &request.key else { return Ok(None) };
    let key = text.parse::<IdempotencyKey>().map_err(|error| Error::invalid(format!("key: {error}")))?;
    let bytes = serde_json::to_vec(&request.params).map_err(Error::internal)?;
    Ok(Some(Keyed { key, request: RequestHash::of(&bytes) }))
}

fn renewal(params: &Map<String, Value>) -> Result<u64, Error> {
    params
        .get("maxTtlSeconds")
        .ok_or_else(|| Error::invalid("maxTtlSeconds is required"))
        .and_then(|ttl| Ok(parse_ttl(ttl)?))
}

/// The parameters of a method, read field by field; null is equivalent to an absent field.
struct Params<'a>(&'a Map<String, Value>);

impl Params<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Error::invalid(format!("{name} must be text"))),
        }
    }

    fn integer(&self, name: &str, range: std::ops::RangeInclusive<u32>, default: u32) -> Result<u32, Error> {
        let Some(value) = self.get(name) else { return Ok(default) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            Error::invalid(format!("{name} must be an integer from {} to {}", range.start(), range.end()))
        })
    }

    fn name(&self) -> Result<ActionName, Error> {
        match (self.text("key")?, self.text("actionId")?) {
            (Some(key), None) => {
                let key = key.parse().map_err(|error| Error::invalid(format!("key: {error}")))?;
                Ok(ActionName::Key(key))
            }
            (None, Some(id)) => Ok(ActionName::Id(id)),
            _ => Err(Error::invalid("name the action by key or by actionId")),
        }
    }

    fn wanted(&self) -> Result<EventFilter, Error> {
        const EVENTS: &str = "countdown, console, errors, action, page, lifecycle";
        let every = Duration::from_millis(self.integer("countdownMs", 1_000..=60_000, 1_000)?.into());
        let mut wanted = EventFilter { countdown: None, console: false, errors: false };
        let events = match self.get("events") {
            None => return Ok(wanted),
            Some(Value::Array(events)) => events,
            Some(_) => return Err(Error::invalid(format!("events must be an array of {EVENTS}"))),
        };
        for event in events {
            match event.as_str() {
                Some("countdown") => wanted.countdown = Some(every),
                Some("console") => wanted.console = true,
                Some("errors") => wanted.errors = true,
                // These kinds are in the log, so every subscriber receives them.
                Some("action" | "page" | "lifecycle") => {}
                _ => return Err(Error::invalid(format!("events may hold {EVENTS}"))),
            }
        }
        Ok(wanted)
    }

    fn since(&self) -> Result<Option<Since>, Error> {
        let Some(since) = self.get("since") else { return Ok(None) };
        let read = Since::deserialize(since);
        read.map(Some).map_err(|_other| Error::invalid("since must be {epoch, seq}, as events have them"))
    }

    fn view(&self) -> Result<ViewOptions, Error> {
        let screencast = Screencast {
            quality: self.integer("quality", 1..=80, 60)?,
            max_width: self.integer("maxWidth", 16..=1_920, 1_280)?,
            max_height: self.integer("maxHeight", 16..=1_920, 1_280)?,
        };
        Ok(ViewOptions { max_fps: self.integer("maxFps", 1..=15, 10)?, screencast })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "sess_00000000-0000-4000-8000-000000000000";

    fn parse(method: &str, key: Option<&str>, params: &Value) -> Result<Command, Error> {
        let frame = json!({"id": 1, "method": method, "sessionId": ID, "key": key, "params": params});
        Command::parse(&Request::read(frame).unwrap(), &Limits::default())
    }

    #[test]
    fn refusals_name_the_field() {
        for (method, key, params, named) in [
            ("session.open", None, json!({}), "no method"),
            ("connection.hello", None, json!({"ticket": 5}), "ticket"),
            ("session.create", None, json!({"stealth": true}), "stealth"),
            ("session.create", Some("ä"), json!({}), "key"),
            ("session.renew", None, json!({}), "maxTtlSeconds"),
            ("session.act", None, json!({"type": "title"}), "key is required"),
            ("session.act", Some("k"), json!({"type": "fly"}), "type"),
            ("session.cancel", None, json!({}), "actionId"),
            ("session.cancel", None, json!({"key": "k", "actionId": "a"}), "actionId"),
            ("session.subscribe", None, json!({"events": "countdown"}), "events"),
            ("session.subscribe", None, json!({"events": ["noise"]}), "events"),
            ("session.subscribe", None, json!({"countdownMs": 999}), "countdownMs"),
            ("session.subscribe", None, json!({"since": {"seq": 1}}), "since"),
            ("session.subscribe", None, json!({"since": 5}), "since"),
            ("view.start", None, json!({"maxFps": 16}), "maxFps"),
            ("view.start", None, json!({"quality": "best"}), "quality"),
            ("view.credit", None, json!({"count": 0}), "count"),
        ] {
            let error = parse(method, key, &params).unwrap_err();
            assert!(error.message().contains(named), "{method} {params}: {error}");
        }
    }

    #[test]
    fn defaults_and_what_is_ignored() {
        let Command::Subscribe { wanted, since, .. } =
            parse("session.subscribe", None, &json!({"events": ["action", "countdown"], "later": 1})).unwrap()
        else {
            panic!("a subscription")
        };
        let expected = EventFilter { countdown: Some(Duration::from_secs(1)), console: false, errors: false };
        assert_eq!((wanted, since), (expected, None));
    }

    #[test]
    fn an_observer_looks_at_its_session_and_nothing_else() {
        let mine = Scope { session_id: Some(ID.parse().unwrap()), mode: Mode::Observe };
        let other = Scope { session_id: Some(SessionId::new()), mode: Mode::Drive };
        let driver = Scope { mode: Mode::Drive, ..mine };
        for (method, key, params, allowed) in [
            ("session.get", None, json!({}), [true, false, true]),
            ("session.subscribe", None, json!({}), [true, false, true]),
            ("view.start", None, json!({}), [true, false, true]),
            ("session.act", Some("k"), json!({"type": "title"}), [false, false, true]),
            ("session.close", None, json!({}), [false, false, true]),
            ("session.create", None, json!({}), [false, false, false]),
            ("session.list", None, json!({}), [false, false, false]),
            ("connection.ping", None, json!({}), [true, true, true]),
        ] {
            let command = parse(method, key, &params).unwrap();
            assert_eq!([mine, other, driver].map(|scope| command.is_within(&scope)), allowed, "{method}");
            assert!(command.is_within(&Scope::ALL), "{method}");
        }
    }
}
