"""Tries what an outsider must not do. Stdin: one line of JSON, the credentials, then one line per attempt
({"do": "publish" | "subscribe" | "request", "subject", "payload"?, "headers"?, "reply"?: where the answer is to go instead of the own inbox,
"patience_s"?: how long it may take to come}).
Stdout: a line per attempt with what came of it: {"refused": text of the refusal or null, "answer": text or null, "headers": of the answer}.
"""

import asyncio
import json
import sys

import nats

# how long the server may take to say no, or an answer to come
PATIENCE_S = 2


class Outsider:
    def __init__(self):
        self.refusals = asyncio.Queue()

    async def error(self, error):
        await self.refusals.put(str(error))

    async def refusal(self, patience_s):
        return await asyncio.wait_for(self.refusals.get(), patience_s)

    async def attempt(self, connection, given):
        subject, payload = given["subject"], given.get("payload", "").encode()
        answers = asyncio.Queue()

        async def heard(message):
            await answers.put((f"{message.subject} {message.data.decode(errors='replace')}", dict(message.headers or {})))

        if given["do"] == "subscribe":
            await connection.subscribe(subject, cb=heard)
        elif given["do"] == "publish":
            await connection.publish(subject, payload)
        else:
            inbox = given.get("reply") or connection.new_inbox()
            if "reply" not in given:
                await connection.subscribe(inbox, cb=heard)
            await connection.publish(subject, payload, reply=inbox, headers=given.get("headers"))
        await connection.flush(PATIENCE_S)
        refused, answered = asyncio.create_task(self.refusal(given.get("patience_s", PATIENCE_S))), asyncio.create_task(answers.get())
        await asyncio.wait([refused, answered], return_when=asyncio.FIRST_COMPLETED)
        answered.cancel()
        if answered.done() and not answered.cancelled():
            refused.cancel()
            answer, headers = answered.result()
            return {"refused": None, "answer": answer, "headers": headers}
        try:
            return {"refused": await refused, "answer": None}
        except asyncio.TimeoutError:
            return {"refused": None, "answer": None}


async def main():
    given = json.loads(sys.stdin.readline())
    outsider = Outsider()
    try:
        connection = await nats.connect(
            given["nats"],
            user=given["user"],
            password=given["password"],
            inbox_prefix=given["inbox_prefix"].encode(),
            error_cb=outsider.error,
            allow_reconnect=False,
        )
    except Exception as error:
        print(json.dumps({"connected": False, "error": str(error)}), flush=True)
        return
    print(json.dumps({"connected": True}), flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await outsider.attempt(connection, json.loads(line)), ensure_ascii=False), flush=True)


asyncio.run(main())
