const canary = '{{canary}}', port = {{port}}, own = '{{own}}';
const sleep = (ms) => new Promise((yes) => setTimeout(yes, ms));
const add = (tag, fields) => {
  const element = Object.assign(document.createElement(tag), fields);
  document.body.append(element);
  return element;
};
// The address of any body with any media type, served by this site.
const as = (type, body) => `/as?type=${encodeURIComponent(type)}&body=${encodeURIComponent(body)}`;
const to = (status, place) => `/to?status=${status}&place=${encodeURIComponent(place)}`;
const work = (code) => new Worker(as('text/javascript', code));
const see = (text) => { log.textContent += text; };
const gather = async (iceServers) => {
  const peer = new RTCPeerConnection({ iceServers });
  peer.createDataChannel('x');
  await peer.setLocalDescription();
  await sleep(700);
};
// Tries every API that takes an address.
const visit = async (address) => {
  fetch(address, { mode: 'no-cors' }).catch(() => {});
  new Image().src = address;
  add('iframe', { src: address });
  try { new WebSocket(address.replace(/^\s*http/i, 'ws')); } catch {}
  try { open(address); } catch {}
};
