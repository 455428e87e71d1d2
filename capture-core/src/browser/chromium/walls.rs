//! The second wall: what the kernel refuses a browser, whatever runs in it.
//!
//! Landlock: TCP to its own ports only, no listening, no signals and no abstract sockets beyond itself. Seccomp: no sockets but local
//! ones and TCP, and no way to one around those rules. A process inherits both from the thread that starts it, so a thread is
//! walled in, starts the browser, and ends. Chromium's own sandbox stands inside. A kernel that lacks a wall is served without.

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

/// Where x32 has its system calls on `x86_64`: the same ones, by other numbers (`__X32_SYSCALL_BIT`).
const X32: i64 = 0x4000_0000;
/// The bits of a socket's type that are no flags (`SOCK_TYPE_MASK` of the kernel).
const TYPE_MASK: u64 = 0xf;

/// Which walls stand around browsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Walls {
    /// TCP only to the guard's ports (Landlock, Linux 6.7).
    pub ports: bool,
    /// No signals and no abstract sockets beyond the browser (Landlock, Linux 6.12).
    pub scopes: bool,
    /// No sockets but local ones and TCP (seccomp).
    pub sockets: bool,
}

impl Walls {
    /// Whether all of them stand.
    pub fn are_complete(self) -> bool {
        self.ports && self.scopes && self.sockets
    }
}

impl fmt::Display for Walls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yes = |stands| if stands { "yes" } else { "no" };
        let Self { ports, scopes, sockets } = *self;
        let (ports, scopes, sockets) = (yes(ports), yes(scopes), yes(sockets));
        write!(
            f,
            "TCP to the guard only: {ports}, no signals beyond itself: {scopes}, no UDP and raw sockets: {sockets}"
        )
    }
}

/// Which walls this kernel has, found out by raising them around a thread.
pub fn find_walls() -> Walls {
    walled(&[], Ok).unwrap_or_default()
}

/// Starts a program that may connect over TCP to these ports only. Blocks as long as starting takes.
pub(super) fn spawn(mut command: Command, ports: &[u16]) -> io::Result<Child> {
    let runtime = Handle::current();
    walled(ports, move |_| {
        let _inside = runtime.enter();
        command.spawn()
    })
}

/// Does this on a walled thread of its own.
fn walled<T: Send>(ports: &[u16], work: impl FnOnce(Walls) -> io::Result<T> + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("walled".to_owned()).spawn_scoped(scope, || work(raise(ports)))?;
        thread.join().unwrap_or_else(|_panicked| Err(io::Error::other("the thread that starts browsers failed")))
    })
}

/// Raises around this thread, and what it starts, whatever the kernel has.
fn raise(ports: &[u16]) -> Walls {
    let abi = match restrict(ports) {
        Ok(abi) => abi,
        Err(error) => {
            tracing::debug!(%error, "no Landlock around a browser");
            ABI::Unsupported
        }
    };
    let sockets = filter().and_then(|program| Ok(seccompiler::apply_filter(&program)?));
    if let Err(error) = &sockets {
        tracing::debug!(%error, "no seccomp filter around a browser");
    }
    Walls { ports: abi >= ABI::V4, scopes: abi >= ABI::V6, sockets: sockets.is_ok() }
}

