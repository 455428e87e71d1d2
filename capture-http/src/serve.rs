//! `capture serve`: from opening the data directory to the last reply.
//!
//! The socket is bound early, so that a port in use is reported before a browser starts. Connections are accepted only
//! when the ledger is recovered and the browser is warm, so that every answer comes from a complete server. After a
//! signal, replies go on until the last session is settled.

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use axum::Router;
use capture_core::{
    Engine,
    account::Secret,
    block_lists::BlockLists,
    browser::{
        Absent,
        chromium::{Chromium, ChromiumConfig},
    },
    cluster::Cluster,
    egress::{Guard, System},
};
use capture_http::{App, EdgeSettings, Folders, resume_batches, router, server};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    bearer,
    config::Config,
    data_dir::{Lock, Temporary},
    failure::Failure,
    ledger::{DEV, Ledgers, dev_user},
    server_key,
    signals::StopSignals,
    terminal,
};

/// How long the last replies may take once every session is settled.
const LAST_REPLIES: Duration = Duration::from_secs(5);
/// Interval in which a draining server checks whether its last session has ended.
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
            // The other instances go on serving them, including the sessions that are still here.
            server.engine.drain();
            server.app.channels().stop(LAST_REPLIES).await;
        }
        drain(&server.engine, &server.app, config.drain, &mut signals).await;
        // Channels close after the sessions, so that watchers learn the end of their session first.
        server.app.channels().stop(LAST_REPLIES).await;
        drop(close);
    };
    tokio::join!(serving, ending);
    // The link closes after the last reply, because that may come from another instance.
    if let Some(cluster) = &server.cluster {
        cluster.leave().await;
    }
    drop((server.lock, server.temporary));
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// The parts of a running server.
struct Server {
    listener: TcpListener,
    address: SocketAddr,
    engine: Engine,
    cluster: Option<Cluster>,
    app: Arc<App>,
    router: Router,
    lock: Option<Lock>,
    /// The folder of a server that keeps nothing.
    temporary: Option<Temporary>,
}

/// Raises the limit on open files, because every connection and every browser needs some and the initial limit is often
/// 1024.
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
    let signing = server_key::signing(config, ledger.fingerprints()).await?;
    let builder = Engine::builder().limits(config.limits.clone());
    let browser = browser(config, address).await?;
    let (builder, guard) = match config.limits.max_sessions {
        0 => {
            let guard = Guard::new(browser.egress.clone(), Arc::new(System::default()));
            browser.forbidden.iter().for_each(|address| guard.forbid(*address));
            (builder.backend(Absent), guard)
        }
        _ => {
            let chromium = Chromium::start(browser).await?;
            let guard = chromium.guard();
            (builder.backend(chromium), guard)
        }
    };
    let (builder, accounts) = ledger.for_engine(builder);
    let engine = builder.build().await?;
    let (cluster, lock) = match ledger {
        Ledgers::Memory(_) => (None, None),
        Ledgers::File(_, lock) => (None, Some(lock)),
        Ledgers::Shared(ledger, link) => (Some(Cluster::join(engine.clone(), ledger, link)), None),
    };
    let temporary = config.dev.then(Temporary::create).transpose()?;
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
        render_cache: config.render_cache,
        presets: config.presets.clone(),
        ip_ranges: config.ip_ranges.clone(),
        storage: config.storage.clone(),
        data_dir: Some(temporary.as_ref().map_or(&config.data_dir, Temporary::path).clone()),
        guard: Some(guard),
        signing: if config.dev { signing.knowing(Secret::chosen(DEV)) } else { signing },
    };
    let app = Arc::new(App::new(&engine, accounts, cluster.as_ref(), settings)?);
    resume_batches(&app);
    let router = router(Arc::clone(&app));
    tracing::info!(%address, "serving");
    Ok(Server { listener, address, engine, cluster, app, router, lock, temporary })
}

/// The folders that creating a session writes to: that of the ledger's file, if it is one, and those of the browsers.
fn folders(config: &Config, ledger_is_a_file: bool) -> Folders {
    let browsers = (config.limits.max_sessions > 0).then(|| config.browser.run_root());
    Folders::new(browsers.into_iter().chain(ledger_is_a_file.then(|| config.data_dir.clone())))
}

/// The browser's configuration, in which the addresses of this server and of its Redis are out of reach for pages.
async fn browser(config: &Config, address: SocketAddr) -> Result<ChromiumConfig, Failure> {
    let mut forbidden = vec![address];
    let urls = config.redis.iter().flat_map(|redis| [Some(&redis.url), redis.advertise.as_ref()]).flatten();
    for url in urls {
        let port = url.port_or_known_default().or((url.scheme() == "redis").then_some(6379));
        if let (Some(host), Some(port)) = (url.host_str(), port) {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            // A name that does not resolve now is not excluded now; private addresses are denied in any case.
            forbidden.extend(tokio::net::lookup_host((host, port)).await.into_iter().flatten());
        }
    }
    let block_lists = block_lists(config)?;
    Ok(ChromiumConfig { forbidden, block_lists, ..config.browser.clone() })
}

/// Reads the lists of what pages should not request, if there are any.
fn block_lists(config: &Config) -> Result<Option<Arc<BlockLists>>, Failure> {
    let Some(folder) = &config.block_lists else { return Ok(None) };
    BlockLists::read(folder).map(Arc::new).map(Some).map_err(Failure::io("read the filter lists of block-lists"))
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

/// Refuses creates and lets active sessions and renders go on, then ends and settles the rest.
async fn drain(engine: &Engine, app: &App, grace: Duration, signals: &mut StopSignals) {
    // Jobs first: one that began after the engine drains would be refused.
    app.stop_batches();
    engine.drain();
    let sessions = engine.live_sessions();
    tracing::info!(sessions, grace_seconds = grace.as_secs(), "draining; a second signal ends the sessions at once");
    let last_work = async {
        while engine.live_sessions() + engine.live_renders() > 0 || app.has_renders_under_way() {
            tokio::time::sleep(DRAIN_POLL).await;
        }
    };
    tokio::select! {
        _in_time_or_not = tokio::time::timeout(grace, last_work) => {}
        () = signals.next() => tracing::info!("second signal: the grace is skipped"),
    }
    // This is never raced against a signal: interrupting it would leave sessions unsettled.
    engine.shutdown(Duration::ZERO).await;
    app.finish_renders(LAST_REPLIES).await;
}
