//! Parses parameters to a request of the engine.
//!
//! A value outside its range is moved into it with a warning; a value of the wrong type is refused. What cannot be
//! served here is ignored with a warning.

use std::{str::FromStr, time::Duration};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use capture_core::{
    Error,
    action::{Clip, PictureFormat, Selector, Viewport, ViewportChange, device},
    limits::{MAX_PICTURE_SIDE, MAX_SCALE, MAX_URL_CHARS, MAX_VIEWPORT_SIDE},
    render::{
        Animation, Credentials, Image, ImagePart, MAX_DELAY, Margins, PageSettings, Paper, PaperSize, Pdf,
        RenderOutput, RenderRequest, RenderSource, Resize, Waits,
    },
};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{
    lengths::inches,
    params::{Params, refused},
};

/// How long an element that was asked for may take (public API).
const SELECTOR_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum characters of a user agent.
const MAX_USER_AGENT: usize = 512;
/// Longest pause before an animated picture, in seconds (public API).
const MAX_ANIMATION_DELAY: f64 = 25.0;
/// Smallest and largest side of a page, in inches.
const PAPER: (f64, f64) = (0.1, 200.0);

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A kind of render, as it appears in paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Image,
    Pdf,
    Content,
    Metadata,
    Animated,
}

impl Kind {
    /// Whether the result is a picture, for which `format` stands for `type`.
    pub(super) fn is_picture(self) -> bool {
        matches!(self, Self::Image | Self::Animated)
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "image" => Ok(Self::Image),
            "pdf" => Ok(Self::Pdf),
            "content" => Ok(Self::Content),
            "metadata" => Ok(Self::Metadata),
            "animated" => Ok(Self::Animated),
            _ => Err(()),
        }
    }
}

/// Parses the parameters of a render, whose aliases have been given their names. `accepts_webp` decides what
/// `bestFormat` means.
///
/// # Errors
/// `invalid_request` that names the parameter.
pub(crate) fn request(kind: Kind, params: &mut Params, accepts_webp: bool) -> Result<RenderRequest, Error> {
    let (source, in_address) = source(params)?;
    let viewport = viewport(params)?;
    let output = match kind {
        Kind::Image => RenderOutput::Image(image(params, viewport, accepts_webp)?),
        Kind::Pdf => RenderOutput::Pdf(pdf(params)?),
        Kind::Content => RenderOutput::Content,
        Kind::Metadata => RenderOutput::Metadata,
        Kind::Animated => RenderOutput::Animation(animation(params)?),
    };
    let settings = settings(kind, params, viewport)?;
    let settings = PageSettings { credentials: settings.credentials.or(in_address), ..settings };
    let waits = waits(kind, params)?;
    let bypass_bot_detection = params.boolean("bypassBotDetection")?;
    if params.boolean("stealth")? {
        params.warn("stealth is ignored: this server cannot do it");
    }
    Ok(RenderRequest { source, output, settings, waits, proxy: params.boolean("proxy")?, bypass_bot_detection })
}

/// The document, and the credentials in its address.
fn source(params: &mut Params) -> Result<(RenderSource, Option<Credentials>), Error> {
    match (params.text("url"), params.is_plain.then(|| params.text("html")).flatten()) {
        (Some(url), None) => {
            let (url, credentials) = without_credentials(target(&url)?);
            Ok((RenderSource::Url(url), credentials))
        }
        (None, Some(html)) => Ok((RenderSource::Html(html), None)),
        (Some(_), Some(_)) => Err(Error::invalid("give either url or html, not both")),
        (None, None) if params.is_plain => Err(Error::invalid("url or html is required")),
        (None, None) => Err(Error::invalid("url is required")),
    }
}

/// The address of the document; without a scheme it is http.
fn target(text: &str) -> Result<Url, Error> {
    if text.chars().count() > MAX_URL_CHARS {
        return Err(Error::invalid(format!("url must be at most {MAX_URL_CHARS} characters")));
    }
    let has_scheme = text.split_once("://").is_some_and(|(scheme, _)| scheme.bytes().all(is_of_scheme));
    let whole = if has_scheme { text.to_owned() } else { format!("http://{text}") };
    match Url::parse(&whole) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(refused("url", text, "must be an http or https address")),
    }
}

