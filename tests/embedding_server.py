"""An OpenAI-compatible embedding endpoint on loopback, real HTTP, that can be told to fail."""

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from memos.backends.hashing import HashingEmbedder


def reply_with(vectors):
    """The body that a right endpoint would send for these vectors."""
    data = [{"object": "embedding", "index": place, "embedding": list(map(float, row))} for place, row in enumerate(vectors)]
    return json.dumps({"object": "list", "data": data, "model": "m"})


class EmbeddingServer:
    """Answers with hashed vectors three times as long as one; what lies in `planned` comes first: (status, body), or a threading.Event
    to wait for before saying nothing at all."""

    def __init__(self, dimensions=64):
        self.hashing = HashingEmbedder(dimensions=dimensions)
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

    def answer(self, request):
        """Status and body for one request's JSON."""
        rows = self.hashing.embed(request["input"])
        rows[~rows.any(axis=1), 0] = 1  # a model has a vector for a space as well
        return 200, reply_with(rows[:, : request.get("dimensions", self.hashing.dimensions)] * 3)

    def handler(self):
        home = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                home.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, request))
                planned = home.planned.popleft() if home.planned else home.answer(request)
                if isinstance(planned, threading.Event):
                    planned.wait(30)
                    return
                status, body = planned
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        return Handler
