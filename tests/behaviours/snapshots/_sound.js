// A silent sound of some seconds, made in the page: 8000 bytes a second.
function soundOf(seconds) {
  const bytes = new Uint8Array(44 + seconds * 8000).fill(128);
  const view = new DataView(bytes.buffer);
  const text = (at, letters) => [...letters].forEach((letter, index) => { bytes[at + index] = letter.charCodeAt(0); });
  text(0, 'RIFF');
  view.setUint32(4, 36 + seconds * 8000, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, 8000, true);
  view.setUint32(28, 8000, true);
  view.setUint16(32, 1, true);
  view.setUint16(34, 8, true);
  text(36, 'data');
  view.setUint32(40, seconds * 8000, true);
  return URL.createObjectURL(new Blob([bytes], { type: 'audio/wav' }));
}