/// Takes the credentials out of an address, so that they are treated like those that are given beside it.
fn without_credentials(mut url: Url) -> (Url, Option<Credentials>) {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (username, password) = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
    if username.is_empty() && password.is_empty() {
        return (url, None);
    }
    let removed = url.set_username("").and_then(|()| url.set_password(None));
    debug_assert!(removed.is_ok(), "an address with a host may have credentials");
    (url, Some(Credentials { username, password }))
}

fn is_of_scheme(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)
}

/// The viewport that is asked for. A device takes precedence over sizes; an unknown one means the default viewport.
fn viewport(params: &mut Params) -> Result<Option<ViewportChange>, Error> {
    let width = params.whole("vw", 1, MAX_VIEWPORT_SIDE)?;
    let height = params.whole("vh", 1, MAX_VIEWPORT_SIDE)?;
    let scale = params.number("scaleFactor", 0.1, MAX_SCALE)?;
    if let Some(key) = params.text("emulateDevice") {
        match device(&key) {
            Some(device) => return Ok(Some(ViewportChange::Device(device))),
            None => params.warn("emulateDevice is ignored: GET /screenshot/devices lists the devices"),
        }
        return Ok(None);
    }
    if width.is_none() && height.is_none() && scale.is_none() {
        return Ok(None);
    }
    let usual = Viewport::default();
    Ok(Some(ViewportChange::Size(Viewport {
        width: width.unwrap_or(usual.width),
        height: height.unwrap_or(usual.height),
        scale: scale.unwrap_or(usual.scale),
    })))
}

fn settings(kind: Kind, params: &mut Params, viewport: Option<ViewportChange>) -> Result<PageSettings, Error> {
    let hide_scrollbars = match (kind, params.peek("hideScrollbars")) {
        (Kind::Animated, None) => true,
        _ => params.boolean("hideScrollbars")?,
    };
    Ok(PageSettings {
        viewport,
        user_agent: user_agent(params)?,
        dark_mode: params.boolean("darkMode")?,
        reduced_motion: params.boolean("reducedMotion")?,
        credentials: credentials(params)?,
        hide_scrollbars,
        block_cookie_banners: params.boolean("blockCookieBanners")?,
        block_ads: params.boolean("blockAds")?,
    })
}

fn user_agent(params: &mut Params) -> Result<Option<String>, Error> {
    let Some(given) = params.text("userAgent") else { return Ok(None) };
    let agent = if params.is_plain_text("userAgent") { given } else { decoded("userAgent", &given)? };
    let is_valid = agent.chars().count() <= MAX_USER_AGENT && !agent.chars().any(char::is_control);
    if is_valid {
        Ok(Some(agent))
    } else {
        Err(Error::invalid(format!("userAgent must be at most {MAX_USER_AGENT} characters without control characters")))
    }
}

/// Credentials of a query and of a preset are base64url of `user:password`; those of a body are an object.
fn credentials(params: &mut Params) -> Result<Option<Credentials>, Error> {
    if params.is_plain && !params.is_of_preset("httpAuth") {
        let (username, password) = (params.text("httpCredentials.username"), params.text("httpCredentials.password"));
        return Ok(username.map(|username| Credentials { username, password: password.unwrap_or_default() }));
    }
    let Some(given) = params.text("httpAuth") else { return Ok(None) };
    let text = decoded("httpAuth", &given)?;
    // The value is a secret and is not repeated.
    let (username, password) =
        text.split_once(':').ok_or_else(|| Error::invalid("httpAuth must be base64url of user:password"))?;
    Ok(Some(Credentials { username: username.to_owned(), password: password.to_owned() }))
}

