"""Receives alerts with nats-py, as an outsider would: credentials as one line of JSON on stdin, a line of JSON per message on stdout.

Ends when stdin is closed.
"""

import asyncio
import json
import sys

import nats


def say(value):
    print(json.dumps(value, ensure_ascii=False), flush=True)


def line_of(message):
    return {
        "subject": message.subject,
        "headers": dict(message.headers or {}),
        "stream_sequence": message.metadata.sequence.stream,
        "deliveries": message.metadata.num_delivered,
        "pending": message.metadata.num_pending,
        "body": message.data.decode(),
    }


async def follow(subscription):
    while True:
        try:
            # one at a time: a larger fetch waits for its batch to fill
            messages = await subscription.fetch(1, timeout=5)
        except nats.errors.TimeoutError:
            continue
        for message in messages:
            say(line_of(message))
            await message.ack()


async def main():
    given = json.loads(sys.stdin.readline())
    connection = await nats.connect(
        given["nats"],
        user=given["user"],
        password=given["password"],
        inbox_prefix=given["inbox_prefix"].encode(),
    )
    context = connection.jetstream(prefix=given["api_prefix"])
    subscription = await context.pull_subscribe_bind(given["durable"], given["stream"])
    say({"ready": True})
    following = asyncio.create_task(follow(subscription))
    closed = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait([following, closed], return_when=asyncio.FIRST_COMPLETED)
    if following.done():
        following.result()
    following.cancel()
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
