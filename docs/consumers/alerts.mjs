// Receives alerts, and takes on what is nobody's: node alerts.mjs consumer.json (README.md says how on a fresh machine)
//
// consumer.json is what `gridward --json consumer add` printed. With a token in GRIDWARD_TOKEN, and a consumer that was added with --command,
// every alert that is raised is acknowledged; without one it is shown only.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { jetstream } from "@nats-io/jetstream";
import { connect, headers } from "@nats-io/transport-node";

// a message that comes twice comes soon; whoever must never act twice keeps the ids where they keep what they did
const REMEMBERED_MAX = 10_000;

// The same event makes the same command of ours, so a repeat changes nothing: a UUID of a hash.
function commandId(user, event) {
  const bytes = createHash("sha256").update(`${user}/${event.id}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// Says that we have the alert, unless somebody has it already.
async function takeOn(connection, user, token, event) {
  const { alert, n, place } = event.data;
  const command = { id: commandId(user, event), type: "alert.acknowledge", data: { alert, n } };
  const authorized = headers();
  authorized.set("Authorization", `Bearer ${token}`);
  for (;;) {
    const subject = `gw.v1.${place.town}.${place.community}.command`;
    const reply = await connection.request(subject, JSON.stringify(command), { timeout: 10_000, headers: authorized });
    const status = Number(reply.headers.get("Gridward-Status"));
    const answer = reply.json();
    if (status >= 500) throw new Error(`nobody could decide it: ${answer.title}`);
    if (status !== 409 || answer.current?.state !== "open") return status;
    // it went on meanwhile, and it is still nobody's
    command.data.n = answer.current.n;
  }
}

async function handle(connection, user, token, event) {
  const { action, severity, title, alert } = event.data;
  console.log(action, severity, title["zh-CN"], "|", title.en);
  if (token && alert && ["raised", "reopened"].includes(action)) console.log("taken on:", await takeOn(connection, user, token, event));
}

const consumer = JSON.parse(readFileSync(process.argv[2], "utf8"));
const connection = await connect({
  servers: consumer.nats.replace(/^nats:\/\//, ""),
  user: consumer.user,
  pass: consumer.password,
  inboxPrefix: consumer.inbox_prefix,
  maxReconnectAttempts: -1,
});
const durable = await jetstream(connection, { apiPrefix: consumer.api_prefix }).consumers.get(consumer.stream, consumer.durable);
const seen = new Set();
for (;;) {
  const message = await durable.next({ expires: 5_000 }).catch(() => null);
  if (!message) continue;
  const event = message.json();
  try {
    if (!seen.has(event.id)) {
      await handle(connection, consumer.user, process.env.GRIDWARD_TOKEN, event);
      seen.add(event.id);
      if (seen.size > REMEMBERED_MAX) seen.delete(seen.values().next().value);
    }
  } catch (error) {
    // not acknowledged: it comes again in half a minute
    console.error(`not handled: ${error.message}`);
    continue;
  }
  // last, so nothing is lost when this program ends before it has handled the message
  message.ack();
}
