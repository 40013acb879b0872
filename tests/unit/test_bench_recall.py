"""How recall is measured beside the peers': MemOS and the floor in processes of their own. No peer is installed, nothing is downloaded."""

import pytest

import memos
from evals.bench import recall, recall_report
from evals.bench.recall import Asked, measure, stores

SAID = (
    ("Ana", "The old launch is moored behind the net sheds."),
    ("Rui", "My sister Clara keeps bees on the hill above the chapel."),
    ("Ana", "I take the night ferry to Horta on Friday."),
    ("Rui", "Dona Celeste wants her red umbrella back before the rains."),
    ("Ana", "The dentist moved my appointment to the ninth of May."),
    ("Rui", "I have been learning the accordion since the winter."),
    ("Ana", "The bakery by the square closes at noon now."),
    ("Rui", "Our cat had four kittens under the stove last night."),
    ("Ana", "I painted the kitchen door green."),
    ("Rui", "The ferry company lost my suitcase in August."),
    ("Ana", "My cousin Teodoro teaches chemistry in Braga."),
    ("Rui", "The landlord raises the rent by forty euros."),
)
ASKED = (("Who keeps bees?", "t1"), ("What instrument is Rui learning?", "t5"), ("What does Teodoro teach?", "t10"))


@pytest.fixture
def talk():
    """A conversation of twelve turns and three questions; a fourth asks what nobody said."""
    turns = [
        {
            "id": f"t{place}",
            "session": place // 6,
            "date": f"2024-03-0{1 + place // 6}T19:00:00",
            "speaker": who,
            "text": text,
            "caption": "",
        }
        for place, (who, text) in enumerate(SAID)
    ]
    turns[3]["caption"] = "a photo of an umbrella"
    questions = [{"q": text, "cat": 4, "ev": [turn]} for text, turn in ASKED]
    return {"id": "tiny", "turns": turns, "qa": [*questions, {"q": "Who lost a bicycle?", "cat": 5, "ev": ["t9"]}]}


def chosen(*names):
    by = {peer.name: peer for peer in stores()}
    return [by[name] for name in names]


def test_memos_and_the_exact_scan_find_what_was_said(talk, tmp_path):
    said = []
    rows = measure(["tiny"], [[talk]], tmp_path, None, chosen("MemOS", "exact cosine"), tell=said.append)
    assert [row["peer"] for row in rows] == ["MemOS", "exact cosine"]
    for row in rows:
        figures = row["tiny"]
        assert (figures["n"], figures["recall"]) == (3, 100.0)
        assert figures["mrr"] > 60
        assert 0 < figures["cpu_ms"] <= figures["cpu_ms_p95"]
    assert rows[0]["tiny"]["version"] == memos.__version__
    assert len(said) == 2
    assert [each.name for each in tmp_path.iterdir()] == []


def test_weights_of_a_fold_never_saw_the_conversation(monkeypatch):
    monkeypatch.setattr(recall, "all_examples", lambda one, cache, *, dense: [each["id"] for each in one])
    monkeypatch.setattr(recall, "for_training", lambda found, held_out: [name for name in found if name not in held_out])
    monkeypatch.setattr(recall, "fit", lambda training, without=(): {"saw": {name for one in training for name in one}})
    data = [[{"id": f"{kind} {number}"} for number in range(count)] for kind, count in (("long", 5), ("short", 3))]
    names = {each["id"] for one in data for each in one}
    weights = recall.held_out_weights(data, None)
    assert set(weights) == names
    for name, kinds in weights.items():
        assert set(kinds) == {"late", "dense", "lexical"}
        assert all(name not in each["saw"] and len(each["saw"]) >= len(names) - 2 for each in kinds.values())


def test_a_fold_ranks_by_its_own_weights(talk, tmp_path, monkeypatch):
    by_date = {"late": {}, "dense": {}, "lexical": {}}
    monkeypatch.setattr(recall, "held_out_weights", lambda data, cache: {"tiny": by_date})
    fitted, shipped = measure(["tiny"], [[talk]], tmp_path, None, chosen("MemOS, out of fold", "MemOS"))
    assert fitted["tiny"]["mrr"] < shipped["tiny"]["mrr"]


def test_a_store_that_fails_is_named_and_the_rest_goes_on(talk, tmp_path):
    absent = Asked(name="absent", command=(), note="none", store="evals.bench.floor:NoSuchStore")
    failed, went_on = measure(["tiny"], [[talk]], tmp_path, None, [absent, *chosen("exact cosine")])
    assert failed["error"].startswith("ended with code 1 after 0 of 1 conversations")
    assert went_on["tiny"]["n"] == 3
    page = recall_report.page({"when": "today"}, ["tiny"], [failed, went_on], 10)
    assert "- absent could not be measured: ended with code 1" in page
    assert "| exact cosine | numpy" in page


def test_the_page_ranks_by_recall_and_says_what_was_fitted():
    rows = [
        {"peer": name, "note": "as it is", "set": {"version": "1", "n": 2, "recall": found, "mrr": 1.0, "cpu_ms": 1.0, "cpu_ms_p95": 2.0}}
        for name, found in (("low", 10.0), ("high", 90.0))
    ]
    data = [[{"id": "a", "turns": [1, 2, 3], "qa": []}, {"id": "b", "turns": [1], "qa": []}]]
    page = recall_report.page(recall_report.conditions(["set"], data, 10), ["set"], rows, 10)
    assert page.index("| high |") < page.index("| low |")
    assert "set: 2 conversations of 1 to 3 turns" in page
    assert "MemOS's weights were fitted to these very sets" in page
    assert "R@10" in page


def test_the_page_names_who_takes_less():
    rows = [
        {"peer": name, "note": "", "set": {"version": "1", "n": 2, "recall": found, "mrr": 1.0, "cpu_ms": spent, "cpu_ms_p95": 9.0}}
        for name, found, spent in (("slow", 50.0, 5.0), ("MemOS, out of fold", 80.0, 4.0), ("bare", 30.5, 1.0), ("MemOS", 81.0, 3.0))
    ]
    page = recall_report.page({}, ["set"], rows, 10)
    assert "Less CPU than MemOS, out of fold take bare; what they find is 49.5 points less.\n" in page
    assert "take none of the others.\n" in recall_report.page({}, ["set"], rows[:2], 10)


def test_every_store_has_a_class_and_pins():
    names = [peer.name for peer in stores()]
    assert len(set(names)) == len(names)
    for peer in stores():
        assert all("==" in requirement for requirement in peer.requirements)
        assert peer.store.startswith("evals.bench.")
        assert bool(peer.environment) == bool(peer.requirements)
