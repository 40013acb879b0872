"""Data: the sets that weights are fitted to, and their vectors, kept in a folder so that the model runs once."""

from collections.abc import Sequence
from pathlib import Path

from evals.encoded import Encoded, encoded
from evals.retrieval.fitting import Example, examples, spoken
from memos.testing.retrieval_eval import load

ROOT = Path(__file__).resolve().parents[2]
SHARED = [ROOT.parent / "shared" / "data" / name for name in ("locomo_dev.json.gz", "beam_dev.json.gz")]
SHIPPED = [ROOT / "evals" / "data" / "harbour.json"]
ADVERSARIAL = "5"
"""Questions about what nobody said: their evidence names another person, and would teach that names mean nothing."""


def sets(paths: Sequence[Path] = ()) -> list[list[dict]]:
    """The conversations of each set named, by default of those beside the repository, or of the one that it ships."""
    return [load(path) for path in paths or (SHARED if all(path.exists() for path in SHARED) else SHIPPED)]


def embedded(conversations: Sequence[dict], cache: Path | None) -> dict[str, Encoded]:
    """The vector of every turn, as it is embedded, and of every question, each with its words."""
    return encoded([text for each in conversations for text in [*map(spoken, each["turns"]), *(row["q"] for row in each["qa"])]], cache)


def all_examples(conversations: Sequence[dict], cache: Path | None, *, dense: bool) -> list[Example]:
    """The questions of a set."""
    vectors = embedded(conversations, cache) if dense else None
    return [example for each in conversations for example in examples(each, vectors)]


def for_training(found: Sequence[Example], held_out: frozenset[str] = frozenset()) -> list[Example]:
    """Those that weights may be fitted to."""
    return [example for example in found if example.category != ADVERSARIAL and example.conversation not in held_out]
