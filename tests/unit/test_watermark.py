"""The mark that is made when a text is generated: it is SynthID's, it costs no quality, its key finds it, and nothing else does."""

import hashlib
import hmac
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from random import Random

import numpy as np
import pytest
import torch
from transformers import SynthIDTextWatermarkLogitsProcessor

from memos.backends.transformers import from_url
from memos.backends.transformers.opening import open_detector
from memos.backends.transformers.watermark import CONTEXT, DEPTH, WEIGHTS, Detector, best_part, mark_of
from memos.backends.transformers.watermark_logits import HEAD, Tournament
from memos.errors import BackendError, InvalidCall
from memos.memcube.prompt import Part, Sampling
from memos.ports.marking import MarkingRuntime, tenant_key
from tests.smollm import tiny, tiny_tokenizer

KEY, OTHER = b"a secret of this deployment", b"a secret of another deployment"
PROMPT = (Part(kind="query", role="user", text="Where does she live now?"),)
MARKED = Sampling(max_tokens=200, temperature=1.0, seed=5, watermark=True)
PLAIN = MARKED.model_copy(update={"watermark": False})


def stock(mark):
    """The processor of transformers, as it is, with a mark's keys and bits."""
    keys = mark.keys.astype("int64").tolist()
    made = SynthIDTextWatermarkLogitsProcessor(CONTEXT + 1, keys, 2, 0, 1024, torch.device("cpu"), skip_first_ngram_calls=True)
    made.sampling_table = torch.from_numpy(mark.table.astype("int64"))
    return made


def tokens_of(runtime, sampling, prompt=PROMPT):
    return [token for piece in runtime.generate(prompt, sampling) for token in piece.tokens]


def text_of(runtime, sampling, prompt=PROMPT):
    return "".join(piece.text for piece in runtime.generate(prompt, sampling))


@pytest.fixture(scope="module")
def base():
    # this model never ends an answer of its own accord: every answer has the length that was asked for
    runtime = tiny()
    runtime._stops = frozenset()
    return runtime


@pytest.fixture(scope="module")
def marking(base):
    return base.marking(KEY)


def test_g_values_and_fresh_contexts_are_those_of_transformers():
    mark, random = mark_of(KEY), Random(1)
    tokens = [random.randrange(49152) for _ in range(120)]
    tokens += tokens[30:60] + [random.randrange(49152) for _ in range(20)]
    given = torch.tensor([tokens])
    expected = stock(mark).compute_g_values(given)[0].numpy()
    fresh = stock(mark).compute_context_repetition_mask(given)[0].numpy()
    values, places = mark.values(np.array(tokens))
    assert places.tolist() == (np.flatnonzero(fresh) + CONTEXT).tolist()
    assert 0 < len(places) < len(fresh)
    assert (values == expected[fresh]).all()


def test_the_tournament_is_that_of_transformers_where_all_tokens_take_part():
    mark, vocabulary = mark_of(KEY), 300
    ours, theirs, random = Tournament(mark), stock(mark), torch.Generator().manual_seed(2)
    said = [7]
    for step in range(30):
        scores = torch.randn((1, vocabulary), generator=random) * 3
        given = torch.tensor([said])
        one, other = ours(given, scores).softmax(-1), theirs(given, scores).softmax(-1)
        assert torch.allclose(one, other, atol=1e-5)
        assert torch.equal(one, scores.softmax(-1)) == (step < CONTEXT)
        said.append(int(torch.multinomial(one[0], 1, generator=random)))


def test_tokens_outside_of_the_head_keep_their_probabilities():
    tournament, random = Tournament(mark_of(KEY)), torch.Generator().manual_seed(3)
    scores = torch.randn((1, 5000), generator=random)
    said = torch.tensor([[5, 6, 7, 8, 9]])
    for _ in range(CONTEXT):
        tournament(said, scores)
    before, after = scores.softmax(-1)[0], tournament(said, scores).softmax(-1)[0]
    order = before.argsort(descending=True)
    assert torch.allclose(before[order[HEAD:]], after[order[HEAD:]], rtol=1e-4)
    assert float((before - after).abs().max()) > 1e-3
    assert float(after.sum()) == pytest.approx(1.0, abs=1e-5)