fn decoded(name: &str, given: &str) -> Result<String, Error> {
    let alike = given.replace('+', "-").replace('/', "_");
    let bytes = BASE64.decode(alike).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    bytes.ok_or_else(|| Error::invalid(format!("{name} must be base64url of UTF-8 text")))
}

fn waits(kind: Kind, params: &mut Params) -> Result<Waits, Error> {
    let longest = if kind == Kind::Animated { MAX_ANIMATION_DELAY } else { MAX_DELAY.as_secs_f64() };
    let delay = params.number("delay", 0.0, longest)?.unwrap_or(0.0);
    let patience = params.number("waitTimeout", 0.1, SELECTOR_TIMEOUT.as_secs_f64())?;
    Ok(Waits {
        selector: element(params, "waitFor", "waitForId")?,
        selector_timeout: patience.map_or(SELECTOR_TIMEOUT, Duration::from_secs_f64),
        delay: Duration::from_secs_f64(delay),
    })
}

/// An element by a selector or by its id. `false` means none, as the public API's default is written.
fn element(params: &mut Params, by_selector: &str, by_id: &str) -> Result<Option<Selector>, Error> {
    let (selector, id) = (params.text(by_selector), params.text(by_id));
    let given = |text: &Option<String>| text.as_deref().is_some_and(|text| text != "false");
    let refuse = |name: &str, why: capture_core::action::InvalidSelector| Error::invalid(format!("{name} {why}"));
    match (selector, id) {
        (Some(text), _) if given(&Some(text.clone())) => text.parse().map(Some).map_err(|why| refuse(by_selector, why)),
        (_, Some(id)) if given(&Some(id.clone())) => Selector::of_id(&id).map(Some).map_err(|why| refuse(by_id, why)),
        _ => Ok(None),
    }
}

fn image(params: &mut Params, viewport: Option<ViewportChange>, accepts_webp: bool) -> Result<Image, Error> {
    let format = format(params, accepts_webp)?;
    let (selector, full) = (element(params, "selector", "selectorId")?, params.boolean("full")?);
    let clip = clip(params, viewport)?;
    let part = match (selector, full, clip) {
        (Some(selector), _, _) => ImagePart::Element(selector),
        (None, true, _) => ImagePart::FullPage,
        (None, false, Some(clip)) => ImagePart::Clip(clip),
        (None, false, None) => ImagePart::Viewport,
    };
    let mut transparent = params.boolean("transparent")?;
    if transparent && format == PictureFormat::Jpeg {
        params.warn("transparent is ignored: a jpeg has no transparency");
        transparent = false;
    }
    let mut quality = params.whole("quality", 1, 100)?;
    if quality.is_some() && format == PictureFormat::Png {
        params.warn("quality is ignored: a png has none");
        quality = None;
    }
    let freeze_animations = params.boolean("freezeAnimations")?;
    Ok(Image { part, format, quality, transparent, resize: resize(params)?, freeze_animations })
}

fn format(params: &mut Params, accepts_webp: bool) -> Result<PictureFormat, Error> {
    let given = params.text("type");
    if params.boolean("bestFormat")? {
        return Ok(if accepts_webp { PictureFormat::Webp } else { PictureFormat::Png });
    }
    match given.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("png") => Ok(PictureFormat::Png),
        Some("jpeg" | "jpg") => Ok(PictureFormat::Jpeg),
        Some("webp") => Ok(PictureFormat::Webp),
        Some(other) => Err(refused("type", other, "must be png, jpeg or webp")),
    }
}

/// The part of the viewport that is asked for; what lies outside it is cut off.
fn clip(params: &mut Params, viewport: Option<ViewportChange>) -> Result<Option<Clip>, Error> {
    let (width, height) = match viewport {
        Some(ViewportChange::Device(device)) => (device.width, device.height),
        Some(ViewportChange::Size(size)) => (size.width, size.height),
        Some(ViewportChange::Scale(_)) | None => (Viewport::default().width, Viewport::default().height),
    };
    let x = params.number("left", 0.0, f64::from(width - 1))?;
    let y = params.number("top", 0.0, f64::from(height - 1))?;
    let (left, top) = (x.unwrap_or(0.0), y.unwrap_or(0.0));
    let wide = params.number("width", 1.0, f64::from(width) - left)?;
    let high = params.number("height", 1.0, f64::from(height) - top)?;
    if x.is_none() && y.is_none() && wide.is_none() && high.is_none() {
        return Ok(None);
    }
    let (width, height) = (wide.unwrap_or(f64::from(width) - left), high.unwrap_or(f64::from(height) - top));
    Ok(Some(Clip { x: left, y: top, width, height }))
}

