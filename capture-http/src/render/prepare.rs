//! A request with everything that its answer depends on, made of its parameters.

use capture_core::{Error, account::UserId, render::RenderRequest};

use super::{
    answer::CacheUse,
    cache::CacheKey,
    params::{Params, refused},
    parse::{self, Kind},
};
use crate::{
    app::App,
    storage::{Acl, FileName, Stores},
};

/// A request that is valid.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) key: CacheKey,
    pub(crate) request: RenderRequest,
    pub(crate) cache_use: CacheUse,
    /// How the result is stored.
    pub(crate) storing: Storing,
    /// What was asked for and is not done.
    pub(crate) warnings: Vec<String>,
    /// The result depends on the `Accept` header.
    pub(super) varies: bool,
}

/// How a result is stored.
#[derive(Debug, Default)]
pub(crate) struct Storing {
    /// The name that was asked for.
    pub(super) name: Option<FileName>,
    /// Who may read it, where the operator allows users to decide that.
    pub(super) acl: Option<Acl>,
    /// The reply leads to the stored object.
    pub(super) redirect: bool,
    /// It is not stored at all.
    pub(super) skip: bool,
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
    params.apply_preset(&app.settings().presets)?;
    let varies = params.peek("bestFormat").is_some();
    let fresh = params.boolean("fresh")?;
    let key = CacheKey::of(user, kind, &params, if varies && accepts_webp { "webp" } else { "" });
    let request = parse::request(kind, &mut params, accepts_webp)?;
    let storing = storing(app.stores(), kind, &mut params)?;
    let _only_part_of_the_key = params.text("timestamp");
    let is_plain = params.is_plain;
    let (warnings, unknown) = params.finish();
    if let Some(name) = unknown.first().filter(|_| is_plain) {
        return Err(Error::invalid(format!("unknown parameter {name:?} of {}", request.output.name())));
    }
    let cache_use = CacheUse { fresh, keep: request.settings.credentials.is_none() };
    Ok(Prepared { key, request, cache_use, storing, warnings, varies })
}

/// Reads how the result is to be stored. Texts and metadata are never stored.
fn storing(stores: &Stores, kind: Kind, params: &mut Params) -> Result<Storing, Error> {
    let name = params.text("fileName");
    let name = name.map(|text| text.parse().map_err(|why| refused("fileName", &text, why))).transpose()?;
    let acl = params.text("s3Acl");
    let mut storing =
        Storing { name, acl: None, redirect: params.boolean("s3Redirect")?, skip: params.boolean("skipUpload")? };
    if !stores.is_bucket || matches!(kind, Kind::Content | Kind::Metadata) {
        let why = if stores.is_bucket { "only pictures and PDFs are stored" } else { "this server has no bucket" };
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
