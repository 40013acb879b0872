"""The fake runtime by URL, for what opens a store by itself: `fake:words?recall=0.2` has a gate that measures so much; `?watermark=0`
marks nothing.
"""

from dataclasses import replace
from urllib.parse import parse_qsl

from memos.testing.runtime import EVERYTHING, FakeRuntime, Teaching

OPENED = []
"""The runtimes that were opened, in order."""


def from_url(url):
    """A fresh runtime, of the same model each time, with what the URL says of its teaching and after how many pieces it dies."""
    given = dict(parse_qsl(url.partition("?")[2]))
    can = replace(EVERYTHING, watermark=given.get("watermark") != "0")
    runtime = FakeRuntime(answer=(lambda prompt: given["says"]) if "says" in given else None, capabilities=can)
    runtime.teaching = Teaching(**{name: float(given[name]) for name in ("recall", "perplexity", "neighbours") if name in given})
    runtime.troubles.dies_after = int(given["dies"]) if "dies" in given else None
    OPENED.append(runtime)
    return runtime
