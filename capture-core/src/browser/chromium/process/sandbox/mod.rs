//! A sandbox around Chromium's own sandbox: what the kernel refuses a browser, whatever runs in it.
//!
//! Landlock allows TCP connections to the browser's own ports only, no listening, and no signals or abstract sockets to
//! processes outside. Seccomp allows only local and TCP sockets, and no way around these rules. A process inherits both
//! from the thread that starts it, so a thread enters the sandbox, starts the browser, and ends. If the kernel does not
//! support a part, browsers run without that part.
//!
//! This module must not know Chromium.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, io, thread};

use landlock::{
    ABI, AccessNet, LandlockStatus, NetPort, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
    Scope,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen::Dword, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use tokio::{
    process::{Child, Command},
    runtime::Handle,
};

/// Base of the x32 system call numbers on `x86_64` (`__X32_SYSCALL_BIT`): the calls have a second set of numbers there.
const X32: i64 = 0x4000_0000;
/// The bits of a socket's type that are not flags (`SOCK_TYPE_MASK` of the kernel).
const TYPE_MASK: u64 = 0xf;

/// The parts of the sandbox that this kernel supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SandboxFeatures {
    /// TCP only to the guard's ports (Landlock, Linux 6.7).
    pub ports: bool,
    /// No signals and no abstract sockets to processes outside the browser (Landlock, Linux 6.12).
    pub scopes: bool,
    /// Only local and TCP sockets (seccomp).
    pub sockets: bool,
}

impl SandboxFeatures {
    /// Whether all parts are supported.
    pub fn is_complete(self) -> bool {
        self.ports && self.scopes && self.sockets
    }
}

impl fmt::Display for SandboxFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yes = |has: bool| if has { "yes" } else { "no" };
        let Self { ports, scopes, sockets } = *self;
        let (ports, scopes, sockets) = (yes(ports), yes(scopes), yes(sockets));
        write!(
            f,
            "TCP to the guard only: {ports}, no signals beyond itself: {scopes}, no UDP and raw sockets: {sockets}"
        )
    }
}

/// The parts of the sandbox that this kernel supports, determined by a thread that enters the sandbox. Blocks for a
/// moment.
pub fn sandbox_features() -> SandboxFeatures {
    sandboxed(&[], Ok).unwrap_or_default()
}

/// Starts a program that may connect over TCP to these ports only. Blocks as long as starting takes.
pub(super) fn spawn(mut command: Command, ports: &[u16]) -> io::Result<Child> {
    let runtime = Handle::current();
    sandboxed(ports, move |_| {
        let _inside = runtime.enter();
        command.spawn()
    })
}

/// Runs `work` on a thread of its own in the sandbox.
fn sandboxed<T: Send>(ports: &[u16], work: impl FnOnce(SandboxFeatures) -> io::Result<T> + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("sandboxed".to_owned()).spawn_scoped(scope, || work(enter(ports)))?;
        thread.join().unwrap_or_else(|_panicked| Err(io::Error::other("the thread that starts browsers failed")))
    })
}

/// Puts this thread and the processes it starts into the sandbox, as far as the kernel supports it.
fn enter(ports: &[u16]) -> SandboxFeatures {
    let abi = match restrict_network(ports) {
        Ok(abi) => abi,
        Err(error) => {
            tracing::debug!(%error, "no Landlock around a browser");
            ABI::Unsupported
        }
    };
    let sockets = filter().and_then(|program| seccompiler::apply_filter(&program));
    if let Err(error) = &sockets {
        tracing::debug!(%error, "no seccomp filter around a browser");
    }
    SandboxFeatures { ports: abi >= ABI::V4, scopes: abi >= ABI::V6, sockets: sockets.is_ok() }
}

/// Enforces the network rules; returns the version of Landlock that is enforced.
fn restrict_network(ports: &[u16]) -> Result<ABI, RulesetError> {
    let ours = ports.iter().map(|port| Ok::<_, RulesetError>(NetPort::new(*port, AccessNet::ConnectTcp)));
    let raised = Ruleset::default()
        .handle_access(AccessNet::BindTcp | AccessNet::ConnectTcp)?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?
        .create()?
        .add_rules(ours)?
        .restrict_self()?;
    Ok(match (raised.ruleset, raised.landlock) {
        (RulesetStatus::NotEnforced, _) => ABI::Unsupported,
        (_, LandlockStatus::Available { effective_abi, .. }) => effective_abi,
        _ => ABI::Unsupported,
    })
}

/// The system calls that fail as if a permission were missing. All others are allowed.
fn filter() -> Result<BpfProgram, seccompiler::Error> {
    let mut refused = BTreeMap::from([
        (libc::SYS_socket, sockets()?),
        // It creates and uses sockets without this filter.
        (libc::SYS_io_uring_setup, Vec::new()),
        // It connects without `connect`, which Landlock does not check in every kernel.
        (libc::SYS_sendto, vec![fast_open(3)?]),
        (libc::SYS_sendmsg, vec![fast_open(2)?]),
        (libc::SYS_sendmmsg, vec![fast_open(3)?]),
    ]);
    if cfg!(target_arch = "x86_64") {
        let again: Vec<_> = refused.iter().map(|(call, rules)| (call | X32, rules.clone())).collect();
        refused.extend(again);
    }
    let denied = SeccompAction::Errno(libc::EACCES.unsigned_abs());
    let filter = SeccompFilter::new(refused, SeccompAction::Allow, denied, std::env::consts::ARCH.try_into()?)?;
    Ok(filter.try_into()?)
}

/// All families except local, netlink and TCP, and for those of TCP all types and protocols except TCP's. Multipath TCP
/// is a separate protocol that Landlock does not check.
fn sockets() -> Result<Vec<SeccompRule>, seccompiler::Error> {
    let is = |argument, number: i32| compare(argument, SeccompCmpOp::Eq, number);
    let is_not = |argument, number: i32| compare(argument, SeccompCmpOp::Ne, number);
    let families = [libc::AF_UNIX, libc::AF_NETLINK, libc::AF_INET, libc::AF_INET6];
    let families: Result<_, _> = families.into_iter().map(|family| is_not(0, family)).collect();
    let mut rules = vec![SeccompRule::new(families?)?];
    for family in [libc::AF_INET, libc::AF_INET6] {
        let others = vec![is(0, family)?, is_not(2, 0)?, is_not(2, libc::IPPROTO_TCP)?];
        rules.push(SeccompRule::new(others)?);
        for kind in (0..=TYPE_MASK).filter(|kind| *kind != u64::from(libc::SOCK_STREAM.unsigned_abs())) {
            let kind = SeccompCondition::new(1, Dword, SeccompCmpOp::MaskedEq(TYPE_MASK), kind)?;
            rules.push(SeccompRule::new(vec![is(0, family)?, kind])?);
        }
    }
    Ok(rules)
}

fn fast_open(argument: u8) -> Result<SeccompRule, seccompiler::Error> {
    let flag = u64::from(libc::MSG_FASTOPEN.unsigned_abs());
    let set = SeccompCondition::new(argument, Dword, SeccompCmpOp::MaskedEq(flag), flag)?;
    Ok(SeccompRule::new(vec![set])?)
}

fn compare(argument: u8, how: SeccompCmpOp, number: i32) -> Result<SeccompCondition, seccompiler::Error> {
    Ok(SeccompCondition::new(argument, Dword, how, number.unsigned_abs().into())?)
}
