//! `capture serve`: from the data directory to the last reply.
//!
//! The socket is bound early, so that a taken port is told before a browser starts, but connections are first accepted
//! when the ledger is recovered and the browser is warm: whoever gets an answer gets one from a complete server. After a
//! signal, replies go on until the last session is settled.

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use axum::Router;
use capture_core::{
    Engine,
    account::Secret,
    browser::{
        Absent,
        chromium::{Chromium, ChromiumConfig},
    },
    cluster::Cluster,
};
use capture_http::{App, EdgeSettings, Folders, router, server};
use capture_ws::Channels;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    bearer,
    config::Config,
    data_dir::Lock,
    failure::Failure,
    ledger::{DEV, Ledgers, dev_user},
    signals::StopSignals,
    terminal,
};

/// How long the last replies may take once every session is settled.
const LAST_REPLIES: Duration = Duration::from_secs(5);
/// How often a draining server looks whether its last session has ended.
const DRAIN_POLL: Duration = Duration::from_millis(50);

/// Serves until a signal, then drains. A second signal skips the drain's grace.
pub(crate) async fn serve(config: &Config) -> Result<ExitCode, Failure> {
    let mut signals = StopSignals::listen().map_err(Failure::io("take over the signals"))?;
    let server = tokio::select! {
        server = start(config) => server?,
        () = signals.next() => {
            tracing::info!("stopped while starting");
            return Ok(ExitCode::SUCCESS);
        }
    };
    greet(config, server.address);
    let (close, closed) = oneshot::channel::<()>();
    let closed = async move { drop(closed.await) };
    let serving = server::serve(server.listener, server.router, config.trusted_proxies.clone(), closed, LAST_REPLIES);
    let ending = async {
        signals.next().await;
        if server.cluster.is_some() {
            // Other instances go on serving them, also the sessions that are still here.
            server.engine.drain();
            server.channels.stop(LAST_REPLIES).await;
        }
        drain(&server.engine, config.drain, &mut signals).await;
        // After the sessions: whoever watches one learns its end first.
        server.channels.stop(LAST_REPLIES).await;
        drop(close);
    };
    tokio::join!(serving, ending);
    // After the last reply: it may come from another instance.
    if let Some(cluster) = &server.cluster {
        cluster.leave().await;
    }
    drop(server.lock);
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Everything a running server consists of.
struct Server {
    listener: TcpListener,
    address: SocketAddr,
    engine: Engine,
    cluster: Option<Cluster>,
    channels: Channels,
    router: Router,
    lock: Option<Lock>,
}

/// Every connection and every browser takes some, and the limit a process begins with is often 1024.
fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, allowed = limit.current, "the limit of open files could not be raised");
    }
}

async fn start(config: &Config) -> Result<Server, Failure> {
    allow_open_files();
    let listening = || format!("listen on {}", config.listen);
    let listener = server::listen(config.listen).map_err(Failure::io(listening()))?;
    let address = listener.local_addr().map_err(Failure::io(listening()))?;
    let ledger = Ledgers::open(config).await?;
    let builder = Engine::builder().limits(config.limits.clone());
    let builder = match config.limits.max_sessions {
        0 => builder.backend(Absent),
        _ => builder.backend(Chromium::start(browser(config, address).await).await?),
    };
    let (builder, accounts) = ledger.for_engine(builder);
    let engine = builder.build().await?;
    let (cluster, lock) = match ledger {
        Ledgers::Memory(_) => (None, None),
        Ledgers::File(_, lock) => (None, Some(lock)),
        Ledgers::Shared(ledger, link) => (Some(Cluster::join(engine.clone(), ledger, link)), None),
    };
    let settings = EdgeSettings {
        public_url: config.public_url.clone(),
        local_only: config.dev,
        trusted_proxies: config.trusted_proxies.clone(),
        stream_origins: config.stream_origins.clone(),
        channels: config.channels.clone(),
        demo_token: config
            .dev
            .then(|| dev_user().map(|user| bearer::token(&user, &Secret::chosen(DEV))))
            .transpose()?,
        folders: folders(config, lock.is_some()),
    };
    let app = Arc::new(App::new(&engine, accounts, cluster.as_ref(), settings)?);
    let (channels, router) = (app.channels().clone(), router(app));
    tracing::info!(%address, "serving");
    Ok(Server { listener, address, engine, cluster, channels, router, lock })
}

/// Where a create writes: the ledger's file, where it is one, and the folders of the browsers.
fn folders(config: &Config, ledger_is_a_file: bool) -> Folders {
    let browsers = (config.limits.max_sessions > 0).then(|| config.browser.run_root());
    Folders::new(browsers.into_iter().chain(ledger_is_a_file.then(|| config.data_dir.clone())))
}

/// No page ever reaches the server itself, or its Redis.
async fn browser(config: &Config, address: SocketAddr) -> ChromiumConfig {
    let mut forbidden = vec![address];
    let urls = config.redis.iter().flat_map(|redis| [Some(&redis.url), redis.advertise.as_ref()]).flatten();
    for url in urls {
        let port = url.port_or_known_default().or((url.scheme() == "redis").then_some(6379));
        if let (Some(host), Some(port)) = (url.host_str(), port) {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            // One that cannot be found now is not reached now; private addresses are denied anyway.
            forbidden.extend(tokio::net::lookup_host((host, port)).await.into_iter().flatten());
        }
    }
    ChromiumConfig { forbidden, ..config.browser.clone() }
}

fn greet(config: &Config, address: SocketAddr) {
    terminal::say(format_args!("capture listening on http://{address}"));
    if !config.dev {
        return;
    }
    let Ok(user) = dev_user() else { return };
    let token = bearer::token(&user, &Secret::chosen(DEV));
    terminal::say("development only: everyone on this machine may use it, and nothing is kept");
    terminal::say(format_args!("bearer token of user {DEV}: {token}"));
    terminal::say(format_args!("try: curl -X POST -H 'Authorization: Bearer {token}' http://{address}/v1/sessions"));
}

/// Refuses creates and lets live sessions go on, then ends and settles the rest.
async fn drain(engine: &Engine, grace: Duration, signals: &mut StopSignals) {
    engine.drain();
    let sessions = engine.live_sessions();
    tracing::info!(sessions, grace_seconds = grace.as_secs(), "draining; a second signal ends the sessions at once");
    let last_session = async {
        while engine.live_sessions() > 0 {
            tokio::time::sleep(DRAIN_POLL).await;
        }
    };
    tokio::select! {
        _in_time_or_not = tokio::time::timeout(grace, last_session) => {}
        () = signals.next() => tracing::info!("second signal: the grace is skipped"),
    }
    // Never raced against a signal: interrupting it would leave sessions unsettled.
    engine.shutdown(Duration::ZERO).await;
}
