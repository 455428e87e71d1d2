//! The server key: made once, the same for all instances, rotated, refused where it is foreign, and lost.

use std::os::unix::fs::PermissionsExt;

use capture_tests::{
    Redis, Server,
    server::{Folder, program, token_in},
};

/// The flags of a server that only answers: no story here needs a browser.
const QUICK: [&str; 2] = ["--max-sessions", "0"];

/// What a server that does not start prints.
async fn refusal(folder: &Folder, flags: &[&str]) -> String {
    let mut command = program();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.data()).args(QUICK).args(flags);
    let output = command.output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    said
}

async fn run(folder: &Folder, arguments: &[&str]) -> String {
    let (ok, out, err) = folder.capture(arguments).await;
    assert!(ok, "{arguments:?}: {out}{err}");
    out
}

async fn is_let_in(server: &Server, token: &str) -> bool {
    server.client(token).get("/v1/sessions").await.status == 200
}

#[tokio::test]
async fn instances_with_one_key_accept_each_others_secrets() {
    let redis = Redis::start().await;
    let (url, keys) = (redis.url(), tempfile::tempdir().unwrap());
    let file = keys.path().join("server.key");
    let flags = ["--redis-url", &url, "--server-key-file", file.to_str().unwrap()];
    let serving = [&flags[..], &QUICK].concat();
    let one = Server::start_in(Folder::new(), &serving).await;
    let other = Server::start_in(Folder::new(), &serving).await;
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!one.folder().data().exists(), "neither instance has a key of its own");
    let mut tokens = Vec::new();
    for (name, from) in [("ann", &one), ("bob", &other)] {
        tokens.push(from.folder().add_user(name, &flags).await);
    }
    for server in [&one, &other] {
        for token in &tokens {
            assert!(is_let_in(server, token).await);
        }
        for name in ["ann", "bob"] {
            let shown = run(server.folder(), &[&["user", "show", name], &flags[..]].concat()).await;
            assert!(shown.contains("(signs, generation 1)"), "{shown}");
        }
    }
    let stored = redis.words(&["HGETALL", "capture:user:ann"]).await.join(" ");
    let key = std::fs::read_to_string(&file).unwrap();
    assert!(stored.contains("derived") && !stored.contains("sec_") && !stored.contains(key.trim()), "{stored}");
}

#[tokio::test]
async fn a_foreign_key_is_refused_at_start() {
    let redis = Redis::start().await;
    let url = redis.url();
    let (first, second) = (Folder::new(), Folder::new());
    let key = |folder: &Folder| folder.data().join("server.key").to_str().unwrap().to_owned();
    run(
        &first,
        &["user", "add", "ann", "--redis-url", &url, "--server-key-file", &{
            std::fs::create_dir_all(first.data()).unwrap();
            key(&first)
        }],
    )
    .await;
    let shared = ["--redis-url", &url];
    let said = refusal(&second, &shared).await;
    assert!(said.contains("does not exist") && said.contains("copy it from another instance"), "{said}");
    assert!(!second.data().exists(), "no second key is made");

    run(&second, &["user", "add", "ann"]).await;
    let said = refusal(&second, &shared).await;
    assert!(said.contains("is not the key of this ledger") && said.contains("capture key reset"), "{said}");
    let secret = std::fs::read_to_string(key(&second)).unwrap();
    assert!(!said.contains(secret.trim().split_once(':').unwrap().1), "{said}");

    std::fs::copy(key(&first), key(&second)).unwrap();
    Server::start_in(second, &[&shared[..], &QUICK, &["--server-key-file", &key(&first)]].concat()).await;
}

#[tokio::test]
async fn a_rotation_keeps_the_old_secrets() {
    let folder = Folder::new();
    let old = folder.add_user("ann", &[]).await;
    let server = Server::launch(folder, &QUICK).await;
    let folder = server.folder();
    assert!(run(folder, &["key", "rotate"]).await.contains("generation 2"));
    let new = token_in(&run(folder, &["user", "secret", "ann", "add"]).await);
    for token in [&old, &new] {
        assert!(is_let_in(&server, token).await);
    }
    let secrets = folder.account("ann", "secrets").await;
    assert!(secrets.contains("(signs, generation 1), ") && secrets.ends_with("(signs, generation 2)"), "{secrets}");

    let shown = run(folder, &["key", "show"]).await;
    let file = std::fs::read_to_string(folder.data().join("server.key")).unwrap();
    assert_eq!((shown.lines().count(), file.lines().count()), (3, 2), "{shown}");
    for line in file.lines() {
        assert!(!shown.contains(line.split_once(':').unwrap().1), "{shown}");
    }
    let ledger = std::fs::read(folder.data().join("ledger.sqlite-wal")).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&ledger).contains("sec_"));
}

#[tokio::test]
async fn a_lost_key_is_told_and_can_be_replaced() {
    let folder = Folder::new();
    let token = folder.add_user("ann", &[]).await;
    std::fs::remove_file(folder.data().join("server.key")).unwrap();
    let said = refusal(&folder, &[]).await;
    assert!(said.contains("put the file back") && said.contains("capture key reset --yes"), "{said}");
    let (added, _, said) = folder.capture(&["user", "secret", "ann", "add"]).await;
    assert!(!added && said.contains("put the file back"), "{said}");
    assert!(!folder.capture(&["key", "reset"]).await.0, "not by accident");
    assert!(run(&folder, &["key", "reset", "--yes"]).await.contains("forgotten"));

    let server = Server::launch(folder, &QUICK).await;
    assert!(is_let_in(&server, &token).await, "the hash is kept");
    run(server.folder(), &["user", "secret", "ann", "add"]).await;
    let secrets = server.folder().account("ann", "secrets").await;
    assert!(secrets.contains("(bearer only: not of this key, generation 1), "), "{secrets}");
    assert!(secrets.ends_with("(signs, generation 1)"), "{secrets}");
}

#[tokio::test]
async fn a_development_server_writes_no_key() {
    let server = Server::launch(Folder::new(), &["--dev", "--max-sessions", "0"]).await;
    assert!(is_let_in(&server, "ZGV2OmRldg==").await);
    assert!(!server.folder().data().exists());
}
