"""Receives alerts with nats-py and goes on whatever happens to the server: whoever loses the connection makes another.

Stdin: the credentials as one line of JSON, and another line when the server is elsewhere. Stdout: a line of JSON per message, as subscribe.py
says it. Ends when stdin is closed.
"""

import asyncio
import json
import sys

import nats

from subscribe import line_of, say

# before a server that is away is tried again
PAUSE_S = 0.1


async def ignore(_error):
    """What the library complains of is seen by what it raises."""


class Outsider:
    def __init__(self):
        self.is_told = False

    async def follow(self, given):
        connection = await nats.connect(
            given["nats"],
            user=given["user"],
            password=given["password"],
            inbox_prefix=given["inbox_prefix"].encode(),
            connect_timeout=2,
            allow_reconnect=False,
            error_cb=ignore,
        )
        try:
            context = connection.jetstream(prefix=given["api_prefix"])
            subscription = await context.pull_subscribe_bind(given["durable"], given["stream"])
            if not self.is_told:
                self.is_told = True
                say({"ready": True})
            while not connection.is_closed:
                try:
                    messages = await subscription.fetch(1, timeout=1)
                except nats.errors.TimeoutError:
                    continue
                for message in messages:
                    say(line_of(message))
                    await message.ack()
        finally:
            await connection.close()

    async def keep(self, given):
        while True:
            try:
                await self.follow(given)
            except (OSError, nats.errors.Error, asyncio.TimeoutError):
                pass
            await asyncio.sleep(PAUSE_S)


async def main():
    outsider, keeping = Outsider(), None
    while line := await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
        if keeping:
            keeping.cancel()
        keeping = asyncio.create_task(outsider.keep(json.loads(line)))


asyncio.run(main())
