"""Session: one caller's verbs. Each makes one MemoryCall, sends it through the door, and raises what the reply says."""

from memos.session.base import Filtering, Ref
from memos.session.session import Session

__all__ = ["Filtering", "Ref", "Session"]
