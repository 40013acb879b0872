"""Attribution, counted: quotes are found with the right source, texts from elsewhere are not, and boilerplate is nobody's."""

import gzip
import json
from pathlib import Path
from random import Random

import pytest

from memos import MemOS
from tests.prose import BY_HAND, STOCK, Writer, one_in_ten, quotation, reset

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data" / "beam_dev.json.gz"
COPIES = 12
"""How many memories hold each stock phrase."""
BATCH = 500


def talk():
    """Turns of conversations to store, and turns of other conversations on the same matters."""
    if SHARED.exists():
        conversations = json.loads(gzip.decompress(SHARED.read_bytes()))
    else:
        conversations = json.loads((ROOT / "evals/data/harbour.json").read_text(encoding="utf-8"))
    half = len(conversations) // 2
    stored, other = ([turn["text"] for each in part for turn in each["turns"]] for part in (conversations[:half], conversations[half:]))
    return [text for text in stored if text.strip()], [text for text in other if text.strip()]


def store(session, texts):
    return [cube.id for start in range(0, len(texts), BATCH) for cube in session.add(texts[start : start + BATCH]).cubes]


def verdict(session, text):
    return session.trace(text).value


def is_of(found, cube_id):
    """Whether a verdict names one memory, and it alone."""
    return [source["id"] for source in found["sources"]] == [cube_id]


def rate(outcomes):
    outcomes = list(outcomes)
    return round(sum(outcomes) / len(outcomes), 4)


@pytest.fixture
def alice(tmp_path):
    options = {"embedder": None, "worker": "none", "durability": "process"}
    with MemOS.open(tmp_path / "memory", **options) as memory:
        yield memory.as_user("alice")


@pytest.mark.timeout(3600)
@pytest.mark.proof(capability="fingerprints", small=40, full=500)
def test_quotes_are_found_and_nothing_else_is(alice, trials, record_proof):
    random, writer = Random(11), Writer(1)
    paragraphs = [writer.paragraph() for _ in range(trials)]
    ids = store(alice, paragraphs)
    said, elsewhere = talk()
    distractors = [writer.paragraph() for _ in range(10 * trials)] + said[: 20 * trials]
    store(alice, distractors)
    store(alice, [f"{writer.sentence()} {phrase} {writer.sentence()}" for phrase in STOCK for _ in range(COPIES)])
    by_hand = store(alice, [paragraph for paragraph, _ in BY_HAND])

    def found(share, changed=lambda text, random: text):
        quotes = zip(paragraphs, ids, strict=True)
        return rate(is_of(verdict(alice, changed(quotation(text, share, random), random)), cube_id) for text, cube_id in quotes)

    half, quarter = found(0.5), found(0.25)
    respelled, replaced = found(0.5, reset), found(0.5, one_in_ten)
    replaced_quarter = found(0.25, one_in_ten)

    stranger = Writer(2)
    negatives = [stranger.paragraph() for _ in range(6 * trials)] + elsewhere[: 3 * trials]
    negatives += [f"{stranger.paragraph()} {random.choice(STOCK)}" for _ in range(trials)]
    false = sum(verdict(alice, text)["verdict"] == "found" for text in negatives)
    boilerplate = [*STOCK, *(f"{stranger.sentence()} {phrase}" for phrase in STOCK), *(reset(phrase, random) for phrase in STOCK)]
    ambiguous = rate(verdict(alice, text)["verdict"] == "ambiguous" for text in boilerplate)
    verbatim = rate(is_of(verdict(alice, text), cube_id) for (text, _), cube_id in zip(BY_HAND, by_hand, strict=True))
    paraphrased = sum(verdict(alice, text)["verdict"] == "found" for _, text in BY_HAND)

    record_proof(
        paragraphs=trials, distractors=len(distractors), quotes_of_half_found=half, quotes_of_a_quarter_found=quarter,
        half_respelled_found=respelled, half_one_word_in_ten_replaced_found=replaced,
        quarter_one_word_in_ten_replaced_found=replaced_quarter,
        negatives=len(negatives), of_talk=len(elsewhere[: 3 * trials]), false_attributions=false, boilerplate=len(boilerplate),
        boilerplate_ambiguous=ambiguous, by_hand=len(BY_HAND), by_hand_found=verbatim, hand_paraphrases_found=paraphrased,
    )  # fmt: skip
    assert half >= 0.99
    assert quarter >= 0.75
    assert respelled >= 0.99
    assert replaced >= 0.9
    assert false <= len(negatives) / 1000
    assert ambiguous == 1
    assert verbatim == 1
    assert paraphrased <= 1
