//! Which media type a client names in `Accept`.

use axum::http::{HeaderMap, header};

/// Whether `Accept` names exactly this media type. Ranges (`*/*`, `image/*`) do not count, so that JSON stays the
/// default.
pub(crate) fn names_type(headers: &HeaderMap, media_type: &str) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type));
        named && !parts.any(is_refusal)
    })
}

/// Whether the parameter is `q=0`, which excludes the media type.
fn is_refusal(parameter: &str) -> bool {
    let weight = parameter.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weight.is_some_and(|(_, weight)| weight.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_explicit_name_counts() {
        let of = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            names_type(&headers, "image/png")
        };
        for accept in ["image/png", "IMAGE/PNG", "application/json, image/png;q=0.5", "image/png; q=1"] {
            assert!(of(accept), "{accept}");
        }
        for accept in
            ["", "*/*", "image/*", "image/pngx", "image/png;q=0", "image/png; q=0.0, */*", "text/html,*/*;q=0.8"]
        {
            assert!(!of(accept), "{accept}");
        }
        assert!(!names_type(&HeaderMap::new(), "image/png"));
    }
}