def test_a_context_is_marked_once():
    tournament, scores = Tournament(mark_of(KEY)), torch.randn((1, 50), generator=torch.Generator().manual_seed(4))
    said = torch.tensor([[1, 2, 3, 4]])
    for _ in range(CONTEXT):
        assert torch.equal(tournament(said, scores), scores)
    assert not torch.equal(tournament(said, scores), scores)
    assert torch.equal(tournament(said, scores), scores)


def test_averaged_over_keys_every_token_keeps_its_probability():
    scores, said = torch.randn((1, 12), generator=torch.Generator().manual_seed(6)), torch.tensor([[3, 1, 4, 1]])
    total, keys = torch.zeros(12), 800
    for number in range(keys):
        tournament = Tournament(mark_of(b"one key of very many: %05d" % number))
        for _ in range(CONTEXT):
            tournament(said, scores)
        total += tournament(said, scores).softmax(-1)[0]
    usual = scores.softmax(-1)[0]
    # the tournament of 30 rounds nearly chooses one token for each key: the deviation is that of so many draws, 4 sigma
    assert ((total / keys - usual).abs() < 4 * (usual * (1 - usual) / keys).sqrt()).all()


def test_its_key_finds_the_mark_and_no_other_does(base, marking):
    tokens = tokens_of(marking, MARKED)
    found = marking.detect(tokens)
    assert found.marked
    assert found.p_value < 1e-12
    assert found.score > 0.55
    assert not base.marking(OTHER).detect(tokens).marked
    assert not marking.detect(tokens_of(marking, PLAIN)).marked


def test_a_text_is_looked_at_in_the_tokens_that_it_has_by_itself(marking):
    # a random model writes what no tokenizer would: much of it is other tokens when it is read again, and the mark is still found
    tokens = tokens_of(marking, MARKED)
    text = marking.layout.spoken(tokens)
    assert marking.layout.plain(text).tolist() != tokens
    assert marking.detect(text).marked
    assert marking.detect(text).p_value > marking.detect(tokens).p_value
    assert marking.detect(text).span[1] <= len(text)


def test_a_quotation_is_found_within_another_text(marking):
    quoted, strange = text_of(marking, MARKED), text_of(marking, PLAIN.model_copy(update={"max_tokens": 400, "seed": 9}))
    half = len(strange) // 2
    found = marking.detect(strange[:half] + quoted + strange[half:])
    assert found.marked
    overlap = min(found.span[1], half + len(quoted)) - max(found.span[0], half)
    assert overlap > 0.8 * (found.span[1] - found.span[0])
    assert not marking.detect(strange).marked


def test_a_mark_changes_nothing_that_does_not_ask_for_it(base, marking):
    assert tokens_of(marking, PLAIN) == tokens_of(base, PLAIN)
    greedy = Sampling(max_tokens=30)
    assert tokens_of(marking, greedy) == tokens_of(base, greedy)


def test_the_same_seed_and_key_give_the_same_answer_also_at_the_same_time(base, marking):
    alone = [tokens_of(runtime, MARKED) for runtime in (marking, base.marking(OTHER))]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda runtime: tokens_of(runtime, MARKED), [marking, base.marking(OTHER)] * 2))
    assert together == alone * 2
    assert alone[0] != alone[1]


@pytest.mark.parametrize("greedy", [{"temperature": 0.0}, {"temperature": 1.0, "top_k": 1}])
def test_what_leaves_no_choice_is_not_marked(marking, greedy):
    with pytest.raises(InvalidCall, match="temperature above 0"):
        marking.generate(PROMPT, Sampling(watermark=True, **greedy))


def test_without_a_key_nothing_is_marked_and_nothing_detected(base, marking):
    assert not base.capabilities.watermark
    assert marking.capabilities.watermark
    assert isinstance(base, MarkingRuntime)
    for refused in (lambda: base.generate(PROMPT, MARKED), lambda: base.detect("anything")):
        with pytest.raises(InvalidCall, match="no key for a watermark"):
            refused()


def test_a_key_is_a_secret(base, marking):
    for short in (b"", b"fifteen bytes!!"):
        with pytest.raises(InvalidCall, match="16 bytes"):
            base.marking(short)
        with pytest.raises(InvalidCall, match="16 bytes"):
            tenant_key(short, "acme")
    assert "keys" not in repr(mark_of(KEY))
    assert KEY.decode() not in repr(vars(marking.watermark))


