"""Writes down everything that is said on a NATS account: subjects, headers and payloads, into the file that is named.

Stdin: one line of JSON with the credentials. Ends when stdin is closed.
"""

import asyncio
import json
import sys

import nats


async def main():
    given = json.loads(sys.stdin.readline())
    connection = await nats.connect(given["nats"], user=given["user"], password=given["password"])
    with open(given["file"], "wb") as file:

        async def heard(message):
            headers = "".join(f"{name}: {value}\n" for name, value in (message.headers or {}).items())
            file.write(f"{message.subject}\n{headers}".encode() + message.data + b"\n")
            file.flush()

        await connection.subscribe(">", cb=heard, pending_msgs_limit=-1, pending_bytes_limit=-1)
        await connection.flush()
        print(json.dumps({"ready": True}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await connection.drain()


asyncio.run(main())
