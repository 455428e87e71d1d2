// A JSON client on one kept-alive connection, as a careful user would write it.
import http from "node:http";

export function client(base, headers = {}) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  return (method, path, body) => new Promise((resolve, reject) => {
    const data = body === undefined ? undefined : JSON.stringify(body);
    const length = data === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(data) };
    const request = http.request(base + path, { method, agent, headers: { ...headers, ...length } }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk)).on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode < 400) resolve(JSON.parse(text));
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 1000)}`));
      });
    });
    request.setNoDelay(true);
    request.on("error", reject);
    request.end(data);
  });
}
