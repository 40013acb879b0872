"""An OpenAI-compatible endpoint as a runtime: what is sent, what is read of its streams, and what its failures are told as."""

import json
import sys
import threading

import pytest

from memos.backends.openai_engine import OpenAIEngine, from_url
from memos.errors import BackendError, InvalidCall, Unavailable
from memos.memcube.prompt import Part, Sampling
from memos.testing.runtime_prompts import asked, finished, prompt_of, text_of
from tests.chat_server import ChatServer, stream_with

HELLO = asked("Hello.")


@pytest.fixture
def server():
    with ChatServer("Hello there, you.") as server:
        yield server


@pytest.fixture
def engine(server):
    made = OpenAIEngine(server.url, "m", retries=0)
    yield made
    made.close()


def test_parts_are_sent_as_messages_and_read_as_they_come(server, engine):
    pieces = list(
        engine.generate(prompt_of("Where?"), Sampling(max_tokens=9, stop="END", seed=2**40 + 5, top_k=3, top_p=0.5, temperature=1))
    )
    assert [piece.text for piece in pieces] == ["Hello", " there,", " you.", ""]
    sent = server.requests[-1][2]
    assert [message["role"] for message in sent["messages"]] == ["system", "user", "assistant", "user"]
    assert sent["messages"][0]["content"].endswith("told.\n\nThe user lives in Lisbon, near the harbour.")
    assert {name: sent[name] for name in ("max_tokens", "stop", "top_k", "top_p", "temperature", "model", "stream")} == {
        "max_tokens": 9, "stop": ["END"], "top_k": 3, "top_p": 0.5, "temperature": 1.0, "model": "m", "stream": True,
    }  # fmt: skip
    assert 0 <= sent["seed"] < 2**31


@pytest.mark.parametrize(
    "forged",
    [
        "<|im_end|>",
        "<|start_header_id|>",
        "<｜User｜>",
        "<start_of_turn>",
        "<end_of_turn>",
        "<eos>",
        "[INST]",
        "[/INST]",
        "[SYSTEM_PROMPT]",
    ],
)
def test_no_text_forges_a_message(server, engine, forged):
    text_of(engine.generate(asked(f"It ends{forged}here.")))
    sent = server.requests[-1][2]["messages"][0]["content"]
    assert forged not in sent
    assert sent.replace("\u200b", "") == f"It ends{forged}here."


@pytest.mark.parametrize("text", ["a < b | c > d", "<b>bold</b>", "x[0]", "<|", "if a<|b|c", "[INSTALL]", "<sub>gone</sub>"])
def test_other_texts_are_sent_as_they_are(server, engine, text):
    text_of(engine.generate(asked(text)))
    assert server.requests[-1][2]["messages"][0]["content"] == text


def test_nothing_is_sent_that_was_not_asked_for(server, engine):
    text_of(engine.generate(HELLO))
    assert set(server.requests[-1][2]) == {"model", "messages", "temperature", "max_tokens", "stream", "stream_options"}


def test_what_an_engine_tells_of_its_cache_is_told(server, engine):
    server.planned += [(200, stream_with("a b", cached=60)), (200, stream_with("a b")), (200, stream_with("a b", usage=False))]
    told, silent, nothing = (finished(engine.generate(HELLO)) for _ in range(3))
    assert (told.prompt, told.cached, told.computed, told.completion) == (100, 60, 40, 2)
    assert (silent.prompt, silent.cached, silent.computed) == (100, None, None)
    assert (nothing.prompt, nothing.completion) == (0, 0)
    assert told.first_seconds is not None


def test_a_cut_off_answer_says_so(server, engine):
    server.planned += [(200, stream_with("a b", "length")), (200, stream_with("a b", "stop"))]
    assert [list(engine.generate(HELLO))[-1].ended for _ in range(2)] == ["length", "stop"]


def test_a_salt_goes_with_each_request_and_only_then(server, engine):
    text_of(engine.salted("tenant-mark").generate(HELLO))
    text_of(engine.generate(HELLO))
    assert [request.get("cache_salt") for _, _, request in server.requests] == ["tenant-mark", None]
    assert engine.salted("x").name == engine.name


@pytest.mark.parametrize(
    ("listed", "window"),
    [
        ({"id": "m", "max_model_len": 9000}, 9000), ({"id": "m", "meta": {"n_ctx": 512}}, 512),
        ({"id": "a", "aliases": ["m"], "context_length": 700}, 700),
        ({"id": "other", "max_model_len": 9000}, 4096), ({"id": "m", "max_model_len": "9000"}, 4096), ("nonsense", 4096),
    ],
)  # fmt: skip
def test_the_window_is_what_the_endpoint_lists(server, engine, listed, window):
    server.models = json.dumps({"object": "list", "data": [listed]})
    assert engine.window == window
    assert from_url(f"openai+{server.url}?model=m&window=77").window == 77


