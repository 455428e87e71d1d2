//! The policy: which targets may be reached, by rules on top of the table of addresses. This module resolves nothing
//! and opens no connections.

use std::net::IpAddr;

use super::{
    Rule, Why,
    address::{deny_reason, is_this_machine},
    host::Name,
};

/// Names of clouds' metadata addresses. They are denied by name because a user's proxy would resolve them too.
const METADATA_NAMES: [&str; 2] = ["metadata.google.internal", "metadata.goog"];

/// Decides which targets may be reached. By default only public addresses are allowed.
///
/// The checks are made in this order: the service's own ports are never reached; a deny rule denies; a rule for an
/// address allows it, whatever it is (a metadata address only by a rule for it alone); public addresses are allowed;
/// private ones are allowed if private addresses are allowed in general, or if a rule allows the name that resolved to
/// them.
#[derive(Debug, Clone, Default)]
pub struct EgressPolicy {
    private: bool,
    allow: Vec<Rule>,
    deny: Vec<Rule>,
}

/// Whether a rule allows the name, so that it may resolve to private addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AllowedByName(pub(super) bool);

impl EgressPolicy {
    /// A policy with these rules. `private` allows loopback, private and link-local addresses, but not metadata,
    /// multicast or reserved ones.
    pub fn new(private: bool, allow: Vec<Rule>, deny: Vec<Rule>) -> Self {
        Self { private, allow, deny }
    }

    /// The policy with private addresses allowed, for development against local servers.
    #[must_use]
    pub fn allow_private(self) -> Self {
        Self { private: true, ..self }
    }

    /// Checks a name before it is resolved.
    pub(super) fn judge_name(&self, name: &Name, port: u16) -> Result<AllowedByName, Why> {
        if METADATA_NAMES.iter().any(|metadata| name.is_or_below(metadata)) {
            return Err(Why::Metadata);
        }
        let named = |rules: &[Rule]| rules.iter().any(|rule| rule.has_name(name, port));
        if named(&self.deny) { Err(Why::Rule) } else { Ok(AllowedByName(named(&self.allow))) }
    }

    /// Checks one address of a target.
    pub(super) fn judge_address(&self, address: IpAddr, port: u16, named: AllowedByName) -> Result<(), Why> {
        if self.deny.iter().any(|rule| rule.has_address(address, port)) {
            return Err(Why::Rule);
        }
        let private = self.private || named.0;
        let reason =
            deny_reason(address).or_else(|| (!private && is_this_machine(address)).then_some(Why::ThisMachine));
        let Some(why) = reason else { return Ok(()) };
        let ruled = self.allow.iter().any(|rule| match why {
            Why::Metadata => rule.has_only_address(address, port),
            _ => rule.has_address(address, port),
        });
        if ruled || (private && why.is_private()) { Ok(()) } else { Err(why) }
    }
}
