//! CONNECT to a SOCKS5 proxy (RFC 1928), with user and password (RFC 1929). The proxy resolves names.

use std::{io, net::IpAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Credentials;
use crate::egress::{UpstreamFailure, host::Host, wire::Wire};

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
const PASSWORD_VERSION: u8 = 1;

/// Requests a connection. It reads no byte beyond the proxy's answer.
pub(super) async fn connect(
    wire: &mut Wire,
    credentials: Option<&Credentials>,
    host: &Host,
    port: u16,
) -> Result<(), UpstreamFailure> {
    let greeting: &[u8] = match credentials {
        Some(_) => &[VERSION, 2, NO_AUTHENTICATION, PASSWORD],
        None => &[VERSION, 1, NO_AUTHENTICATION],
    };
    match (exchange(wire, greeting).await?, credentials) {
        ([VERSION, NO_AUTHENTICATION], _) => {}
        ([VERSION, PASSWORD], Some(credentials)) => authenticate(wire, credentials).await?,
        ([VERSION, NO_ACCEPTABLE_METHOD], _) => return Err(UpstreamFailure::AuthRefused),
        _ => return Err(UpstreamFailure::BadAnswer),
    }
    let answer: [u8; 4] = exchange(wire, &request(host, port)?).await?;
    match answer {
        [VERSION, 0, _, kind] => skip_address(wire, kind).await,
        [VERSION, code, ..] => Err(UpstreamFailure::Refused(u16::from(code))),
        _ => Err(UpstreamFailure::BadAnswer),
    }
}

async fn authenticate(wire: &mut Wire, credentials: &Credentials) -> Result<(), UpstreamFailure> {
    let mut message = vec![PASSWORD_VERSION];
    push_text(&mut message, &credentials.user)?;
    push_text(&mut message, &credentials.password)?;
    match exchange(wire, &message).await? {
        [_, 0] => Ok(()),
        _ => Err(UpstreamFailure::AuthRefused),
    }
}

fn request(host: &Host, port: u16) -> Result<Vec<u8>, UpstreamFailure> {
    let mut message = vec![VERSION, 1, 0];
    match host {
        Host::Address(IpAddr::V4(address)) => {
            message.push(1);
            message.extend_from_slice(&address.octets());
        }
        Host::Address(IpAddr::V6(address)) => {
            message.push(4);
            message.extend_from_slice(&address.octets());
        }
        Host::Name(name) => {
            message.push(3);
            push_text(&mut message, name.as_str())?;
        }
    }
    message.extend_from_slice(&port.to_be_bytes());
    Ok(message)
}

/// Appends the length as one byte, then the text. Lengths of names and credentials were checked when they were parsed.
fn push_text(message: &mut Vec<u8>, text: &str) -> Result<(), UpstreamFailure> {
    message.push(u8::try_from(text.len()).or(Err(UpstreamFailure::BadAnswer))?);
    message.extend_from_slice(text.as_bytes());
    Ok(())
}

/// Skips the address from which the proxy connected, which is not needed.
async fn skip_address(wire: &mut Wire, kind: u8) -> Result<(), UpstreamFailure> {
    let address = match kind {
        1 => 4,
        3 => {
            let [length] = read(wire).await?;
            usize::from(length)
        }
        4 => 16,
        _ => return Err(UpstreamFailure::BadAnswer),
    };
    let mut rest = vec![0; address + 2];
    wire.read_exact(&mut rest).await.map(drop).or(Err(UpstreamFailure::BadAnswer))
}

async fn exchange<const N: usize>(wire: &mut Wire, message: &[u8]) -> Result<[u8; N], UpstreamFailure> {
    let sent = async { io::Result::Ok((wire.write_all(message).await?, wire.flush().await?)) };
    sent.await.or(Err(UpstreamFailure::BadAnswer))?;
    read(wire).await
}

async fn read<const N: usize>(wire: &mut Wire) -> Result<[u8; N], UpstreamFailure> {
    let mut answer = [0; N];
    wire.read_exact(&mut answer).await.or(Err(UpstreamFailure::BadAnswer))?;
    Ok(answer)
}
