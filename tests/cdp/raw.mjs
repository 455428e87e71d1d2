// The protocol itself over a WebSocket, without a library.
import { once } from "node:events";
import WebSocket from "ws";

/** A connection to the session's browser, or to one target of it, which speaks without session ids. */
export const open = async (session, target) => {
  const url = await session.connectUrl();
  const socket = new WebSocket(target ? url.replace("/cdp?", `/devtools/page/${target}?`) : url);
  const waiting = new Map();
  let asked = 0;
  socket.on("message", (data) => {
    const { id, result, error } = JSON.parse(data);
    waiting.get(id)?.(error ? Promise.reject(new Error(error.message)) : result);
    waiting.delete(id);
  });
  // Whoever waits when it closes waits for nothing more.
  socket.on("close", () => waiting.forEach((settle) => settle(undefined)));
  socket.on("error", () => {});
  await once(socket, "open");
  const send = (method, params = {}) => {
    const id = (asked += 1);
    socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => waiting.set(id, resolve));
  };
  return { send, close: () => socket.close(), cut: () => socket.terminate() };
};
