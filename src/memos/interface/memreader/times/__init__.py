"""Times: what a text says of time, as half-open windows in the zone of the one who says it; a grammar, with no model."""

from memos.interface.memreader.times.gate import may_name_a_time
from memos.interface.memreader.times.reading import Anchored, Times, read_times

__all__ = ["Anchored", "Times", "may_name_a_time", "read_times"]
