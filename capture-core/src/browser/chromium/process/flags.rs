//! What Chromium is started with, each flag with its reason.
//!
//! Never here: `--no-sandbox` (only by an explicit opt-out), `--disable-frame-rate-limit` (one animated page burns all
//! cores), `--disable-ipc-flooding-protection` and `--disable-popup-blocking` (brakes on hostile pages), anything that
//! turns site isolation or the same-origin policy off.

use std::{net::SocketAddr, path::Path};

use super::executable::is_headless_shell;
use crate::browser::chromium::config::Program;

const FLAGS: [&str; 43] = [
    // The pipe: no listener that another process could reach, and no page before we ask for one.
    "--remote-debugging-pipe",
    "--no-startup-window",
    // Quiet: nothing goes out that no session caused.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-field-trial-config",
    "--disable-sync",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-extensions",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--no-service-autorun",
    // What full Chromium would fetch all the same, through its user's proxy: a port that Chromium itself refuses.
    "--component-updater=url-source=http://127.0.0.1:1/",
    "--gaia-url=http://127.0.0.1:1/",
    "--password-store=basic",
    "--use-mock-keychain",
    // No traffic around a proxy: no QUIC, and WebRTC only through one.
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    // Warnings and errors of its own only: what pages write to their consoles is information and must not be in our
    // log.
    "--log-level=1",
    // No prompts, no dialogs of the browser's own.
    "--deny-permission-prompts",
    "--noerrdialogs",
    "--disable-print-preview",
    "--disable-search-engine-choice-screen",
    "--disable-prompt-on-repost",
    // Pages of sessions nobody looks at run like any other.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-hang-monitor",
    // A document one goes back to is loaded again: one restored from memory would come with frames nobody told us of.
    "--disable-back-forward-cache",
    // Same pixels everywhere, no sound.
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--hide-scrollbars",
    "--mute-audio",
    // A mouse, not a touch screen.
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
    // No crash reports to disk, no GPU process work on a machine without one, a bound on each page's heap.
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-gpu",
    "--js-flags=--max-old-space-size=512",
];

/// Only the last `--disable-features` counts, so all of them stand in one.
const DISABLED_FEATURES: &str = "--disable-features=AcceptCHFrame,AutofillServerCommunication,DestroyProfileOnBrowserClose,\
    DialMediaRouteProvider,GlobalMediaControls,HttpsUpgrades,MediaRouter,NetworkTimeServiceQuerying,\
    OptimizationHints,PaintHolding,Translate";

/// Sent through the proxy as well: by default Chromium reaches loopback without it.
pub(crate) const PROXY_BYPASS: &str = "<-loopback>";

/// How Chromium names a port of the egress guard.
pub(crate) fn proxy(egress: SocketAddr) -> String {
    format!("socks5://{egress}")
}

/// All arguments for a browser whose profile lives in `profile`. What has no proxy of its own goes to `egress`.
pub(crate) fn arguments(program: &Program, sandbox: bool, profile: &Path, egress: SocketAddr) -> Vec<String> {
    let mut arguments: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
    arguments.push(DISABLED_FEATURES.to_owned());
    // Pictures are taken of a surface of their own: a third quicker, and no stalls.
    arguments.push("--enable-features=CDPScreenshotNewSurface".to_owned());
    arguments.push(format!("--user-data-dir={}", profile.display()));
    // Names are resolved by the guard alone: whatever would ask a DNS server itself finds nothing.
    arguments.push(format!("--proxy-server={}", proxy(egress)));
    arguments.push(format!("--proxy-bypass-list={PROXY_BYPASS}"));
    arguments.push("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1".to_owned());
    if !is_headless_shell(&program.executable) {
        arguments.push("--headless=new".to_owned());
    }
    if !sandbox {
        arguments.push("--no-sandbox".to_owned());
    }
    arguments.extend(program.arguments.iter().cloned());
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_stays_on_and_lists_are_merged() {
        let program = Program { executable: "chromium-headless-shell".into(), arguments: Vec::new() };
        let arguments = arguments(&program, true, Path::new("p"), SocketAddr::from(([127, 0, 0, 1], 9)));
        assert!(!arguments.iter().any(|flag| flag.contains("no-sandbox")));
        assert_eq!(arguments.iter().filter(|flag| flag.starts_with("--disable-features")).count(), 1);
        assert!(arguments.iter().all(|flag| flag.starts_with("--")));
    }
}
