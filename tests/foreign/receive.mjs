// A receiver of webhooks on loopback, which verifies with the Standard Webhooks library for JavaScript. The line in says {"secret"}; the first line
// out {"port"}, each further line what came: {"id", "verified", "tampered_refused", "body"}.

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

const [line] = await new Promise((resolve) => createInterface({ input: process.stdin }).on("line", (line) => resolve([line])));
const webhook = new Webhook(JSON.parse(line).secret);

function accepts(body, headers) {
  try {
    webhook.verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString();
    // a library that takes everything proves nothing
    const came = { id: request.headers["webhook-id"], verified: accepts(body, request.headers), tampered_refused: !accepts(body + " ", request.headers), body };
    process.stdout.write(JSON.stringify(came) + "\n");
    response.writeHead(204).end();
  });
});
server.listen(0, "127.0.0.1", () => process.stdout.write(JSON.stringify({ port: server.address().port }) + "\n"));
