//! CDP sessions driven by unmodified Playwright and Puppeteer; the stories themselves are in `cdp/`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use capture_tests::{
    Client, Redis, Server, Site, long,
    proxy::{Kind, Proxy},
};
use futures::StreamExt;
use tokio::{process::Command, sync::OnceCell};

/// Longest time of one story; each of its checks has a deadline of its own.
const STORY: Duration = Duration::from_secs(300);
/// Longest time of one story in the long run, which repeats some steps two hundred times.
const LONG_STORY: Duration = Duration::from_secs(7_200);
/// Stories that run concurrently, each with a browser of its own.
const AT_ONCE: usize = 2;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cdp")
}

/// Installs the libraries once for all tests of this process; a lock keeps other processes waiting.
pub(crate) async fn install() {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let npm = "flock package-lock.json sh -c 'test -d node_modules/chrome-remote-interface || npm ci --no-audit --no-fund --silent'";
    let installed = async {
        let installed = Command::new("sh").args(["-c", npm]).current_dir(folder()).status().await.unwrap();
        assert!(installed.success(), "the libraries install");
    };
    INSTALLED.get_or_init(|| installed).await;
}

/// The stories for a library, or those with these names.
fn stories(library: &str, named: &[&str]) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder().join(library)).unwrap().map(|file| file.unwrap().path());
    let wanted = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        named.is_empty() || named.contains(&name)
    };
    let mut files: Vec<_> = files.filter(wanted).collect();
    files.sort();
    assert!(!files.is_empty() && files.len() >= named.len(), "{library} has the stories {named:?}");
    files
}

/// The parameters of a story: the user, the options of its sessions, and the site.
struct Told<'a> {
    user: &'a Client,
    options: &'static str,
    site: String,
}

impl<'a> Told<'a> {
    fn by(user: &'a Client, site: &Site) -> Self {
        Self { user, options: "{}", site: site.url("") }
    }
}

async fn tell(story: PathBuf, server: &Server, with: &Told<'_>) -> Result<(), String> {
    let told = Command::new("node")
        .arg(&story)
        .current_dir(folder())
        .env("CAPTURE_ADDRESS", server.base())
        .env("CAPTURE_TOKEN", with.user.token())
        .env("CAPTURE_OPTIONS", with.options)
        .env("SITE", &with.site)
        .kill_on_drop(true)
        .output();
    let patience = if long() { LONG_STORY } else { STORY };
    let Ok(output) = tokio::time::timeout(patience, told).await else {
        return Err(format!("{} does not end within {patience:?}", story.display()));
    };
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let broken = !output.status.success() || !said.lines().any(|line| line.starts_with("ok "));
    if broken { Err(format!("{}:\n{said}", story.display())) } else { Ok(()) }
}

async fn tell_all(stories: Vec<PathBuf>, server: &Server, with: &Told<'_>) {
    let told = futures::stream::iter(stories).map(|story| tell(story, server, with)).buffer_unordered(AT_ONCE);
    // Said at once, too: the log of the server is long, and a report may cut what stands below it.
    let broken: Vec<String> =
        told.filter_map(async |told| told.err().inspect(|said| println!("{said}"))).collect().await;
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

async fn tell_here(library: &str) {
    install().await;
    let (server, site) = (Server::start().await, Site::start().await);
    let user = server.user("ann").await;
    tell_all(stories(library, &[]), &server, &Told::by(&user, &site)).await;
    server.stop().await;
}

#[tokio::test]
async fn playwright_connects_and_works_unmodified() {
    tell_here("playwright").await;
}

#[tokio::test]
async fn puppeteer_connects_and_works_unmodified() {
    tell_here("puppeteer").await;
}

#[tokio::test]
async fn clients_connect_through_an_instance_that_does_not_own_the_session() {
    install().await;
    let (redis, site) = (Redis::start().await, Site::start().await);
    let url = redis.url();
    // The proxy's address is needed before it listens, so a free port is chosen beforehand.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (listen, advertise) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
    let owner = Server::start_with(&["--redis-url", &url, "--listen", &listen, "--advertise-url", &advertise]).await;
    let gateway = Server::start_with(&["--redis-url", &url, "--max-sessions", "0"]).await;
    let user = gateway.user_with("ann", &["--redis-url", &url]).await;
    let all: &[&str] = &["connecting", "reconnect", "together", "beside", "closing"];
    // The relay between instances does not depend on the library, so each story runs with one of them.
    for (library, usual) in [("playwright", &all[..3]), ("puppeteer", &all[3..])] {
        let named = if long() { all } else { usual };
        tell_all(stories(library, named), &gateway, &Told::by(&user, &site)).await;
    }
    gateway.stop().await;
    owner.stop().await;
}

#[tokio::test]
async fn what_clients_do_goes_through_their_users_proxy() {
    install().await;
    let (server, site) = (Server::start().await, Site::start().await);
    let user = server.user("ann").await;
    let proxy = Proxy::start(Kind::Http, "behind.proxy.test", site.url("").trim_start_matches("http://")).await;
    assert!(server.folder().capture(&["user", "proxy", "ann", &proxy.url()]).await.0);
    let behind = Told { user: &user, options: r#"{"proxy": true}"#, site: "http://behind.proxy.test".to_owned() };
    let all: &[&str] = &["beside", "navigation", "pages"];
    for (library, usual) in [("playwright", &all[1..2]), ("puppeteer", &all[2..])] {
        let before = proxy.asked().len();
        let named = if long() { all } else { usual };
        tell_all(stories(library, named), &server, &behind).await;
        assert!(proxy.asked().len() > before, "{library} reaches the site by no other way");
    }
    server.stop().await;
}
