"""Reads every labelled utterance, and counts what was read as it is labelled."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from evals.reader import told
from evals.reader.data import Labelled, Said
from evals.reader.matching import counted, holds, labelled_span, right_slot, right_words, same_name, same_phrase, span, told_by
from memos.memcube.call import MemoryCall

Reads = Callable[[Said], MemoryCall]


class Missed(NamedTuple):
    """One utterance that was not read as labelled: for whom a split is shown."""

    figure: str
    said: Said
    wanted: Any
    given: Any


class Tally:
    """Counts of right and all by figure, counts for F1 by figure, and what was missed."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self.right: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        self.missed: list[Missed] = []

    def tell(self, figure: str, said: Said, right: bool, wanted: Any = None, given: Any = None) -> None:
        """Count one answer of a figure that is a share."""
        self.right[figure][0] += right
        self.right[figure][1] += 1
        if not right:
            self.missed.append(Missed(figure, said, wanted, given))

    def find(self, figure: str, said: Said, counts: tuple[int, int, int], wanted: Any, given: Any) -> None:
        """Count the hits, wrong ones and misses of a figure that is an F1."""
        self.found[figure] = [sum(pair) for pair in zip(self.found[figure], counts, strict=True)]
        if counts[1] or counts[2]:
            self.missed.append(Missed(figure, said, wanted, given))

    def figures(self) -> dict[str, float | int]:
        """All figures, each share with the number of what it is a share of, as `<name>_of`."""
        shown: dict[str, float | int] = {}
        for name, (right, of) in sorted(self.right.items()):
            shown |= {name: round(right / of, 4), f"{name}_of": of}
        for name, (hits, wrong, left) in sorted(self.found.items()):
            shown |= {f"{name}_f1": round(2 * hits / max(1, 2 * hits + wrong + left), 4), f"{name}_f1_of": hits + left}
        return shown


def score(sets: Labelled, reads: Reads) -> tuple[dict[str, float | int], list[Missed]]:
    """All figures of one split, and what was missed."""
    tally, costs = Tally(), []

    def read(said: Said) -> MemoryCall | None:
        begun = time.process_time()
        try:
            call = reads(said)
        except Exception as error:  # noqa: BLE001 - a text that a reader cannot bear is a figure, and must not end the count
            tally.tell("bearing_every_text", said, right=False, given=repr(error))
            return None
        costs.append((time.process_time() - begun) * 1000)
        tally.tell("bearing_every_text", said, right=True)
        return call

    for name, group in (("dialogues", sets.dialogues), ("requests", sets.requests)):
        for said in group:
            call = read(said)
            _utterance(tally, name, said, call)
    for said in sets.none:
        call = read(said)
        tally.tell("none_left_alone", said, call is not None and told.intent(call) == "none", "none", call and told.intent(call))
    for said in sets.chains:
        _chain(tally, said, read(said))
    return {**tally.figures(), **_spent(costs)}, tally.missed


def _spent(costs: list[float]) -> dict[str, float | int]:
    """The CPU of a whole reading."""
    if len(costs) < 2:
        return {}
    return {"cpu_ms_p50": round(statistics.median(costs), 3), "cpu_ms_p95": round(statistics.quantiles(costs, n=20)[-1], 3)}


def _utterance(tally: Tally, group: str, said: Said, call: MemoryCall | None) -> None:
    """One utterance against its label."""
    given = told.intent(call) if call is not None else "failed"
    for figure in (f"intent_{group}", "intent_all"):
        tally.tell(figure, said, given == said.intent, said.intent, given)
    if call is None or call.reading is None:
        return
    if said.intent != "none":
        _subjects(tally, group, said, call)
        _times(tally, group, said, call)
        _objects(tally, said, call)
    _carried(tally, said, call)
    _open_questions(tally, said, call)


def _subjects(tally: Tally, group: str, said: Said, call: MemoryCall) -> None:
    """Topics, entities and anchors."""
    label, reading = said.label, call.reading
    assert reading is not None
    for name, given, same in (("topics", reading.topics, same_phrase), ("entities", reading.entities, same_name)):
        may = label.get(f"{name}_may", ())
        counts = counted(label[name], may, given, same)
        for figure in (f"{name}_{group}", f"subjects_{group}", "subjects_all"):
            tally.find(figure, said, counts, (label[name], may), given)
    if label["anchors"] or call.anchors:
        hits, wrong, left = counted(label["anchors"], (), call.anchors, same_phrase)
        right = not wrong and not left and bool(hits) and call.bearing == label.get("bearing")
        tally.tell("anchors", said, right, (label["anchors"], label.get("bearing")), (call.anchors, call.bearing))


def _times(tally: Tally, group: str, said: Said, call: MemoryCall) -> None:
    """Windows."""
    label, zone = said.label, said.now.tzinfo
    if "windows" in label and call.reading is not None:
        wanted = [labelled_span(each) for each in label["windows"]]
        given = [span(each.window, zone) for each in call.reading.times]
        tally.tell("windows_of_sides", said, set(wanted) == set(given), wanted, given)
    if "window" in label:
        one, other = labelled_span(label["window"]), span(call.query.window if call.query is not None else None, zone)
        tally.tell(f"windows_{group}", said, one == other, one, other)
        tally.tell("windows_where_there_is_one" if label["window"] else "no_window_where_none", said, one == other, one, other)


