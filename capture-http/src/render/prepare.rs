//! A request with everything that its answer depends on, made of its parameters.

use capture_core::{Error, account::UserId};

use super::{
    made::CacheKey,
    params::{Params, refused},
    parse::{self, Kind},
    work::{CacheUse, Storing, Work},
};
use crate::{
    app::App,
    storage::{Acl, Stores},
};

/// A request that is valid.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) work: Work,
    /// What was asked for and is not done.
    pub(crate) warnings: Vec<String>,
    /// The result depends on the `Accept` header.
    pub(super) varies: bool,
}

/// Parses the parameters of a user's request. `accepts_webp` decides what `bestFormat` means.
///
/// # Errors
/// `invalid_request` that names the parameter. Unknown parameters are refused in a JSON body only.
pub(crate) fn prepare(
    app: &App,
    user: &UserId,
    kind: Kind,
    mut params: Params,
    accepts_webp: bool,
) -> Result<Prepared, Error> {
    params.resolve_aliases(kind.is_picture());
    params.apply_preset(&app.settings().presets, kind.is_picture())?;
    let varies = kind == Kind::Image && matches!(params.peek("bestFormat"), Some("true" | "1"));
    let fresh = params.boolean("fresh")?;
    let key = CacheKey::of(user, kind, &params, if varies && accepts_webp { "webp" } else { "" });
    let request = parse::request(kind, &mut params, accepts_webp)?;
    let has_credentials = request.settings.credentials.is_some();
    let storing = storing(app.stores(), kind, &mut params, has_credentials)?;
    let _only_part_of_the_key = params.text("timestamp");
    let is_plain = params.is_plain;
    let (warnings, unknown) = params.finish();
    if let Some(name) = unknown.first().filter(|_| is_plain) {
        return Err(Error::invalid(format!("unknown parameter {name:?} of {}", request.output.name())));
    }
    let cache_use = CacheUse { fresh, keep: !has_credentials };
    Ok(Prepared { work: Work { key, request, cache_use, storing }, warnings, varies })
}

/// Reads how the result is to be stored. Texts, metadata and results with credentials are never stored by themselves.
fn storing(stores: &Stores, kind: Kind, params: &mut Params, has_credentials: bool) -> Result<Storing, Error> {
    let name = params.text("fileName");
    let name = name.map(|text| text.parse().map_err(|why| refused("fileName", &text, why))).transpose()?;
    let acl = params.text("s3Acl");
    let mut storing =
        Storing { name, acl: None, redirect: params.boolean("s3Redirect")?, skip: params.boolean("skipUpload")? };
    let why_not = match kind {
        _ if !stores.is_bucket => Some("this server has no bucket"),
        Kind::Content | Kind::Metadata => Some("only pictures and PDFs are stored"),
        _ if has_credentials => Some("the result of a document with credentials is not stored"),
        Kind::Image | Kind::Pdf | Kind::Animated => None,
    };
    if let Some(why) = why_not {
        for (name, is_given) in [("s3Acl", acl.is_some()), ("s3Redirect", storing.redirect)] {
            if is_given {
                params.warn(format!("{name} is ignored: {why}"));
            }
        }
        return Ok(Storing { redirect: false, skip: true, ..storing });
    }
    match acl.map(|text| text.parse::<Acl>()) {
        None => {}
        Some(Ok(acl)) if stores.allows_acl => storing.acl = Some(acl),
        Some(Ok(_)) => params.warn("s3Acl is ignored: the operator of this server does not allow it"),
        Some(Err(_unknown)) => {
            let names = Acl::ALL.map(Acl::as_str).join(", ");
            params.warn(format!("s3Acl is ignored: it must be one of {names}"));
        }
    }
    if storing.skip && storing.redirect {
        params.warn("s3Redirect is ignored: skipUpload stores nothing");
        storing.redirect = false;
    }
    Ok(storing)
}
