"""Dialogue: an utterance read after those before it, and rewritten so that it stands by itself."""

from memos.interface.memreader.dialogue.reading_on import standalone
from memos.interface.memreader.dialogue.values import Standalone, Turn

__all__ = ["Standalone", "Turn", "standalone"]
