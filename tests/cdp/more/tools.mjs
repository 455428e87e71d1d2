// Tools that speak MCP over their standard streams: started, asked a few things, ended.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

/** Starts a program of node_modules/.bin; `call(tool, arguments)` brings the text of its answer. */
export const start = async (program, args) => {
  const command = new URL(`./node_modules/.bin/${program}`, import.meta.url).pathname;
  const transport = new StdioClientTransport({ command: process.execPath, args: [command, ...args], stderr: "inherit", env: process.env });
  const client = new Client({ name: "capture-story", version: "1" });
  await client.connect(transport);
  const call = async (name, given = {}) => {
    const answer = await client.callTool({ name, arguments: given });
    const text = (answer.content ?? []).map((part) => part.text ?? "").join("\n");
    if (answer.isError) throw new Error(`${name}: ${text}`);
    return text;
  };
  const names = async () => (await client.listTools()).tools.map(({ name }) => name);
  return { call, names, close: () => client.close() };
};
