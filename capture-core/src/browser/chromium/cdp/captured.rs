//! Answers whose content is bytes in base64, such as pictures and printed documents.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::CdpError;

/// Borrowed, because it may be long.
#[derive(Deserialize)]
struct Captured<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
}

/// The bytes in the `data` of an answer. `what` names them in an error.
pub(crate) fn captured(answer: &RawValue, what: &'static str) -> Result<Bytes, CdpError> {
    let unreadable = |message: String| CdpError::Decode { method: what.into(), message };
    let Captured { data } = serde_json::from_str(answer.get()).map_err(|error| unreadable(error.to_string()))?;
    let bytes = STANDARD.decode(data.as_bytes());
    bytes.map(Bytes::from).map_err(|error| unreadable(error.to_string()))
}
