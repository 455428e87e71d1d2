//! The bearer token of a user, made for showing it once.
//!
//! Knows nothing of requests.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use capture_core::account::{Secret, UserId};

/// The token of `Authorization: Bearer …`. It must be kept as secret as the secret in it.
pub(crate) fn token(user: &UserId, secret: &Secret) -> String {
    STANDARD.encode(format!("{user}:{}", secret.reveal()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_user_and_the_secret_in_base64() {
        assert_eq!(token(&"dev".parse().unwrap(), &Secret::chosen("dev")), "ZGV2OmRldg==");
    }
}
