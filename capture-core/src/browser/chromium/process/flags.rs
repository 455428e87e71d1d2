//! The arguments with which Chromium is started, each with its reason.
//!
//! These must never be used: `--no-sandbox` (only by an explicit opt-out), `--disable-frame-rate-limit` (one animated
//! page would use all cores), `--disable-ipc-flooding-protection` and `--disable-popup-blocking` (which limit hostile
//! pages), and anything that turns off site isolation or the same-origin policy.

use std::{net::SocketAddr, path::Path};

use super::executable::is_headless_shell;
use crate::browser::chromium::config::Program;

const FLAGS: [&str; 43] = [
    // The pipe provides no listener that another process could reach, and there is no page before we create one.
    "--remote-debugging-pipe",
    "--no-startup-window",
    // Prevents traffic that no session caused.
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
    // Full Chromium would fetch this despite the other flags, through its user's proxy. Chromium itself refuses this
    // port.
    "--component-updater=url-source=http://127.0.0.1:1/",
    "--gaia-url=http://127.0.0.1:1/",
    "--password-store=basic",
    "--use-mock-keychain",
    // Prevents traffic around a proxy: no QUIC, and WebRTC only through a proxy.
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    // Logs only Chromium's own warnings and errors. What pages write to their consoles has level info and must not be
    // in our log.
    "--log-level=1",
    // Prevents prompts and dialogs of the browser itself.
    "--deny-permission-prompts",
    "--noerrdialogs",
    "--disable-print-preview",
    "--disable-search-engine-choice-screen",
    "--disable-prompt-on-repost",
    // Pages without a viewer must run like any other page.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-hang-monitor",
    // Going back loads a document again. A document restored from memory would have frames for which no events were
    // sent.
    "--disable-back-forward-cache",
    // Makes pixels independent of the machine, and disables sound.
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--hide-scrollbars",
    "--mute-audio",
    // Emulates a mouse and not a touch screen.
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
    // Disables crash reports on disk and the GPU process, and limits each page's heap.
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-gpu",
    "--js-flags=--max-old-space-size=512",
];

/// Chromium uses only the last `--disable-features`, so all features are in one flag.
const DISABLED_FEATURES: &str = "--disable-features=AcceptCHFrame,AutofillServerCommunication,DestroyProfileOnBrowserClose,\
    DialMediaRouteProvider,GlobalMediaControls,HttpsUpgrades,MediaRouter,NetworkTimeServiceQuerying,\
    OptimizationHints,PaintHolding,Translate";

/// By default Chromium connects to loopback without the proxy. This sends such traffic through the proxy as well.
pub(crate) const PROXY_BYPASS: &str = "<-loopback>";

/// Chromium's notation for a port of the egress guard.
pub(crate) fn proxy(egress: SocketAddr) -> String {
    format!("socks5://{egress}")
}

/// All arguments for a browser with this profile. Traffic that has no other proxy goes to `egress`.
pub(crate) fn arguments(program: &Program, sandbox: bool, profile: &Path, egress: SocketAddr) -> Vec<String> {
    let mut arguments: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
    arguments.push(DISABLED_FEATURES.to_owned());
    // Pictures are taken from a surface of their own, which is a third faster and avoids stalls.
    arguments.push("--enable-features=CDPScreenshotNewSurface".to_owned());
    arguments.push(format!("--user-data-dir={}", profile.display()));
    // Only the guard resolves names. Any direct DNS request of the browser finds nothing.
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
