"""Session: all verbs of one caller."""

from __future__ import annotations

from memos.session.asking import Asking
from memos.session.attribution import Attribution
from memos.session.calls import Calls
from memos.session.conversing import Conversing
from memos.session.documents import Documents
from memos.session.erasing import Erasing
from memos.session.extracting import Extracting
from memos.session.governing import Governing
from memos.session.identity import Identity
from memos.session.life import Life
from memos.session.logs import Logs
from memos.session.memories import Memories
from memos.session.past import Past
from memos.session.relating import Relating
from memos.session.sharing import Sharing
from memos.session.tagging import Tagging


class Session(
    Memories,
    Asking,
    Conversing,
    Documents,
    Tagging,
    Life,
    Erasing,
    Extracting,
    Past,
    Logs,
    Relating,
    Sharing,
    Governing,
    Attribution,
    Identity,
    Calls,
):
    """A caller and the door it goes through. Every verb returns a MemoryReply and raises the errors of `memos.errors`."""
