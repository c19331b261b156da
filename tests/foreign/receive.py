"""A receiver of webhooks on loopback, which verifies with the Standard Webhooks library for Python.

The first line in says {"secret", "port"?}; each further line {"answer": status, or null to hold the line and say nothing}. The first line out says
{"port"}; each further line what came: {"id", "verified", "tampered_refused", "body"}. Without a secret nothing is verified: a robot.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

given = json.loads(sys.stdin.readline())
webhook = Webhook(given["secret"]) if given.get("secret") else None
answer = {"status": 200}
printing = threading.Lock()


def accepts(body: bytes, headers: dict) -> bool:
    try:
        webhook.verify(body, headers)
        return True
    except WebhookVerificationError:
        return False


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        came = {"id": headers.get("webhook-id"), "body": body.decode()}
        if webhook:
            came["verified"] = accepts(body, headers)
            # a library that takes everything proves nothing
            came["tampered_refused"] = not accepts(body + b" ", headers)
        with printing:
            print(json.dumps(came, ensure_ascii=False), flush=True)
        status = answer["status"]
        if status is None:
            threading.Event().wait()
        text = b'{"errcode":0,"errmsg":"ok"}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", given.get("port", 0)), Receiver)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"port": server.server_address[1]}), flush=True)
for line in sys.stdin:
    answer["status"] = json.loads(line)["answer"]