def test_keys_of_tenants_tell_nothing_of_each_other():
    acme = tenant_key(KEY, "acme")
    assert acme == hmac.new(KEY, b"memos watermark\0acme", hashlib.sha256).digest()
    assert len({acme, tenant_key(KEY, "acme2"), tenant_key(OTHER, "acme"), KEY}) == 4
    agree = (mark_of(acme).table == mark_of(tenant_key(KEY, "acme2")).table).mean()
    assert abs(agree - 0.5) < 0.01


def test_rounds_have_bits_of_their_own():
    keys = mark_of(KEY).keys
    assert keys.shape == WEIGHTS.shape == (DEPTH,)
    assert len({int(key) % 2**18 for key in keys}) == DEPTH


def test_the_null_distribution_is_what_chance_gives():
    mark, random = mark_of(KEY), np.random.default_rng(7)
    mean, variance = mark.null
    scores = mark.values(random.integers(0, 49152, 60_000))[0] @ WEIGHTS
    assert scores.mean() == pytest.approx(mean, abs=4 * (variance / len(scores)) ** 0.5)
    assert scores.var() == pytest.approx(variance, rel=0.03)
    assert variance == pytest.approx(0.25 * (WEIGHTS**2).sum(), rel=0.05)


def test_false_positives_are_those_asked_for():
    detector, random = Detector(KEY, list, str), np.random.default_rng(8)
    found = [detector.detect(random.integers(0, 49152, size), rate=0.05) for size in (30, 90, 210) for _ in range(400)]
    rate = sum(each.marked for each in found) / len(found)
    assert 0.01 < rate < 0.065  # at most .05, give or take what 1,200 texts allow, and not so careful as to see nothing


@pytest.mark.parametrize("text", ["", "a", "Yes."])
def test_what_is_too_short_tells_nothing(marking, text):
    found = marking.detect(text)
    assert not found.marked
    assert found.span == (0, len(text))
    if not found.tokens:
        assert found.p_value == 1.0


def test_the_best_part_pays_for_the_search():
    scores = np.zeros(400)
    scores[100:150] = 0.4
    found = best_part(scores, 0.01)
    assert found.stop - found.start == 50
    assert abs(found.start - 100) <= 6
    alone = best_part(scores[100:150], 0.01)
    assert alone.p_value < found.p_value < 1e-6
    assert best_part(np.zeros(400), 0.01).p_value == 1.0


@pytest.mark.parametrize("rate", [0.0, 1.0, -1, 2.5, float("nan")])
def test_a_rate_is_a_probability(marking, rate):
    with pytest.raises(InvalidCall, match="between 0 and 1"):
        marking.detect("some text", rate=rate)


def test_a_stricter_rate_asks_for_more(marking):
    text = text_of(marking, MARKED)
    found = marking.detect(text)
    assert marking.detect(text, rate=found.p_value).marked
    assert not marking.detect(text, rate=found.p_value / 2).marked


@pytest.fixture
def folder(base, tmp_path):
    """A model's directory of which only the tokenizer is there."""
    tiny_tokenizer().save_pretrained(tmp_path / "model")
    (tmp_path / "key").write_bytes(KEY)
    return tmp_path


def test_a_detector_needs_the_key_and_the_tokenizer_alone(folder, marking):
    detector = open_detector(f"transformers://{folder}/model?watermark_key={folder}/key")
    text = text_of(marking, MARKED)
    assert detector.detect(text) == marking.detect(text)
    assert detector.detect(text).marked


def test_a_url_names_the_file_of_the_key(folder, base):
    base.engine.model.save_pretrained(folder / "model")
    runtime = from_url(f"transformers://{folder}/model?watermark_key={folder}/key")
    assert runtime.capabilities.watermark
    assert tokens_of(runtime, MARKED.model_copy(update={"max_tokens": 8})) == tokens_of(
        base.marking(KEY), MARKED.model_copy(update={"max_tokens": 8})
    )


def test_urls_without_a_usable_key_say_so(folder):
    model = f"transformers://{folder}/model"
    (folder / "short").write_bytes(b"short")
    for query, said in (
        (f"?watermark_key={folder}/absent", "cannot be read"),
        (f"?watermark_key={folder}/short", "16 bytes"),
        ("?watermark_key=key", "absolute path of a file"),
        ("", "name the file"),
    ):
        with pytest.raises(InvalidCall, match=said):
            open_detector(model + query)
    with pytest.raises(BackendError, match=r"no tokenizer\.json"):
        open_detector(f"transformers://{folder}?watermark_key={folder}/key")


def test_the_detector_loads_no_torch():
    code = "import sys, memos.backends.transformers.watermark; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
