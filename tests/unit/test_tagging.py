"""Tagging: what is predicted of one text, and how well, on labelled texts of which a third is held out."""

import subprocess
import sys

import pytest

from evals.structure.labels import accuracy, figures, labels, macro_f1, order_agreement, pair_f1, parts, talk, topic_figures
from memos.memcube.cube import PREDICTED, Tag
from memos.operation.memoperator.credibility import LEVELS, credibility
from memos.operation.memoperator.kinds import KINDS, kind
from memos.operation.memoperator.tagging import SOURCES, joined, predicted
from memos.operation.memoperator.utterance import LONGEST, read


def keys(text, source="told"):
    return {tag.key for tag in predicted(text, source)}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Always answer in French.", "instruction"),
        ("From now on, write dates as day and month.", "instruction"),
        ("Hello. I have one rule. Whenever I ask about code, show the code first.", "instruction"),
        ("I prefer trains to planes.", "preference"),
        ("I can't stand liquorice.", "preference"),
        ("I would love to visit Peru.", "plan"),
        ("Summarise this letter for me, please.", "request"),
        ("Could you book a table?", "request"),
        ("Where did I park?", "question"),
        ("We will move to Ghent in May.", "plan"),
        ("Yesterday the lift broke down.", "event"),
        ("She should cut the hedge.", "fact"),
        ("The key hangs behind the door.", "fact"),
        ("Thanks a lot!", "chat"),
        ("Bravo. The boat was sold last week. And how are you?", "event"),
    ],
)
def test_the_kind_of_a_text(text, wanted):
    assert kind(read(text))[0] == wanted
    assert wanted in KINDS


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("I checked it myself: the valve is shut for sure.", "firm"),
        ("The valve is shut.", "stated"),
        ("I think the valve is shut.", "hedged"),
        ("It is not confirmed that the valve is shut, I think.", "hedged"),
        ("The plumber says that the valve is shut.", "hearsay"),
        ("The valve is shut, they say.", "hearsay"),
        ("Apparently the valve is shut.", "hearsay"),
        ("I said that the valve is shut.", "stated"),
        ("Maybe the valve is shut.", "speculative"),
        ("Tom told me that the valve might be shut.", "speculative"),
    ],
)
def test_the_credibility_of_a_text(text, wanted):
    assert credibility(read(text))[0] == wanted
    assert wanted in LEVELS


def test_a_text_is_tagged_with_what_it_says_something_of():
    assert keys("Anna said that the show was wonderful!") >= {"source=hearsay", "credibility=hearsay", "sentiment=positive"}
    assert "source=told" in keys("The show was wonderful!")
    assert not {tag for tag in keys("Where is it?") if tag.startswith("credibility")}, "a question claims nothing"
    assert keys("🧠 …") == set(), "no word, no tag"
    assert "anchor=date" in keys("We married on 3 May 2019.")
    assert "anchor=name" in keys("Our dog is called Rex.")
    assert not {"anchor=date", "anchor=name"} & keys("We may call 3 people.")


def test_every_tag_is_of_a_known_name_and_as_sure_as_can_be():
    for label in labels():
        for tag in predicted(label.text, "told"):
            assert tag.name in PREDICTED
            assert tag.by == "predicted"
            assert 0.5 <= tag.confidence <= 1.0
            assert tag == Tag(**tag.model_dump())


def test_what_an_assistant_says_is_no_wish_of_the_user():
    assert "kind=preference" in keys("I prefer tea.")
    assert not {"kind=preference", "kind=instruction"} & (keys("I prefer tea.", "assistant") | keys("Always wear a helmet.", "assistant"))
    assert "source=assistant" in keys("Water boils at 100 degrees.", "assistant")
    assert "source=derived" in keys("Anna said that it rains.", "derived")
    assert set(SOURCES) == {"told", "assistant", "hearsay", "derived", "imported", "document"}


def test_the_names_of_entities_are_tags_of_their_own():
    found = predicted("Ana met Bo.", "told", [("Ana", 0.9), ("Bo", 0.6)])
    assert [(tag.key, tag.confidence, tag.by) for tag in found if tag.name == "entity"] == [
        ("entity=Ana", 0.9, "predicted"),
        ("entity=Bo", 0.6, "predicted"),
    ]
    assert [tag.key for tag in predicted("…", "told", [("Ana", 1.0)])] == ["entity=Ana"], "the speaker of no words is somebody"


def test_only_the_beginning_of_a_long_text_is_read():
    assert predicted("The door is green. " * 200 + "I hate it!", "told") == predicted(("The door is green. " * 200)[:LONGEST], "told")


def test_a_tag_of_a_users_own_stands_in_place_of_what_is_predicted():
    found = (Tag(name="sentiment", value="positive", by="predicted"), Tag(name="entity", value="Ana", by="predicted"))
    assert [tag.key for tag in joined([Tag(name="sentiment", value="negative")], found)] == ["sentiment=negative", "entity=Ana"]
    assert [tag.by for tag in joined([Tag(name="entity", value="Ana")], found)] == ["user", "predicted"]
    assert len(joined([Tag(name="entity", value="Bo")], found)) == 3, "of names of which there may be many, both stand"


def test_the_predictions_keep_their_figures():
    """The floors lie a little below what was measured (docs/guides/structure.md); nobody tunes on the unseen third."""
    for name, found in parts(labels()).items():
        told = figures(found)
        assert told["sentiment accuracy"] >= 0.8, name
        assert told["sentiment macro F1"] >= 0.74, name
        assert told["kind macro F1"] >= 0.88, name
        assert told["standing F1"] >= 0.95, name
        assert told["credibility order"] >= 0.93, name
    others = figures(talk())
    assert others["sentiment accuracy"] >= 0.65
    assert others["kind accuracy"] >= 0.62
    assert others["credibility accuracy"] >= 0.85


def test_the_labels_are_enough_and_split():
    found = parts(labels())
    assert sum(map(len, found.values())) >= 150
    assert len([each for part in found.values() for each in part if each.credibility]) >= 150
    assert len([each for part in found.values() for each in part if each.topic]) >= 150
    assert 0.25 < len(found["unseen"]) / len(labels()) < 0.42
    assert len({each.text for each in labels()}) == len(labels())


def test_the_measures():
    assert accuracy("aab", "aba") == pytest.approx(1 / 3)
    assert macro_f1("aab", "aab") == 1.0
    assert macro_f1("ab", "aa") == pytest.approx(1 / 3)
    assert order_agreement(["firm", "hearsay"], ["stated", "speculative"]) == 1.0
    assert order_agreement(["firm", "hearsay"], ["stated", "stated"]) == 0.5
    assert order_agreement(["firm", "hearsay"], ["hearsay", "firm"]) == 0.0
    assert pair_f1("aab", "xxy") == 1.0
    assert pair_f1("aab", [None, None, None]) == 0.0
    one_topic = topic_figures(labels(), ["x"] * len(labels()))
    assert one_topic["topic macro F1"] < 0.05


def test_the_lexicon_is_loaded_when_a_text_is_read_and_brings_no_network():
    code = (
        "import sys, memos\n"
        "assert 'vaderSentiment' not in sys.modules\n"
        "from memos.operation.memoperator.tagging import predicted\n"
        "predicted('What a lovely day', 'told')\n"
        "assert 'vaderSentiment.vaderSentiment' in sys.modules\n"
        "assert not {'requests', 'urllib3', 'socket'} & set(sys.modules), sorted(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
