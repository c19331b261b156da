"""Receives alerts, and takes on what is nobody's: python3 alerts.py consumer.json (pip install nats-py)

consumer.json is what `gridward --json consumer add` printed. With a token in GRIDWARD_TOKEN, and a consumer that was added with --command, every
alert that is raised is acknowledged; without one it is shown only.
"""

import asyncio
import collections
import json
import os
import sys
import uuid

import nats
from nats.errors import TimeoutError

# a message that comes twice comes soon; whoever must never act twice keeps the ids where they keep what they did
REMEMBERED_MAX = 10_000


async def take_on(connection, user, token, event):
    """Says that we have the alert, unless somebody has it already. The same event makes the same command of ours, so a repeat changes nothing."""
    place, alert = event["data"]["place"], {"alert": event["data"]["alert"], "n": event["data"]["n"]}
    command = {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{user}/{event['id']}")), "type": "alert.acknowledge", "data": alert}
    while True:
        reply = await connection.request(
            f"gw.v1.{place['town']}.{place['community']}.command",
            json.dumps(command).encode(),
            timeout=10,
            headers={"Authorization": f"Bearer {token}"},
        )
        status, answer = int(reply.headers["Gridward-Status"]), json.loads(reply.data)
        if status >= 500:
            raise RuntimeError(f"nobody could decide it: {answer['title']}")
        current = answer.get("current") or {}
        if status != 409 or current.get("state") != "open":
            return status
        # it went on meanwhile, and it is still nobody's
        command["data"]["n"] = current["n"]


async def handle(connection, user, token, event):
    data = event["data"]
    print(data["action"], data["severity"], data["title"]["zh-CN"], "|", data["title"]["en"], flush=True)
    if token and data["action"] in ("raised", "reopened") and "alert" in data:
        print("taken on:", await take_on(connection, user, token, event), flush=True)


async def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        consumer = json.load(file)
    token = os.environ.get("GRIDWARD_TOKEN")
    connection = await nats.connect(
        consumer["nats"],
        user=consumer["user"],
        password=consumer["password"],
        inbox_prefix=consumer["inbox_prefix"].encode(),
        max_reconnect_attempts=-1,
    )
    durable = await connection.jetstream(prefix=consumer["api_prefix"]).pull_subscribe_bind(consumer["durable"], consumer["stream"])
    seen = collections.deque(maxlen=REMEMBERED_MAX)
    while True:
        try:
            # one at a time: a larger fetch waits for its batch to fill
            [message] = await durable.fetch(1, timeout=5)
        except TimeoutError:
            continue
        event = json.loads(message.data)
        try:
            if event["id"] not in seen:
                await handle(connection, consumer["user"], token, event)
                seen.append(event["id"])
        except (RuntimeError, nats.errors.Error) as error:
            # not acknowledged: it comes again in half a minute
            print(f"not handled: {error}", file=sys.stderr, flush=True)
            continue
        # last, so nothing is lost when this program ends before it has handled the message
        await message.ack()


asyncio.run(main())
