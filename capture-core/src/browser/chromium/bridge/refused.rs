//! The commands that are refused whatever their parameters are, with the reasons.
//!
//! This module must not know parameters.

/// Reasons, each with its commands or domains.
const REFUSED: [(&str, &str); 9] = [
    (
        "it reads, writes or names files of the server",
        "DOM.getFileInfo Extensions FileSystem PWA Page.getSpellCheckCustomDictionary",
    ),
    (
        "it reaches the browser's process, which is not only this client's",
        "Browser.crash Browser.crashGpuProcess Browser.executeBrowserCommand Browser.setDockTile HeadlessExperimental \
         Page.crash",
    ),
    (
        "it tells of the machine the browser runs on",
        "Browser.getBrowserCommandLine Browser.getHistogram Browser.getHistograms Memory SystemInfo \
         Tracing.requestMemoryDump",
    ),
    ("it opens ways into other networks and browsers", "Cast Target.setRemoteLocations Tethering"),
    ("it reaches devices of the server", "Browser.addMockCamera DeviceAccess.selectPrompt SmartCardEmulation"),
    ("it hands the protocol to a page", "Target.exposeDevToolsProtocol Target.getDevToolsTarget Target.openDevTools"),
    ("sessions are flat: attach with flatten and name the session in sessionId", "Target.sendMessageToTarget"),
    (
        "the browser trusts what it is fed by it",
        "LayerTree.loadSnapshot Page.addCompilationCache Page.clearCompilationCache Page.produceCompilationCache",
    ),
    ("it goes around the bounds of what a page may store or read", "IO.resolveBlob Storage.overrideQuotaForOrigin"),
];

/// Why the command is refused, if it is one of these.
pub(super) fn reason(method: &str) -> Option<&'static str> {
    let (domain, _) = method.split_once('.')?;
    let stands_in = |names: &str| names.split(' ').any(|name| name == method || name == domain);
    REFUSED.iter().find(|(_, names)| stands_in(names)).map(|(reason, _)| *reason)
}