def _objects(tally: Tally, said: Said, call: MemoryCall) -> None:
    """What is to be changed, what is to be written, how and to whom; output and schedule."""
    label = said.label
    if label.get("target"):
        tally.tell("targets", said, right_words(told.target(call), label["target"]), label["target"], told.target(call))
    if "text" in label:
        wanted, given = label["text"], told.content(call)
        known = " ".join((label.get("target") or "", *(slot["value"] for slot in label.get("slots", ()))))
        tally.tell("contents", said, right_words(given, f"{wanted} ({_bare(known)})") if wanted else not given, wanted, given)
    if label.get("to"):
        tally.tell("receivers", said, right_words(told.receiver(call), label["to"]), label["to"], told.receiver(call))
    if "mode" in label:
        tally.tell("modes", said, call.options.get("mode") == label["mode"], label["mode"], call.options.get("mode"))
    reading = call.reading
    assert reading is not None
    if "output" in label:
        tally.tell("outputs", said, reading.output == label["output"], label["output"], reading.output)
    if "schedule" in label:
        tally.tell("schedules", said, told.same_schedule(label["schedule"], reading.schedule), label["schedule"], reading.schedule)
    if "event" in label:
        given = (reading.schedule and reading.schedule.event) or ""
        tally.tell("schedules", said, right_words(given, label["event"]), label["event"], given)
    if "then" in label:
        rest = [told.intent(each) for each in told.chain(call)[1:]]
        tally.tell("rests", said, rest == label["then"], label["then"], rest)


def _bare(text: str) -> str:
    return text.replace("(", " ").replace(")", " ")


def _carried(tally: Tally, said: Said, call: MemoryCall) -> None:
    """What the conversation gave, and the rewriting."""
    label, reading = said.label, call.reading
    assert reading is not None
    for slot in label.get("slots", ()):
        right = right_slot(slot, reading.slots)
        for figure in ("slots", "slots_of_words" if slot["words"] else "slots_of_ellipses"):
            tally.tell(figure, said, right, slot, reading.slots)
        tally.tell("slots_of_any_turn", said, any(right_words(each.value, slot["value"]) for each in reading.slots), slot, reading.slots)
    if said.before:
        for slot in reading.slots:
            tally.tell("slots_precision", said, told_by(slot, label, said.text), label.get("slots", ()), slot)
    if "must" in label or "must_not" in label:
        has = all(holds(reading.standalone, each) for each in label.get("must", ()))
        keeps_out = not any(holds(reading.standalone, each) for each in label.get("must_not", ()))
        tally.tell("standalone", said, has and keeps_out, (label.get("must"), label.get("must_not")), reading.standalone)


def _open_questions(tally: Tally, said: Said, call: MemoryCall) -> None:
    """What was not to be guessed, and where nothing was open."""
    assert call.reading is not None
    kinds = [each.kind for each in call.reading.unresolved]
    for kind in said.label.get("unresolved", ()):
        tally.tell("unresolved", said, not set(kind.split("/")).isdisjoint(kinds), kind, call.reading.unresolved)
    if not said.label.get("unresolved") and said.intent != "none" and not said.label.get("anchors"):
        right = set(kinds) <= set(said.label.get("unresolved_may", ()))
        tally.tell("nothing_open_where_none", said, right, (), call.reading.unresolved)


def _chain(tally: Tally, said: Said, call: MemoryCall | None) -> None:
    """A chain: number, order, intents, and the words of each; of a look-alike, that it is one operation."""
    wanted = said.label["operations"]
    given = told.chain(call) if call is not None else []
    shape = [told.intent(each) for each in given] == [each["intent"] for each in wanted]
    seen = [(told.intent(each), told.target(each), told.content(each)) for each in given]
    if len(wanted) == 1:
        tally.tell("look_alikes_kept_whole", said, len(given) == 1, wanted, seen)
        return
    tally.tell("chains_shape", said, shape, wanted, seen)
    tally.tell("chains_exact", said, shape and all(map(_same_operation, wanted, given)), wanted, seen)


def _same_operation(wanted: dict[str, str], given: MemoryCall) -> bool:
    """Whether an operation of a chain has the labelled target, and a store its text."""
    if "target" in wanted and not right_words(told.target(given), wanted["target"]):
        return False
    return wanted["intent"] != "store" or right_words(told.content(given), wanted["text"])


def shown(missed: Iterable[Missed]) -> list[str]:
    """What was missed, a line each, by figure."""
    told_apart = {(each.figure, each.said.id, repr(each.wanted)): each for each in missed}
    return [
        f"{figure} {name}: {each.said.text!r}\n    wanted {each.wanted}\n    given  {each.given}"
        for (figure, name, _), each in sorted(told_apart.items(), key=lambda pair: pair[0])
    ]
