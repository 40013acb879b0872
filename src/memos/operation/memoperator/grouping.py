"""Grouping: how many groups there are among the memories that a query looks for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memos.operation.memoperator.lane_state import State


def distinct(states: Sequence[State], by: str) -> int:
    """How many sessions, speakers or namespaces the rows that pass are of; each that is of none counts by itself."""
    if by == "namespace":
        return sum(bool(state.passing.any()) for state in states)
    if by == "session":
        codes = [state.sessions[state.passing] for state in states]
        return sum(len(np.unique(each[each >= 0])) + int(np.count_nonzero(each < 0)) for each in codes)
    speakers = [(state.speaker_names, state.speakers[state.passing]) for state in states]
    known = {names[code] for names, codes in speakers for code in np.unique(codes).tolist()}
    silent = sum(int(np.count_nonzero(codes == code)) for names, codes in speakers for code in range(len(names)) if names[code] is None)
    return len(known - {None}) + silent
