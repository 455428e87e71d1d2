//! Who may read a stored object: the closed list of the public API.

use std::str::FromStr;

/// A canned ACL of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acl {
    Private,
    PublicRead,
    PublicReadWrite,
    AuthenticatedRead,
    BucketOwnerRead,
    BucketOwnerFullControl,
}

/// A text that is no ACL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownAcl;

impl Acl {
    /// Every ACL.
    pub(crate) const ALL: [Self; 6] = [
        Self::Private,
        Self::PublicRead,
        Self::PublicReadWrite,
        Self::AuthenticatedRead,
        Self::BucketOwnerRead,
        Self::BucketOwnerFullControl,
    ];

    /// The value of `x-amz-acl`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::PublicRead => "public-read",
            Self::PublicReadWrite => "public-read-write",
            Self::AuthenticatedRead => "authenticated-read",
            Self::BucketOwnerRead => "bucket-owner-read",
            Self::BucketOwnerFullControl => "bucket-owner-full-control",
        }
    }

    /// Whether everybody may read the object, so that its address needs no signature.
    pub(super) fn is_public(self) -> bool {
        matches!(self, Self::PublicRead | Self::PublicReadWrite)
    }
}

impl FromStr for Acl {
    type Err = UnknownAcl;

    fn from_str(text: &str) -> Result<Self, UnknownAcl> {
        Self::ALL.into_iter().find(|acl| acl.as_str() == text).ok_or(UnknownAcl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_closed() {
        for acl in Acl::ALL {
            assert_eq!(acl.as_str().parse(), Ok(acl));
        }
        for text in ["", "Private", "aws-exec-read", "log-delivery-write", "public-read\r\nx: y"] {
            assert_eq!(text.parse::<Acl>(), Err(UnknownAcl), "{text}");
        }
    }
}
