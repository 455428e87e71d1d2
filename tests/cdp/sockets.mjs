// The sockets this process has opened, so that a story can cut them as a broken network does.
import diagnostics from "node:diagnostics_channel";

const sockets = new Set();

diagnostics.subscribe("net.client.socket", ({ socket }) => {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
});

/** Resets every connection to this address, and says how many there were. `fetch` opens new ones when it needs them. */
export const cut = (address) => {
  const { port } = new URL(address);
  const open = [...sockets].filter((socket) => String(socket.remotePort) === port);
  for (const socket of open) socket.resetAndDestroy();
  return open.length;
};
