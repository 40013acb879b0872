"""What the scheduler gives and spares, counted; and the commands that compare policies."""

import json
from itertools import pairwise

import pytest
from click.testing import CliRunner

from evals.retrieval.data import SHARED, SHIPPED
from evals.scheduler.locomo import asked, measured, requests_of, searched
from evals.scheduler.tasks import DATA, WEIGHTS, fitted, requests, right, written
from memos.cli.root import cli
from memos.operation.memscheduler.policies import KINDS, Policy
from memos.operation.memscheduler.simulate import compared
from memos.operation.memscheduler.tasks import TASKS, classify
from memos.operation.memscheduler.workloads import generated, request_of
from memos.testing.retrieval_eval import load

POLICIES = [Policy(name=kind, kind=kind) for kind in KINDS]
ALL, SAME = "composed, all blocks", "the memories of text, composed"


def ran(*arguments):
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.proof(capability="task-classes", small=225, full=225)
def test_tasks_are_told(trials, record_proof):
    """Of the labelled requests a third is held back from whoever made the signs and the weights."""
    known, held = right(requests("tasks")), right(requests("tasks_unseen"))
    assert len(known) + len(held) == trials
    share, unseen = (sum(known) + sum(held)) / trials, sum(held) / len(held)
    record_proof(requests=trials, held_back=len(held), right=round(share, 4), right_of_held_back=round(unseen, 4))
    assert share >= 0.9
    assert unseen >= 0.8


def test_the_weights_are_what_the_requests_give():
    assert WEIGHTS.read_text(encoding="utf-8") == written(fitted([*requests("tasks"), *requests("tasks_more")]))


def test_a_task_is_told_of_any_text_at_once():
    for text in ("", "?", "\n", "x" * 100_000, "how " * 5_000, "如何重置路由器？", "\u200b\u202e"):
        told = classify(text, ("", "y" * 100_000))
        assert told.task in TASKS
        assert sum(told.odds.values()) == pytest.approx(1.0)


@pytest.mark.proof(capability="scheduler", small=1, full=5)
def test_plans_find_the_evidence_and_spare_the_reading(trials, record_proof):
    """Small: a shipped conversation, 600 requests. At full size: LoCoMo's development chats, where they are at hand, 5,000 requests.

    Equal evidence: the same memories, given as text; `of_text` is against the fewer memories of text alone. What is composed is
    approximate; what is attached at the beginning is exact.
    """
    at_hand = trials > 1 and SHARED[0].exists()
    conversations = [list(asked(each, None)) for each in load(SHARED[0] if at_hand else SHIPPED[0])[:trials]]
    every = [one for each in conversations for one in each]
    found, figures = searched(every, 20), measured(conversations)
    record_proof(conversations=len(conversations), questions=len(every), search_r_at_20=found, **figures)
    scores = {name: compared(generated(name, 0, 600 if trials == 1 else 5000), POLICIES) for name in ("assistant", "clinic", "agent")}
    clinic = [request_of(json.loads(line)) for line in (DATA / "trace_clinic.jsonl").read_text(encoding="utf-8").splitlines()]
    scores["clinic_by_hand"], scores["questions"] = compared(clinic, POLICIES), compared(requests_of(conversations), POLICIES)
    record_proof(scores={name: {each.policy: round(each.score, 4) for each in rows} for name, rows in scores.items()})
    assert figures["text"]["recall"] >= found - (0 if at_hand else 1.5)
    assert figures[ALL]["recall"] >= found - (0 if at_hand else 1.5)
    assert figures[ALL]["less_read"] >= 0.6
    assert figures[ALL]["less_ttft"] >= (0.5 if at_hand else 0.4)
    assert figures[SAME]["recall"] == figures["text"]["recall"]
    assert figures[SAME]["of_text_read"] >= 0.6
    assert figures[SAME]["of_text_ttft"] >= 0.5
    assert figures["exact"]["recall"] >= max(found - (0 if at_hand else 1.5), figures["text"]["recall"] - 0.5)
    assert figures["exact"]["less_read"] >= 0.6
    assert figures["exact"]["less_ttft"] >= 0.5
    assert figures["exact"]["of_text_read"] >= 0.3
    for name in ("assistant", "clinic", "agent", "questions"):
        *others, ours = (each.score for each in scores[name])
        assert ours >= max(others), name


