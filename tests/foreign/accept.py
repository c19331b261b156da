"""Reads messages with the CloudEvents SDK for Python: a line of JSON in ({"content_type", "body"}), a line out with what the SDK understood."""

import json
import sys

from cloudevents.core.bindings.http import HTTPMessage, from_structured_event

for line in sys.stdin:
    given = json.loads(line)
    try:
        message = HTTPMessage(headers={"content-type": given["content_type"]}, body=given["body"].encode())
        event = from_structured_event(message)
        attributes = {name: str(value) for name, value in event.get_attributes().items()}
        attributes["time"] = event.get_time().isoformat()
        answer = {"accepted": True, "attributes": attributes, "data": event.get_data()}
    except Exception as error:  # whatever the SDK does not like
        answer = {"accepted": False, "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer, ensure_ascii=False), flush=True)
