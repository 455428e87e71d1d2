//! What a server stands on: its data directory, its port and its kernel.

use capture_core::browser::chromium::sandbox_features;
use tokio::net::TcpListener;

use super::Finding;
use crate::{config::Config, data_dir::DataDir, terminal};

/// Writable, and no server runs on it.
pub(super) fn data_dir(config: &Config) -> Finding {
    let path = config.data_dir.display();
    match DataDir::probe(&config.data_dir) {
        Ok(true) => Finding::Fine(format!("data directory: {path} is writable and free")),
        Ok(false) => Finding::Fine(format!("data directory: {path} can be made")),
        Err(error) => Finding::problem(
            format!("data directory: {}", terminal::sentence(&error)),
            "name one with --data-dir that this user may write and no server runs on",
        ),
    }
}

/// What the kernel refuses browsers, beside Chromium's own sandbox. Nothing to mend: it is what the kernel has.
pub(super) fn sandbox() -> Finding {
    Finding::Fine(format!("sandbox of the kernel around browsers: {}", sandbox_features()))
}

/// Free to listen on.
pub(super) async fn port(config: &Config) -> Finding {
    let address = config.listen;
    match TcpListener::bind(address).await {
        Ok(_) => Finding::Fine(format!("address: {address} is free")),
        Err(error) => {
            Finding::problem(format!("address: {address} cannot be used: {error}"), "name another one with --listen")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_a_problem_with_a_remedy() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listen = taken.local_addr().unwrap().to_string();
        let mut config = Config::load(&[("listen", listen)].into(), &|_| None).unwrap();
        let line = port(&config).await.to_string();
        assert!(line.starts_with("PROBLEM") && line.contains("--listen"), "{line}");
        config.listen.set_port(0);
        assert!(port(&config).await.to_string().starts_with("ok"));
    }
}
