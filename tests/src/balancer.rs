//! nginx in front of several instances; each request goes to the next instance.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

use crate::{redis::free_port, until};

const START: Duration = Duration::from_secs(60);

/// Starts nginx with its files in this folder. Returns the process and the address for clients.
pub async fn launch<'a>(instances: impl Iterator<Item = &'a str>, folder: &Path) -> (Child, String) {
    let port = free_port();
    let servers: String = instances.flat_map(|address| ["server ", address, "; "]).collect();
    let folder = folder.display();
    let configuration = format!(
        "daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn; events {{}}
        http {{
            access_log off; client_max_body_size 2m;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
            map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
            upstream capture {{ {servers} keepalive 16; }}
            server {{
                listen 127.0.0.1:{port};
                location / {{
                    proxy_pass http://capture; proxy_http_version 1.1; proxy_set_header Host $http_host;
                    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
                    proxy_read_timeout 75s;
                }}
            }}
        }}"
    );
    let file = format!("{folder}/nginx.conf");
    std::fs::write(&file, configuration).unwrap();
    let mut command = Command::new("nginx");
    command
        .args(["-c", &file, "-p", &folder.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    let child = command.spawn().expect("`make test` installs nginx");
    let listens = async || TcpStream::connect(("127.0.0.1", port)).await.is_ok();
    until("nginx listens", START, listens).await;
    (child, format!("http://127.0.0.1:{port}"))
}
