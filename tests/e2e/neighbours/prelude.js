const sleep = (ms) => new Promise((yes) => setTimeout(yes, ms));
const add = (tag, fields) => {
  const element = Object.assign(document.createElement(tag), fields);
  document.body.append(element);
  return element;
};
// The address of any body with any media type, served by this site.
const as = (type, body) => `/as?type=${encodeURIComponent(type)}&body=${encodeURIComponent(body)}`;
const work = (code) => new Worker(URL.createObjectURL(new Blob([code])));
const again = (what, ms = 0) => { const go = () => { what(); setTimeout(go, ms); }; go(); };
// Text that does not compress and must be escaped in JSON.
const noise = (length) => {
  const part = Array.from({ length: 1 << 12 }, () => String.fromCharCode(Math.random() * 60000)).join('');
  return part.repeat(Math.ceil(length / part.length)).slice(0, length);
};
// Fills a canvas with noise, so that every picture of it is large.
const paintNoise = (width, height) => {
  const canvas = add('canvas', { width, height });
  canvas.style.cssText = 'position:absolute;left:0;top:0';
  const context = canvas.getContext('2d');
  const tile = context.createImageData(512, 512);
  const words = new Uint32Array(tile.data.buffer);
  for (let i = 0; i !== words.length; i += 1) words[i] = Math.random() * 2 ** 32 | 0xff000000;
  for (let x = 0; x < width; x += 512) for (let y = 0; y < height; y += 512) context.putImageData(tile, x, y);
};
