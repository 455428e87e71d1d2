//! Computed roles and names against the ARIA specifications; see `tests/accname/README.md`.

use std::path::Path;

use capture_core::browser::chromium::find_executable;
use serde_json::Value;
use tokio::process::Command;

/// Runs all cases and leaves the differences in the page.
const RUNNER: &str = "
  const differing = [];
  for (const { html, role, name } of cases) {
    document.body.setHTMLUnsafe(html);
    const element = roots().map((root) => root.querySelector('#t')).find(Boolean);
    const seen = { role: roleOf(element), name: nameOf(element) };
    if (seen.role !== role || seen.name !== name) differing.push({ html, role, name, seen });
  }
  document.body.textContent = `[[${encodeURIComponent(JSON.stringify({ count: cases.length, differing }))}]]`;
";

fn scripts() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../capture-core/src/browser/chromium/scripts");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "js")).collect();
    // Files that other files use while loading come first.
    files.sort_by_key(|path| (!path.ends_with("own.js"), path.clone()));
    files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[tokio::test]
async fn every_case_has_the_role_and_the_name_of_the_specifications() {
    let cases = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("accname/cases.json")).unwrap();
    let cases = cases.replace('<', "\\u003c");
    let page = format!(
        "<!doctype html><meta charset=utf-8><body><script>'use strict';(() => {{ const captureReport = () => {{}};\n\
         {}\nconst cases = {cases};\n{RUNNER}}})();</script>",
        scripts(),
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.html");
    std::fs::write(&file, page).unwrap();
    let output = Command::new(find_executable().expect("Chromium is installed by `make test`"))
        .args(["--no-sandbox", "--disable-gpu", "--dump-dom", "--virtual-time-budget=10000"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .await
        .unwrap();
    let dump = String::from_utf8_lossy(&output.stdout);
    let found = dump.rsplit_once("[[").and_then(|(_, rest)| rest.split_once("]]")).map(|(found, _)| found);
    let found = found.unwrap_or_else(|| panic!("{dump}\n{}", String::from_utf8_lossy(&output.stderr)));
    let found = url_decoded(found);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert!(found["count"].as_u64().unwrap() >= 100, "{}", found["count"]);
    assert_eq!(found["differing"], serde_json::json!([]));
}

/// Decodes percent-encoding, such as `%41` to A.
fn url_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits: Vec<u8> = rest.by_ref().take(2).collect();
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}
