//! N: connections that are not HTTP; the page is opened by `goto` and by `Page.navigate`.

use super::{
    Way,
    row::{Row, headers, script},
    tried,
};

tried! { ROWS, quick by_goto: Way::Goto, long by_cdp: Way::Cdp }

pub(super) const ROWS: &[Row] = &[
    script("N01", "WebRTC asks a STUN server over UDP", "await gather([{ urls: `stun:${canary}` }])").also_stopped(),
    script("N02", "WebRTC asks a TURN server over UDP", "await gather([{ urls: `turn:${canary}?transport=udp`, username: 'a', credential: 'b' }])").also_stopped(),
    script("N03", "WebRTC asks a TURN server over TCP", "await gather([{ urls: `turn:${canary}?transport=tcp`, username: 'a', credential: 'b' }])").also_stopped(),
    script("N04", "WebRTC asks a TURN server over TLS", "await gather([{ urls: `turns:${canary}?transport=tcp`, username: 'a', credential: 'b' }])").also_stopped(),
    script("N05", "WebRTC by other notations and names", "await gather([`[::1]:${port}`, `localhost:${port}`, `2130706433:${port}`, `${own}:${port}`].map((at) => ({ urls: [`stun:${at}`, `turn:${at}?transport=tcp`], username: 'a', credential: 'b' })))").also_stopped(),
    script("N06", "WebRTC is told of a peer at the canary", "const a = new RTCPeerConnection(), b = new RTCPeerConnection(); a.createDataChannel('x'); await a.setLocalDescription(); await b.setRemoteDescription(a.localDescription); await b.setLocalDescription(); await a.setRemoteDescription(b.localDescription); for (const type of ['udp 2113937151', 'tcp 1518280447']) await a.addIceCandidate({ candidate: `candidate:1 1 ${type} 127.0.0.1 ${port} typ host tcptype passive`, sdpMid: '0' }).catch(() => {}); await sleep(700)").also_stopped(),
    script("N07", "WebRTC tells no address of this machine", "const p = new RTCPeerConnection(); p.createDataChannel('x'); p.onicecandidate = (e) => { if (e.candidate && e.candidate.candidate.includes(own)) see('root:x:0') }; await p.setLocalDescription(); await sleep(400)").also_stopped(),
    script("N08", "WebTransport", "const t = new WebTransport(`https://${canary}/`); t.closed.catch(() => {}); await Promise.race([t.ready.catch(() => {}), sleep(600)])").also_stopped(),
    script("N09", "WebTransport with a certificate of the page's choice", "const t = new WebTransport(`https://${canary}/`, { serverCertificateHashes: [{ algorithm: 'sha-256', value: new Uint8Array(32) }] }); t.closed.catch(() => {}); await Promise.race([t.ready.catch(() => {}), sleep(600)])").also_stopped(),
    headers("N10", "QUIC by an alternative service", &[("alt-svc", "h3=\":{{port}}\"; ma=99, quic=\":{{port}}\"")], "<script>setTimeout(() => fetch('/common'), 100)</script>").also_stopped(),
    script("N11", "sockets without anything around them", "await new TCPSocket('127.0.0.1', port).opened").also_stopped(),
    script("N12", "datagrams without anything around them", "await new UDPSocket({ remoteAddress: '127.0.0.1', remotePort: port }).opened").also_stopped(),
    script("N13", "screens of the neighbourhood", "await new PresentationRequest([`http://${canary}/`, 'cast:a']).getAvailability(); await sleep(200)").also_stopped(),
    script("N14", "playing on another device", "const v = add('video', { src: `http://${canary}/` }); await v.remote.watchAvailability(() => {}); await sleep(200)"),
    script("N15", "devices on the machine", "await Promise.allSettled([navigator.usb?.requestDevice({ filters: [] }), navigator.serial?.requestPort(), navigator.hid?.requestDevice({ filters: [] }), navigator.bluetooth?.requestDevice({ acceptAllDevices: true })])").also_stopped(),
];