fn resize(params: &mut Params) -> Result<Option<Resize>, Error> {
    let width = params.whole("resizeWidth", 1, MAX_PICTURE_SIDE)?;
    let height = params.whole("resizeHeight", 1, MAX_PICTURE_SIDE)?;
    match (width, height) {
        (Some(width), Some(height)) => Ok(Some(Resize { width, height })),
        (None, None) => Ok(None),
        _ => {
            params.warn("resizeWidth and resizeHeight are ignored: both are needed");
            Ok(None)
        }
    }
}

fn pdf(params: &mut Params) -> Result<Pdf, Error> {
    let usual = Pdf::default();
    Ok(Pdf {
        paper: paper(params)?,
        margins: margins(params)?,
        scale: params.number("scale", 0.1, 2.0)?.unwrap_or(usual.scale),
        landscape: params.boolean("landscape")?,
        print_background: params.boolean("printBackground")?,
        prefer_css_page_size: params.boolean("preferCssPageSize")?,
        page_ranges: params.text("pageRanges").unwrap_or_default(),
        header: params.text("header"),
        footer: params.text("footer"),
        outline: params.boolean("outline")?,
        tagged: params.boolean("tagged")?,
    })
}

/// An own size takes precedence over a name, but needs both sides.
fn paper(params: &mut Params) -> Result<Paper, Error> {
    let (width, height, named) = (params.text("width"), params.text("height"), params.text("format"));
    match (width, height) {
        (Some(width), Some(height)) => {
            let side = |name, text: &str| Ok::<_, Error>(inches(name, text)?.clamp(PAPER.0, PAPER.1));
            return Ok(Paper::Custom(side("width", &width)?, side("height", &height)?));
        }
        (None, None) => {}
        _ => params.warn("width and height are ignored: both are needed"),
    }
    let Some(named) = named else { return Ok(Pdf::default().paper) };
    let known = PaperSize::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(&named));
    let (_, size) = known.ok_or_else(|| {
        let names: Vec<_> = PaperSize::ALL.iter().map(|(name, _)| *name).collect();
        refused("format", &named, format_args!("must be one of {}", names.join(", ")))
    })?;
    Ok(Paper::Named(*size))
}

fn margins(params: &mut Params) -> Result<Option<Margins>, Error> {
    let names = ["marginTop", "marginRight", "marginBottom", "marginLeft"];
    let given = names.map(|name| (name, params.text(name)));
    let parse = |(name, text): &(&str, Option<String>)| text.as_deref().map(|text| inches(name, text)).transpose();
    match [parse(&given[0])?, parse(&given[1])?, parse(&given[2])?, parse(&given[3])?] {
        [Some(top), Some(right), Some(bottom), Some(left)] => Ok(Some(Margins { top, right, bottom, left })),
        [None, None, None, None] => Ok(None),
        _ => {
            params.warn("margins are ignored: all four are needed");
            Ok(None)
        }
    }
}

fn animation(params: &mut Params) -> Result<Animation, Error> {
    for old in ["type", "fps", "scrolling", "scrollSpeed"] {
        if params.text(old).is_some_and(|value| value != "gif") {
            params.warn(format!("{old} is ignored: animated pictures are GIFs"));
        }
    }
    let seconds = params.number("duration", 1.0, 30.0)?;
    Ok(seconds.map_or_else(Animation::default, |seconds| Animation { duration: Duration::from_secs_f64(seconds) }))
}
