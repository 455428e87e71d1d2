// A client over one or a few kept-alive connections, as a careful user would write it.
import http from "node:http";

export function client(base, headers = {}, maxSockets = 1) {
  const agent = new http.Agent({ keepAlive: true, maxSockets });
  return (method, path, body) => new Promise((resolve, reject) => {
    const data = body && Buffer.from(JSON.stringify(body));
    const about = data && { "content-type": "application/json", "content-length": data.length };
    const request = http.request(base + path, { method, agent, headers: { ...headers, ...about } }, (response) => {
      const chunks = [];
      response.on("error", reject).on("data", (chunk) => chunks.push(chunk)).on("end", () => {
        const bytes = Buffer.concat(chunks);
        const isJson = response.headers["content-type"] === "application/json";
        if (response.statusCode < 400) resolve(isJson ? JSON.parse(bytes) : bytes);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${bytes}`));
      });
    });
    request.setNoDelay(true);
    request.on("error", reject).end(data);
  });
}
