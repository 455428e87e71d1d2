//! The commands other than `serve`.

use capture_tests::{
    Site,
    server::{Folder, program},
};
use serde_json::Value;

#[tokio::test]
async fn users_are_added_shown_and_changed() {
    let folder = Folder::new();
    folder
        .add_user("ann", &["--credits", "10", "--max-sessions", "3", "--proxy", "http://u:hidden@proxy.test:3128"])
        .await;
    assert!(!folder.capture(&["user", "add", "ann"]).await.0, "a name is taken once");
    let listed = async || {
        let (ok, printed, err) = folder.capture(&["user", "list"]).await;
        assert!(ok, "{printed}{err}");
        let line = printed.lines().find(|line| line.starts_with("ann ")).unwrap_or_else(|| panic!("{printed}"));
        line.split_whitespace().take(5).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, ["ann", "yes", "10", "0", "3"]);
    let (_, show, _) = folder.capture(&["user", "show", "ann"]).await;
    assert!(show.contains("proxy.test:3128") && !show.contains("hidden"), "{show}");
    assert!(folder.capture(&["user", "credits", "ann", "+5"]).await.0);
    assert_eq!(listed().await, ["ann", "yes", "15", "0", "3"]);
    assert!(!folder.capture(&["user", "credits", "ann", "5"]).await.0);
    assert!(!folder.capture(&["user", "show", "bob"]).await.0);
}

#[tokio::test]
async fn run_needs_no_server() {
    let (folder, site) = (Folder::new(), Site::start().await);
    let out = folder.data();
    std::fs::create_dir_all(&out).unwrap();
    let output = program()
        .args(["run", "--url", &site.page("form"), "--out"])
        .arg(&out)
        .arg("--browser-run-root")
        .arg(folder.run_root())
        .output()
        .await
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    let results: Vec<Value> = printed.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(results.iter().any(|result| result["title"] == "Form"), "{printed}");
    assert!(results.iter().any(|result| result["session"]["billedCredits"] == 1), "{printed}");
    let pictures = capture_tests::processes::entries(&out);
    assert!(pictures.iter().any(|name| name.ends_with("-screenshot.png")), "{pictures:?}");
}

#[tokio::test]
async fn the_doctor_examines_this_machine() {
    let folder = Folder::new();
    let mut command = program();
    command.args(["doctor", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.data());
    let output = command.arg("--browser-run-root").arg(folder.run_root()).output().await.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    for line in ["browser", "sandbox", "font", "data"] {
        assert!(printed.to_lowercase().contains(line), "{line}: {printed}");
    }
    assert!(output.status.success(), "{printed}");
}

#[tokio::test]
async fn dev_serves_loopback_only() {
    let output = program().args(["serve", "--dev", "--listen", "0.0.0.0:0"]).output().await.unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("loopback"));
}

#[tokio::test]
async fn the_example_of_embedding_runs() {
    let printed = example("embed").await;
    assert!(printed.contains("\"title\": \"Hello\"") && printed.contains("Some(1)"), "{printed}");
}

#[tokio::test]
async fn the_example_of_following_tells_everything_up_to_the_end() {
    let printed = example("follow").await;
    let told: Vec<&str> = printed.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    let [goto, title] = [
        ["action.started", "page.navigated", "action.finished"],
        ["action.started", "action.finished", "session.closed"],
    ];
    assert_eq!(told, [goto, title].concat(), "{printed}");
}

/// The output of an example.
async fn example(name: &str) -> String {
    let examples = std::path::PathBuf::from(program().as_std().get_program()).with_file_name("examples");
    let mut example = tokio::process::Command::new(examples.join(name));
    let output = example.kill_on_drop(true).output().await.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    printed
}