/// The version of what the kernel enforces from now on.
fn restrict(ports: &[u16]) -> Result<ABI, RulesetError> {
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

/// What is refused as if the permission were missing; everything else is allowed.
fn filter() -> Result<BpfProgram, seccompiler::Error> {
    let mut refused = BTreeMap::from([
        (libc::SYS_socket, sockets()?),
        // It makes and uses sockets past this filter.
        (libc::SYS_io_uring_setup, Vec::new()),
        // Connects without `connect`, which Landlock has not noticed in every kernel.
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

/// Every family but local, netlink and TCP; of those of TCP every type and protocol but TCP's. Multipath TCP is another one,
/// and Landlock does not know it.
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

#[cfg(test)]
mod tests {
    use std::{
        io::ErrorKind::PermissionDenied,
        net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
        os::unix::net::{UnixDatagram, UnixListener},
        process::Stdio,
    };

    use super::*;

    fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    fn refused<T>(tried: io::Result<T>) -> bool {
        tried.is_err_and(|error| error.kind() == PermissionDenied)
    }

    #[test]
    fn a_walled_thread_has_its_ports_and_local_sockets_and_nothing_else() {
        let ((_egress, egress), (_canary, canary)) = (listener(), listener());
        let tried = walled(&[egress], move |walls| {
            assert_eq!(refused(TcpStream::connect((Ipv4Addr::LOCALHOST, canary))), walls.ports);
            assert_eq!(refused(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))), walls.ports);
            assert_eq!(refused(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))), walls.sockets);
            assert_eq!(refused(UdpSocket::bind("[::1]:0")), walls.sockets);
            TcpStream::connect((Ipv4Addr::LOCALHOST, egress)).unwrap();
            UnixDatagram::pair().unwrap();
            Ok(walls)
        });
        println!("{}", tried.unwrap());
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("this thread is free");
    }

    /// Families, types and protocols of sockets, and what else there is to connect with.
    const TRIES: &str = r"
import ctypes, socket, sys
def tried(name, act):
    try: act(); print(name, 'done')
    except PermissionError: print(name, 'refused')
    except OSError as error: print(name, 'failed', error)
def make(*what): return lambda: socket.socket(*what).close()
egress, canary, abstract, outside = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
local = ('127.0.0.1', canary)
tried('egress', lambda: socket.create_connection(('127.0.0.1', egress)).close())
tried('unix', make(socket.AF_UNIX, socket.SOCK_DGRAM))
tried('netlink', make(socket.AF_NETLINK, socket.SOCK_RAW))
tried('tcp', make(socket.AF_INET6, socket.SOCK_STREAM, 6))
tried('canary', lambda: socket.create_connection(local).close())
tried('listen', lambda: socket.socket().bind(('127.0.0.1', 0)))
tried('fastopen', lambda: socket.socket().sendto(b'x', 0x20000000, local))
tried('fastopen message', lambda: socket.socket().sendmsg([b'x'], [], 0x20000000, local))
tried('udp', make(socket.AF_INET, socket.SOCK_DGRAM))
tried('udp6', make(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC))
tried('raw', make(socket.AF_INET, socket.SOCK_RAW, 1))
tried('mptcp', make(socket.AF_INET, socket.SOCK_STREAM, 262))
tried('sctp', make(socket.AF_INET, socket.SOCK_STREAM, 132))
tried('vsock', make(40, socket.SOCK_STREAM))
tried('packet', make(socket.AF_PACKET, socket.SOCK_RAW))
tried('alg', make(38, socket.SOCK_SEQPACKET))
def call(number, *arguments):
    def act():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(number, *arguments) < 0: raise OSError(ctypes.get_errno(), 'call')
    return act
tried('io_uring', call(425, 1, ctypes.create_string_buffer(120)))
tried('x32 udp', call(0x40000029, 2, 2, 0))
tried('abstract', lambda: socket.socket(socket.AF_UNIX).connect('\0' + abstract))
tried('signal', lambda: __import__('os').kill(outside, 0))
";

    #[tokio::test]
    async fn a_program_behind_the_walls_connects_to_its_port_and_makes_no_other_sockets() {
        use std::os::linux::net::SocketAddrExt;
        let ((_egress, egress), (canary_listener, canary)) = (listener(), listener());
        let name = format!("capture-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
        let _abstract = UnixListener::bind_addr(&address).unwrap();
        let mut python = Command::new("python3");
        let outside = std::process::id().to_string();
        python.args(["-c", TRIES, &egress.to_string(), &canary.to_string(), &name, &outside]).stdout(Stdio::piped());
        let child = spawn(python, &[egress]).unwrap();
        let said = String::from_utf8(child.wait_with_output().await.unwrap().stdout).unwrap();
        let walls = find_walls();
        let part = |names: &[&str], how: &str| {
            for name in names {
                assert!(said.contains(&format!("{name} {how}\n")), "{name} is {how}:\n{said}");
            }
        };
        part(&["egress", "unix", "netlink", "tcp"], "done");
        if walls.ports {
            part(&["canary", "listen"], "refused");
            canary_listener.set_nonblocking(true).unwrap();
            assert!(canary_listener.accept().is_err(), "nobody came");
        }
        if walls.sockets {
            part(&["udp", "udp6", "raw", "mptcp", "sctp", "vsock", "packet", "alg", "io_uring"], "refused");
            part(&["fastopen", "fastopen message"], "refused");
            assert!(!said.contains("x32 udp done"), "{said}");
        }
        if walls.scopes {
            part(&["abstract", "signal"], "refused");
        }
    }
}