def test_policies_are_compared_on_a_generated_workload():
    printed = ran("schedule", "simulate", "assistant", "--length", "300")
    assert [line.split()[0] for line in printed.splitlines()[2:6]] == list(KINDS)
    assert "300 requests need" in printed
    told = json.loads(ran("schedule", "simulate", "clinic", "--length", "200", "--policy", "gdsf,memos", "--bytes", "9000000", "--json"))
    assert [each["policy"] for each in told["policies"]] == ["gdsf", "memos"]
    assert {each["budget"] for each in told["policies"]} == {9_000_000}
    assert all(each["bytes"] <= 9_000_000 for each in told["policies"])


def test_a_policy_of_ones_own_is_a_file(tmp_path):
    mine = tmp_path / "mine.json"
    mine.write_text('{"name": "mine", "kind": "lru"}')
    told = json.loads(ran("schedule", "simulate", "drift", "--length", "300", "--policy", "lru", "--policy-file", str(mine), "--json"))
    lru, own = told["policies"]
    assert own == lru | {"policy": "mine"}


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (["nothing-there"], 2, "assistant"),
        (["assistant", "--policy", "fifo"], 2, "lru"),
        (["{trace}"], 2, "line 2"),
        (["{empty}"], 2, "no request"),
        (["assistant", "--policy-file", "{trace}"], 2, "JSON"),
        (["assistant", "--policy-file", "{wrong}"], 2, "kind"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, line, code, said):
    files = {"trace": '{"at": 1, "needs": []}\nnonsense\n', "empty": "\n", "wrong": '{"kind": "fifo"}'}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    result = CliRunner().invoke(cli, ["schedule", "simulate", *(each.format(**{name: tmp_path / name for name in files}) for each in line)])
    assert result.exit_code == code
    assert said in result.output


def test_the_policy_in_force_is_printed_and_taken_as_a_policy_file(tmp_path):
    store = tmp_path / "m"
    ran("add", "The shed is green.", "--store", str(store), "--user", "ann", "--embedder", "none")
    (store / "memos.toml").write_text("[schedule.weighing]\nprice = 0.5\n")
    printed = ran("schedule", "policy", "--store", str(store))
    usual = Policy()
    assert Policy.model_validate_json(printed) == usual.model_copy(update={"weighing": usual.weighing.model_copy(update={"price": 0.5})})
    (tmp_path / "mine.json").write_text(printed)
    (store / "memos.toml").write_text("[schedule.weighing]\nprice = -1\n")
    wrong = CliRunner().invoke(cli, ["schedule", "policy", "--store", str(store)])
    assert (wrong.exit_code, "the setting schedule: weighing.price" in wrong.output) == (2, True)
    rows = ran(
        "schedule", "simulate", "assistant", "--length", "20", "--policy", "lru", "--policy-file", str(tmp_path / "mine.json"), "--json"
    )
    assert [row["policy"] for row in json.loads(rows)["policies"]] == ["lru", "memos"]


def test_a_trace_of_the_log_has_times_ids_and_lengths_and_no_text(tmp_path):
    common = ["--store", str(tmp_path / "m"), "--user", "ann", "--embedder", "none"]
    for text in ("The spare key hangs in the shed.", "The shed is green."):
        ran("add", text, *common)
    ran("search", "nothing like that", *common)
    for _ in range(2):
        ran("search", "shed", *common)
    ran("context", "Where is the shed?", *common)
    out = tmp_path / "trace.jsonl"
    told = json.loads(ran("schedule", "record", "--out", str(out), *common, "--json"))
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert told["requests"] == len(rows) == 3
    assert all(len(row["needs"]) == 2 for row in rows)
    assert all(one["at"] <= other["at"] for one, other in pairwise(rows))
    assert "shed" not in out.read_text()
    figures = json.loads(ran("schedule", "simulate", str(out), "--policy", "memos", "--bytes", "100000000", "--json"))["policies"][0]
    assert figures["hit_ratio"] == pytest.approx(4 / 6, abs=1e-5)
