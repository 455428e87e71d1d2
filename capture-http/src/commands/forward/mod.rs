//! `capture forward`: a local port for tools that can be given nothing but a host and a port.
//!
//! Such a tool drops the path and the query of an address, and every credential in them. Here the command adds its own
//! credentials, so every local client of the port has access. The port is therefore on loopback only, and requests of
//! web pages are refused.
//!
//! ```text
//! tool ─► 127.0.0.1:port ─► door: who asks, and what ─► upstream: the server, with the token ─► /json, /devtools
//! ```

mod addresses;
mod args;
mod door;
mod upstream;
mod watch;

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use capture_http::{client_address::TrustedProxies, server};

pub(crate) use self::args::ForwardArgs;
use self::{door::Door, upstream::Upstream};
use crate::{config::Config, failure::Failure, signals::StopSignals, terminal};

/// How long the last replies may take once the session has ended.
const LAST_REPLIES: Duration = Duration::from_secs(2);

/// Forwards until the session ends or a signal arrives.
pub(crate) async fn forward(args: &ForwardArgs, config: &Config) -> Result<ExitCode, Failure> {
    let mut signals = StopSignals::listen().map_err(Failure::io("take over the signals"))?;
    let Some(token) = &config.remote.token else {
        return Err(Failure::Usage("a bearer token is needed: set CAPTURE_TOKEN, or give --token".to_owned()));
    };
    let upstream = Arc::new(Upstream::new(&config.remote.url, token, args.session)?);
    watch::present(&upstream).await?;
    let address = SocketAddr::from(([127, 0, 0, 1], args.port));
    let listening = || format!("listen on {address}");
    let listener = server::listen(address).map_err(Failure::io(listening()))?;
    let address = listener.local_addr().map_err(Failure::io(listening()))?;
    terminal::say(format_args!("session {} is at http://{address}", args.session));
    let door = Arc::new(Door::new(Arc::clone(&upstream)));
    let mut ended = Ok(None);
    let over = async {
        tokio::select! {
            end = watch::end(&upstream) => ended = end.map(Some),
            () = signals.next() => {}
        }
        door.close().await;
    };
    server::serve(listener, door::router(&door), TrustedProxies::default(), over, LAST_REPLIES).await;
    if let Some(why) = ended? {
        terminal::note(format_args!("session {} has ended: {why}", args.session));
    }
    Ok(ExitCode::SUCCESS)
}
