// What every client's story begins with and is judged by: where the session is, and "ok" as the last word.
import assert from "node:assert/strict";

const env = (name) => {
  assert(process.env[name], `${name} is not set`);
  return process.env[name];
};

/** `127.0.0.1:port` of `capture forward`. */
export const port = () => env("PORT_ADDRESS");
/** The session's connectUrl. */
export const connectUrl = () => env("CONNECT_URL");
/** The fixture page with a form. */
export const form = () => `${env("SITE")}/form.html`;

/** What the form shows once it was filled in with this name and sent. */
export const greeting = (name) => `hello ${name}`;

/** Tells one client's story, within its deadline. */
export const tell = async (client, deadline, story) => {
  const late = setTimeout(() => {
    console.log(`not ok ${client}: not done after ${deadline} ms`);
    process.exit(1);
  }, deadline);
  try {
    await story();
    console.log(`ok ${client}`);
  } catch (error) {
    console.log(`not ok ${client}: ${String(error.stack ?? error).replace(/\s+/g, " ").slice(0, 1500)}`);
    process.exitCode = 1;
  }
  clearTimeout(late);
  process.exit();
};
