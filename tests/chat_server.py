"""An OpenAI-compatible chat endpoint on loopback, real HTTP, that can be told to fail."""

import json
import re
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def reply_with(text, finish="stop", refusal=None, usage=True):
    """The body that a right endpoint would send for a text."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, "refusal": refusal}, "finish_reason": finish}
    used = {"usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}} if usage else {}
    return json.dumps({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice], **used})


def stream_with(text, finish="stop", cached=None, usage=True):
    """What a right endpoint would stream for a text, a word at a time."""
    head = {"id": "c", "object": "chat.completion.chunk", "model": "m", "created": 1}
    words = re.findall(r"\s*\S+|\s+", text)
    chunks = [{"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]} for word in words]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if usage:
        details = {} if cached is None else {"prompt_tokens_details": {"cached_tokens": cached}}
        chunks.append({"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": len(words), "total_tokens": 100} | details})
    return "".join(f"data: {json.dumps(head | chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


class ChatServer:
    """Answers with `text`; what lies in `planned` comes first: (status, body) or (status, body, headers), or a threading.Event to wait for
    before saying nothing at all."""

    def __init__(self, text='{"word": "yes"}'):
        self.text = text
        self.models = '{"object": "list", "data": []}'
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
                planned = (
                    home.planned.popleft() if home.planned else (200, (stream_with if request.get("stream") else reply_with)(home.text))
                )
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

            def do_GET(self):
                home.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, None))
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(home.models.encode())))
                self.end_headers()
                self.wfile.write(home.models.encode())

            def log_message(self, *_):
                pass

        return Handler
