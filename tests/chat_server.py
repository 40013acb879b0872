"""An OpenAI-compatible chat endpoint on loopback, real HTTP, that can be told to fail."""

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def reply_with(text, finish="stop", refusal=None, usage=True):
    """The body that a right endpoint would send for a text."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, "refusal": refusal}, "finish_reason": finish}
    used = {"usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}} if usage else {}
    return json.dumps({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice], **used})


class ChatServer:
    """Answers with `text`; what lies in `planned` comes first: (status, body) or (status, body, headers), or a threading.Event to wait for
    before saying nothing at all."""

    def __init__(self, text='{"word": "yes"}'):
        self.text = text
        self.planned = deque()
        self.requests = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def handler(self):
        home = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                home.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, request))
                planned = home.planned.popleft() if home.planned else (200, reply_with(home.text))
                if isinstance(planned, threading.Event):
                    planned.wait(30)
                    return
                status, body, *rest = planned
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body.encode())))
                for name, value in (rest[0] if rest else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        return Handler
