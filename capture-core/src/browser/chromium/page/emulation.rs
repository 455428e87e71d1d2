//! What a session's pages are told about their user and device beside the size: the user agent, preferred colours and
//! motion, and whether scrollbars are shown.
//!
//! This module must not know tabs.

use chromiumoxide::cdp::browser_protocol::emulation::{UserAgentBrandVersion, UserAgentMetadata};

#[cfg(feature = "render")]
use super::blocking;
use crate::browser::chromium::cdp::{CdpSession, commands};
#[cfg(feature = "render")]
use crate::render::PageSettings;

/// The emulated properties of all tabs of a session, including later ones. The default ones change nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Emulation {
    user_agent: Option<String>,
    /// Media features and the values that the page sees.
    media: Vec<(&'static str, &'static str)>,
    hide_scrollbars: bool,
    /// Whether requests are stopped and judged.
    stop_requests: bool,
}

impl Emulation {
    #[cfg(feature = "render")]
    pub(crate) fn of(settings: &PageSettings) -> Self {
        let features = [
            (settings.dark_mode, ("prefers-color-scheme", "dark")),
            (settings.reduced_motion, ("prefers-reduced-motion", "reduce")),
        ];
        Self {
            user_agent: settings.user_agent.clone(),
            media: features.into_iter().filter(|(wanted, _)| *wanted).map(|(_, feature)| feature).collect(),
            hide_scrollbars: settings.hide_scrollbars,
            stop_requests: false,
        }
    }

    /// The same, with requests stopped and judged or not.
    #[cfg(feature = "render")]
    pub(crate) fn stopping_requests(self, stop_requests: bool) -> Self {
        Self { stop_requests, ..self }
    }

    /// Sends the commands to a tab, or to a frame with a process of its own, without waiting.
    pub(crate) fn apply(&self, target: &CdpSession) {
        if let Some(agent) = &self.user_agent {
            let mut command = commands::set_user_agent(agent);
            command.user_agent_metadata = client_hints(agent);
            drop(target.send(&command));
        }
        if !self.media.is_empty() {
            drop(target.send(&commands::set_media_features(&self.media)));
        }
        if self.hide_scrollbars {
            drop(target.send(&commands::hide_scrollbars()));
        }
        #[cfg(feature = "render")]
        if self.stop_requests {
            blocking::stop_requests(target, false);
        }
    }
}

/// The client hints of a user agent, so that they do not contradict it. Only browsers made from Chromium send them.
fn client_hints(agent: &str) -> Option<UserAgentMetadata> {
    let full = agent.split("Chrome/").nth(1)?.split([' ', ';', ')']).next()?.to_owned();
    let major = full.split('.').next()?.to_owned();
    let edge = agent.split("Edg/").nth(1).and_then(|rest| rest.split('.').next());
    let brand = |name: &str, version: &str| UserAgentBrandVersion::new(name, version);
    let product = edge.map_or_else(|| brand("Google Chrome", &major), |edge| brand("Microsoft Edge", edge));
    let (platform, platform_version) = platform(agent);
    let mobile = agent.contains("Mobile");
    let brands = vec![brand("Chromium", &major), brand("Not_A Brand", "24"), product.clone()];
    let product = UserAgentBrandVersion { version: full.clone(), ..product };
    let full_version_list = vec![brand("Chromium", &full), brand("Not_A Brand", "24.0.0.0"), product];
    Some(UserAgentMetadata {
        brands: Some(brands),
        full_version_list: Some(full_version_list),
        platform: platform.to_owned(),
        platform_version,
        architecture: String::new(),
        model: model(agent),
        mobile,
        bitness: None,
        wow64: None,
        form_factors: None,
    })
}

/// The name and the version of the operating system, as client hints spell them.
fn platform(agent: &str) -> (&'static str, String) {
    let version = |after: &str| {
        let rest = agent.split(after).nth(1).unwrap_or_default();
        rest.split([';', ')', ' ']).next().unwrap_or_default().replace('_', ".")
    };
    match agent {
        _ if agent.contains("Android") => ("Android", version("Android ")),
        _ if agent.contains("Windows") => ("Windows", "10.0.0".to_owned()),
        _ if agent.contains("CrOS") => ("Chrome OS", String::new()),
        _ if agent.contains("Mac OS X") => ("macOS", version("Mac OS X ")),
        _ => ("Linux", String::new()),
    }
}

/// The model of an Android device, which stands last in the parentheses.
fn model(agent: &str) -> String {
    let inside = agent.split("Android").nth(1).and_then(|rest| rest.split(')').next());
    let parts = inside.map(|inside| inside.split("; ").skip(1).collect::<Vec<_>>()).unwrap_or_default();
    parts.last().map(|model| model.split(" Build").next().unwrap_or_default().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_hints_agree_with_the_user_agent() {
        let pixel = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) \
                     Chrome/129.0.6668.29 Mobile Safari/537.36";
        let hints = client_hints(pixel).unwrap();
        assert_eq!((hints.platform.as_str(), hints.platform_version.as_str()), ("Android", "14"));
        assert_eq!((hints.model.as_str(), hints.mobile), ("Pixel 8", true));
        assert_eq!(hints.brands.unwrap()[0].version, "129");
        assert_eq!(hints.full_version_list.unwrap()[2].version, "129.0.6668.29");

        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 \
                    Safari/537.36 Edg/129.0.0.0";
        assert_eq!(client_hints(edge).unwrap().brands.unwrap()[2].brand, "Microsoft Edge");
        for without in ["Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "curl/8", ""] {
            assert!(client_hints(without).is_none(), "{without}");
        }
    }
}
