//! `capture run`: one session without a server. Results are JSON lines on stdout; progress and the bill go to stderr.

mod args;
mod pictures;
mod plan;

use std::{path::Path, process::ExitCode, time::Duration};

use capture_core::{
    ActionReply, Caller, Engine, Error, Executed, Sessions,
    action::Action,
    browser::chromium::{Chromium, ChromiumConfig},
    session::{SessionId, SessionOptions, SessionView},
};
use serde_json::{Map, Value, json};

pub(crate) use self::args::RunArgs;
use crate::{config::Config, failure::Failure, signals::StopSignals, terminal};

/// The only user of this engine.
const USER: &str = "run";
/// The exit code that a shell expects of a program that SIGINT ended.
const INTERRUPTED: u8 = 130;

/// How the actions ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    AllWell,
    Failed,
    Interrupted,
}

/// Runs the actions until the first that fails. A signal closes the session.
pub(crate) async fn run(args: &RunArgs, config: Config) -> Result<ExitCode, Failure> {
    let actions = plan::read(args)?;
    let make_dir = || format!("make the directory {}", args.out.display());
    std::fs::create_dir_all(&args.out).map_err(Failure::io(make_dir()))?;
    let mut signals = StopSignals::listen().map_err(Failure::io("take over the signals"))?;
    let engine = tokio::select! {
        engine = start(config) => engine?,
        () = signals.next() => return Ok(ExitCode::from(INTERRUPTED)),
    };
    let ended = run_session(&engine, actions, &args.out, &mut signals).await;
    engine.shutdown(Duration::ZERO).await;
    Ok(match ended? {
        Ending::AllWell => ExitCode::SUCCESS,
        Ending::Failed => ExitCode::FAILURE,
        Ending::Interrupted => ExitCode::from(INTERRUPTED),
    })
}

fn caller() -> Result<Caller, Failure> {
    let user = USER.parse().map_err(|error: capture_core::account::InvalidUserId| Failure::Usage(error.to_string()))?;
    Ok(Caller::user(user))
}

async fn start(config: Config) -> Result<Engine, Failure> {
    terminal::note("starting the browser …");
    // Private addresses are allowed, because the user of this command can reach them from this machine in any case.
    let browser = ChromiumConfig { egress: config.browser.egress.clone().allow_private(), ..config.browser };
    let chromium = Chromium::start(browser).await?;
    Ok(Engine::builder().limits(config.limits).backend(chromium).open_to(caller()?.user).build().await?)
}

async fn run_session(
    engine: &Engine,
    actions: Vec<Action>,
    out: &Path,
    signals: &mut StopSignals,
) -> Result<Ending, Failure> {
    let options = SessionOptions::with_ttl(engine.limits().max_ttl);
    let session = tokio::select! {
        created = engine.create(caller()?, options, None) => created?.session.id,
        () = signals.next() => return Ok(Ending::Interrupted),
    };
    let ended = tokio::select! {
        ended = run_all(engine, session, actions, out) => ended,
        () = signals.next() => {
            terminal::note("interrupted: closing the session");
            Ok(Ending::Interrupted)
        }
    };
    bill(&engine.close(caller()?, session).await?);
    ended
}

async fn run_all(engine: &Engine, session: SessionId, actions: Vec<Action>, out: &Path) -> Result<Ending, Failure> {
    let count = actions.len();
    for (index, action) in actions.into_iter().enumerate() {
        let (step, kind) = (index + 1, action.action_type());
        terminal::note(format_args!("[{step}/{count}] {kind} …"));
        let (progress, result) = match engine.execute(caller()?, session, action, None).await {
            Ok(Executed::Reply(reply)) => (format!("ok, {} ms", reply.duration_ms), brought(&reply)),
            Ok(Executed::Dropped(_)) => ("ok".to_owned(), Map::new()), // only actions with a key can be dropped
            Err(error) => (format!("FAILED: {}; {}", terminal::sentence(&error), error.hint()), refused(&error)),
        };
        let failed = result.contains_key("error");
        let mut line = Map::from_iter([
            ("step".to_owned(), step.into()),
            ("type".to_owned(), kind.to_string().into()),
            ("success".to_owned(), (!failed).into()),
        ]);
        line.extend(result);
        pictures::write(&mut line, out, &format!("{step:02}-{kind}"))?;
        terminal::say(Value::Object(line));
        terminal::note(format_args!("[{step}/{count}] {kind} {progress}"));
        if failed {
            return Ok(Ending::Failed);
        }
    }
    Ok(Ending::AllWell)
}

/// The fields of a result, as in a reply of the API.
fn brought(reply: &ActionReply) -> Map<String, Value> {
    let mut fields = match serde_json::to_value(&*reply.outcome) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.insert("durationMs".to_owned(), reply.duration_ms.into());
    fields
}

/// The fields of an error, as in a reply of the API.
fn refused(error: &Error) -> Map<String, Value> {
    let mut fields = error.details().clone();
    fields.insert("error".to_owned(), error.message().into());
    fields.insert("code".to_owned(), error.code().as_str().into());
    if let Some(reason) = error.reason() {
        fields.insert("reason".to_owned(), reason.into());
    }
    fields.insert("outcome".to_owned(), json!(error.outcome()));
    fields.insert("hint".to_owned(), error.hint().into());
    fields
}

fn bill(session: &SessionView) {
    terminal::say(json!({"session": session}));
    let (credits, seconds) = (session.billed_credits.unwrap_or(0), session.duration_seconds.unwrap_or(0));
    let (actions, failed) = (session.action_count, session.action_error_count);
    terminal::note(format_args!("credits: {credits}, seconds: {seconds}, actions: {actions}, failed: {failed}"));
}
