//! Tests of what a sandboxed thread, and a program it starts, can and cannot do.

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
fn a_sandboxed_thread_has_its_ports_and_local_sockets_and_nothing_else() {
    let ((_egress, egress), (_canary, canary)) = (listener(), listener());
    let tried = sandboxed(&[egress], move |features| {
        assert_eq!(refused(TcpStream::connect((Ipv4Addr::LOCALHOST, canary))), features.ports);
        assert_eq!(refused(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))), features.ports);
        assert_eq!(refused(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))), features.sockets);
        assert_eq!(refused(UdpSocket::bind("[::1]:0")), features.sockets);
        TcpStream::connect((Ipv4Addr::LOCALHOST, egress)).unwrap();
        UnixDatagram::pair().unwrap();
        Ok(features)
    });
    println!("{}", tried.unwrap());
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("this thread is free");
}

/// Families, types and protocols of sockets, and other ways to connect.
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
async fn a_program_in_the_sandbox_connects_to_its_port_and_makes_no_other_sockets() {
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
    let features = sandbox_features();
    let part = |names: &[&str], how: &str| {
        for name in names {
            assert!(said.contains(&format!("{name} {how}\n")), "{name} is {how}:\n{said}");
        }
    };
    part(&["egress", "unix", "netlink", "tcp"], "done");
    if features.ports {
        part(&["canary", "listen"], "refused");
        canary_listener.set_nonblocking(true).unwrap();
        assert!(canary_listener.accept().is_err(), "nobody came");
    }
    if features.sockets {
        part(&["udp", "udp6", "raw", "mptcp", "sctp", "vsock", "packet", "alg", "io_uring"], "refused");
        part(&["fastopen", "fastopen message"], "refused");
        assert!(!said.contains("x32 udp done"), "{said}");
    }
    if features.scopes {
        part(&["abstract", "signal"], "refused");
    }
}
