//! Connections that the service itself makes to addresses that users name, under the rules that hold for pages.

use std::sync::Arc;

use tokio::{net::TcpStream, time::timeout};

use super::{
    Failure, Guard, Why,
    dial::{self, DEADLINE},
    host::{Host, Malformed},
};

impl Guard {
    /// Checks what is known of a target before its name is resolved. The rest is checked when it is connected to.
    ///
    /// # Errors
    /// Why the target will never be connected to.
    pub fn judge_target(&self, host: &str, port: u16) -> Result<(), Why> {
        let host = Host::parse(host).map_err(|Malformed| Why::Malformed)?;
        self.judge_unresolved(&host, port).map(drop)
    }

    /// Resolves, checks and connects to a target, within 10 s. `host` has the form of a URL's host; `whose` identifies
    /// the user, so that slow names of one user do not delay others.
    ///
    /// # Errors
    /// Why the target was not connected to.
    pub async fn connect(&self, host: &str, port: u16, whose: &Arc<str>) -> Result<TcpStream, Failure> {
        let host = Host::parse(host).map_err(|Malformed| Failure::Blocked(Why::Malformed))?;
        let connected = async { dial::dial(self.addresses(&host, port, whose).await?).await };
        timeout(DEADLINE, connected).await.unwrap_or(Err(Failure::TimedOut))
    }
}
