//! Checks what a server needs of its machine: the data directory, the port and the kernel.

use capture_core::browser::chromium::sandbox_features;
use tokio::net::TcpListener;

use super::Finding;
use crate::{config::Config, data_dir::DataDir, terminal};

/// Checks that the directory is writable and that no server uses it.
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

/// Reports what the kernel refuses browsers in addition to Chromium's own sandbox. It is never a problem to mend,
/// because it depends on the kernel only.
pub(super) fn sandbox() -> Finding {
    Finding::Fine(format!("sandbox of the kernel around browsers: {}", sandbox_features()))
}

/// Checks that the port is free.
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
