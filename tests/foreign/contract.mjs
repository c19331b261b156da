// Reads asyncapi.yaml with the parser of the AsyncAPI project and holds real messages against it with ajv.
//
// The first line in names the file; the first line out says what the parser did not like: {"complaints": [...]}. Each further line in is
// {"subject"} of a message, or {"channel"} where it has no subject of its own, with "headers" and "body"; the line out is
// {"channel", "complaints": [...]}.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Parser } from "@asyncapi/parser";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");

const source = (await lines.next()).value;
const { document, diagnostics } = await new Parser().parse(readFileSync(source, "utf8"), { source });
say({ complaints: diagnostics.map(({ code, message, path }) => `${code}: ${message} at ${path.join("/")}`) });

// the parser leaves notes of its own in schemas, which strict validators do not know
const ajv = formats(new Ajv({ strict: false, allErrors: true }));
const check = (schema) => {
  const valid = ajv.compile(schema);
  return (value) => (valid(value) ? [] : valid.errors.map(({ instancePath, message }) => `${instancePath} ${message}`));
};

const channels = document.channels().all().map((channel) => {
  const parameters = new Map(channel.parameters().all().map((parameter) => [parameter.id(), parameter.json().enum]));
  const messages = channel.messages().all().map((message) => ({
    payload: check(message.payload().json()),
    headers: message.hasHeaders() ? check(message.headers().json()) : () => [],
  }));
  return { id: channel.id(), tokens: channel.address()?.split("."), parameters, messages };
});

// what is wrong with a subject of this channel; nothing at all when it is another's
function subjectOf({ tokens, parameters }, subject) {
  const said = subject.split(".");
  if (tokens?.length !== said.length) return null;
  const complaints = [];
  for (const [place, token] of tokens.entries()) {
    const name = token.match(/^\{(.+)\}$/)?.[1];
    if (!name && token !== said[place]) return null;
    const words = name && parameters.get(name);
    if (words && !words.includes(said[place])) complaints.push(`${name} ${said[place]} is none of ${words}`);
  }
  return complaints;
}

function judge({ subject, channel: id, headers, body }) {
  for (const channel of channels) {
    const complaints = id ? (channel.id === id ? [] : null) : subjectOf(channel, subject);
    if (!complaints) continue;
    // one of the channel's messages has to fit as a whole
    const tried = channel.messages.map((message) => [...message.payload(JSON.parse(body)), ...message.headers(headers)]);
    const best = tried.sort((one, other) => one.length - other.length)[0] ?? ["the channel has no messages"];
    return { channel: channel.id, complaints: [...complaints, ...best] };
  }
  return { channel: null, complaints: ["no channel has this subject"] };
}

for await (const line of lines) say(judge(JSON.parse(line)));
