// Reads messages with the CloudEvents SDK for JavaScript: a line of JSON in ({"content_type", "body"}), a line out with what the SDK understood.

import { createInterface } from "node:readline";
import { HTTP } from "cloudevents";

for await (const line of createInterface({ input: process.stdin })) {
  const given = JSON.parse(line);
  let answer;
  try {
    const message = { headers: { "content-type": given.content_type }, body: given.body };
    if (!HTTP.isEvent(message)) throw new Error("the SDK does not see an event");
    const event = HTTP.toEvent(message);
    event.validate();
    const { data, ...attributes } = event.toJSON();
    answer = { accepted: true, attributes, data };
  } catch (error) {
    answer = { accepted: false, error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