@pytest.mark.parametrize(
    "said",
    ['{"error": {"code": "context_length_exceeded"}}', '{"error": {"message": "This model\'s maximum context length is 10 tokens"}}'],
)
def test_a_prompt_that_does_not_fit_is_an_invalid_call(server, engine, said):
    server.planned.append((400, said))
    with pytest.raises(InvalidCall, match="window"):
        text_of(engine.generate(HELLO))


@pytest.mark.parametrize(
    ("status", "error"), [(400, BackendError), (401, BackendError), (404, BackendError), (429, Unavailable), (503, Unavailable)]
)
def test_refusals_are_told_without_what_was_sent(server, engine, status, error):
    server.planned.append((status, '{"secret": "sk-1"}'))
    with pytest.raises(error) as found:
        text_of(engine.generate(HELLO))
    assert "sk-1" not in str(found.value)


def test_the_other_name_of_the_limit_is_learnt(server, engine):
    server.planned.append((400, '{"error": {"message": "use max_completion_tokens instead"}}'))
    text_of(engine.generate(HELLO, Sampling(max_tokens=7)))
    assert [request.get("max_completion_tokens") for _, _, request in server.requests] == [None, 7]


UNKNOWN = (400, '{"error": {"message": "Unrecognized request argument supplied: cache_salt", "type": "invalid_request_error"}}')


def test_an_engine_that_knows_no_salt_is_asked_without_one_from_then_on(server, engine):
    salted = engine.salted("tenant-mark")
    server.planned.append(UNKNOWN)
    assert text_of(salted.generate(HELLO)) == "Hello there, you."
    text_of(salted.generate(HELLO))
    assert [request.get("cache_salt") for _, _, request in server.requests] == ["tenant-mark", None, None]


def test_a_salt_that_its_url_asks_for_is_never_left_out(server):
    engine = from_url(f"openai+{server.url}?model=m&salt=ours&retries=0")
    for each in (engine, engine.salted("tenant-mark")):
        server.planned.append(UNKNOWN)
        with pytest.raises(BackendError, match="cache_salt: leave salt= out"):
            text_of(each.generate(HELLO))
    assert [request["cache_salt"] for _, _, request in server.requests] == ["ours", "tenant-mark"]
    engine.close()


@pytest.mark.parametrize(
    "body",
    ["data: nonsense\n\n", 'data: {"error": {"message": "out of memory"}}\n\n',
     'data: {"choices": [{"delta": 5}]}\n\n', 'data: {"choices": [{"delta": {"content": [1]}}]}\n\n'],
)  # fmt: skip
def test_what_is_no_answer_is_a_broken_engine(server, engine, body):
    server.planned.append((200, body))
    with pytest.raises(BackendError):
        text_of(engine.generate(HELLO))


def test_an_engine_that_stalls_or_is_gone_is_unavailable(server):
    free = threading.Event()
    server.planned.append(free)
    try:
        with pytest.raises(Unavailable, match="no answer within"):
            text_of(OpenAIEngine(server.url, "m", retries=0, timeout=0.2).generate(HELLO))
    finally:
        free.set()
    with pytest.raises(Unavailable, match="cannot be reached"):
        text_of(OpenAIEngine("http://127.0.0.1:9/v1", "m", retries=0).generate(HELLO))
    with pytest.raises(Unavailable, match="cannot be reached"):
        _ = OpenAIEngine("http://127.0.0.1:9/v1", "m", retries=0).window


def test_an_answer_that_breaks_off_is_unavailable(server, engine):
    server.planned.append((200, stream_with("a b c").partition("data: [DONE]")[0][:400]))
    with pytest.raises(Unavailable, match="broke off"):
        text_of(engine.generate(HELLO))


def test_without_the_sdk_it_says_what_to_install(server, monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    for ask in (lambda: text_of(OpenAIEngine(server.url, "m").generate(HELLO)), lambda: OpenAIEngine(server.url, "m").window):
        with pytest.raises(InvalidCall, match=r"memos-kernel\[openai\]"):
            ask()


def test_it_is_busier_the_more_it_is_asked(engine):
    assert engine.load() == 0
    one, other = engine.generate(HELLO), engine.generate(HELLO)
    next(one)
    busy = engine.load()
    next(other)
    assert 0 < busy < engine.load() < 1
    one.close()
    other.close()
    assert engine.load() == 0


def test_a_prompt_is_checked_before_anything_is_asked(server, engine):
    for wrong in ((), (*HELLO, Part(kind="system", role="system", text="late"))):
        with pytest.raises(InvalidCall):
            engine.generate(wrong)
    assert server.requests == []


@pytest.mark.parametrize(
    "url", ["openai+http://127.0.0.1:1/v1", "openai+http://127.0.0.1:1/v1?model=m&window=1", "openai+http://127.0.0.1:1/v1?model=m&x=1"]
)
def test_a_wrong_url_is_told(url):
    with pytest.raises(InvalidCall):
        from_url(url)
