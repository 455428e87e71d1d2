//! The server inside this process, with simulated pages: for what needs many sessions or exact moments, not a browser.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use capture_core::{
    Engine, Limits,
    account::{Account, Accounts, Secret},
    browser::simulated::Simulated,
    ledger::MemoryLedger,
    tasks::Tasks,
};
use capture_http::{App, EdgeSettings, router, server};
use capture_ws::{Channels, codec::Codec, limits::ChannelLimits};
use tokio::net::TcpListener;

use crate::{Channel, Client};

/// A server with one user, `ann`, who may have as many sessions as she likes.
#[derive(Debug)]
pub struct SimulatedServer {
    address: SocketAddr,
    /// The engine behind it.
    pub engine: Engine,
    /// Its channels.
    pub channels: Channels,
    /// The server's own task, and what stops it.
    serving: Tasks,
    stopped: Tasks,
}

impl SimulatedServer {
    /// A server on a free port.
    pub async fn start(browser: Simulated, channels: ChannelLimits) -> Self {
        let books = Arc::new(MemoryLedger::new());
        books.add(Account::new("ann".parse().unwrap(), Secret::chosen("secret").hash())).await.unwrap();
        let limits = Limits { sessions_per_user: 100_000, max_sessions: 100_000, ..Limits::default() };
        let engine = Engine::builder().limits(limits).backend(browser).books(Arc::clone(&books)).build().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Arc::new(App::new(&engine, books, None, EdgeSettings { channels, ..EdgeSettings::default() }));
        let (serving, stopped) = (Tasks::default(), Tasks::default());
        let (channels, open) = (app.channels().clone(), app.channels().clone());
        let stop = stopped.clone();
        serving.spawn(async move {
            server::serve(listener, router(app), async move { stop.stopped().await }, Duration::from_secs(1)).await;
            open.stop(Duration::from_secs(1)).await;
        });
        Self { address, engine, channels, serving, stopped }
    }

    /// Host and port.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Her bearer token.
    pub fn token() -> String {
        STANDARD.encode("ann:secret")
    }

    /// Her REST client.
    pub fn client(&self) -> Client {
        Client::new(&format!("http://{}", self.address), &Self::token())
    }

    /// A channel of hers.
    pub async fn channel(&self, codec: Codec) -> Channel {
        Channel::open(&self.address(), &Self::token(), codec).await
    }

    /// Ends it.
    pub async fn stop(self) {
        self.engine.shutdown(Duration::ZERO).await;
        self.stopped.stop();
        assert_eq!(self.serving.finish(Duration::from_secs(5)).await, 0, "the server ends");
    }
}
