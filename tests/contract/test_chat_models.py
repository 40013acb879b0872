"""Every chat model that MemOS brings keeps the published contract, with a real model too; what an endpoint does is told rightly."""

import os
import signal
import threading

import pytest

from memos import MemOS
from memos.backends.openai_chat import OpenAIChat, from_url
from memos.errors import BackendError, InvalidCall, Unavailable
from memos.ports.models import ChatMessage, Completion, completed
from memos.testing.chat import ChatModelContract, ScriptedChat
from tests.chat_server import ChatServer, reply_with
from tests.llama import MODEL, Llama

HELLO = [ChatMessage("user", "hello")]
SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"], "additionalProperties": False}


@pytest.fixture(scope="module")
def llama():
    with Llama() as llama:
        yield llama


class TestRealModel(ChatModelContract):
    @pytest.fixture
    def chat(self, llama):
        return OpenAIChat(llama.url, MODEL, retries=0)


class TestScripted(ChatModelContract):
    @pytest.fixture
    def chat(self):
        return ScriptedChat(lambda text: '{"word": "yes"}')


@pytest.fixture
def server():
    with ChatServer() as server:
        yield server


def test_tokens_are_counted_and_priced(server):
    chat = from_url(f"openai+{server.url}?model=m&price_in=2&price_out=10")
    found = chat.complete(HELLO)
    assert (found.prompt_tokens, found.completion_tokens) == (100, 10)
    assert found.cost == pytest.approx((100 * 2 + 10 * 10) / 1e6)
    assert from_url(f"openai+{server.url}?model=m").complete(HELLO).cost is None


def test_what_is_asked_is_the_schema_and_then_less_where_that_is_refused(server):
    chat = OpenAIChat(server.url, "m", retries=0)
    server.planned += [(400, "{}"), (422, "{}")]
    assert chat.complete(HELLO, SCHEMA).parsed == {"word": "yes"}
    assert [request.get("response_format", {}).get("type") for _, _, request in server.requests] == ["json_schema", "json_object", None]
    chat.complete(HELLO, SCHEMA)
    assert "response_format" not in server.requests[-1][2]


def test_an_endpoint_that_wants_the_other_name_of_the_limit_gets_it(server):
    chat = OpenAIChat(server.url, "m", retries=0, max_tokens=50)
    server.planned.append((400, '{"error": {"message": "use max_completion_tokens instead"}}'))
    chat.complete(HELLO, max_tokens=70)
    assert server.requests[0][2]["max_tokens"] == 50
    assert server.requests[1][2]["max_completion_tokens"] == 50


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_may_pass_is_tried_again(server, status):
    server.planned.append((status, "{}", {"retry-after-ms": "1"}))
    assert OpenAIChat(server.url, "m", retries=1).complete(HELLO).text
    server.planned += [(status, "{}", {"retry-after-ms": "1"})] * 2
    with pytest.raises(Unavailable, match=f"{status} 2 times"):
        OpenAIChat(server.url, "m", retries=1).complete(HELLO)
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("status", "about"), [(400, True), (413, True), (422, True), (401, False), (403, False), (404, False), (307, False)]
)
def test_a_refusal_says_whether_it_is_about_the_request(server, status, about):
    server.planned.append((status, '{"secret": "sk-1"}', {"location": "http://127.0.0.1:9/v1"} if status == 307 else {}))
    with pytest.raises(BackendError) as found:
        OpenAIChat(server.url, "m", retries=0).complete(HELLO)
    assert ("status" in found.value.details) is about
    assert "sk-1" not in str(found.value)
    assert len(server.requests) == 1, "a redirect is not followed"


@pytest.mark.parametrize("body", ["", "no JSON", "[]", "{}", '{"choices": []}', '{"choices": [{"message": {"content": [1]}}]}', "null"])
def test_what_is_no_completion_is_a_broken_backend(server, body):
    server.planned.append((200, body))
    with pytest.raises(BackendError):
        OpenAIChat(server.url, "m", retries=0).complete(HELLO)


def test_cut_off_and_refused_answers_say_so(server):
    server.planned += [
        (200, reply_with('{"word": "ye', "length")),
        (200, reply_with(None, refusal="I will not")),
        (200, reply_with("", "content_filter")),
        (200, reply_with("```json\n{}\n```", usage=False)),
    ]
    chat = OpenAIChat(server.url, "m", retries=0)
    cut, refused, filtered, fenced = (chat.complete(HELLO, SCHEMA) for _ in range(4))
    assert (cut.finished, cut.parsed) == (False, None)
    assert refused.refused
    assert filtered.refused
    assert (fenced.parsed, fenced.prompt_tokens) == ({}, 0)


def test_a_server_that_stalls_is_left_after_the_timeout(server):
    free = threading.Event()
    server.planned.append(free)
    try:
        with pytest.raises(Unavailable, match="no answer within"):
            OpenAIChat(server.url, "m", retries=0, timeout=0.2).complete(HELLO)
    finally:
        free.set()


def test_a_server_that_is_not_there_is_unavailable(server):
    chat = OpenAIChat("http://127.0.0.1:9/v1", "m", retries=0)
    with pytest.raises(Unavailable, match="cannot be reached"):
        chat.complete(HELLO)


def test_a_server_that_dies_in_the_middle_of_an_answer_is_unavailable():
    with Llama() as llama:
        chat = OpenAIChat(llama.url, MODEL, retries=0)
        threading.Timer(0.3, os.kill, (llama.process.pid, signal.SIGKILL)).start()
        with pytest.raises(Unavailable):
            chat.complete([ChatMessage("user", "Tell a long story about a harbour.")], max_tokens=1500)


def test_no_proxy_of_the_environment_is_asked(server, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert OpenAIChat(server.url, "m", retries=0).complete(HELLO).text


def test_the_key_comes_from_the_environment_and_stands_nowhere(server, monkeypatch):
    monkeypatch.setenv("CHAT_KEY", "sk-secret")
    chat = OpenAIChat(server.url, "m", key_env="CHAT_KEY")
    chat.complete(HELLO)
    assert server.requests[0][1]["authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in repr(chat)
    monkeypatch.delenv("CHAT_KEY")
    with pytest.raises(BackendError, match="CHAT_KEY"):
        OpenAIChat(server.url, "m", key_env="CHAT_KEY").complete(HELLO)


@pytest.mark.parametrize(
    "url",
    [
        "openai+http://127.0.0.1:1/v1", "openai+http://127.0.0.1:1/v1?model=m&retries=11",
        "openai+http://127.0.0.1:1/v1?model=m&timeout=x",
        "openai+http://127.0.0.1:1/v1?model=m&price_in=-1", "openai+http://127.0.0.1:1/v1?model=m&format=xml",
        "openai+http://127.0.0.1:1/v1?model=m&nothing=1", "openai+http://u:p@127.0.0.1:1/v1?model=m",
        "openai+http://127.0.0.1:1/v1?model=m&max_tokens=0",
        "openai+http://127.0.0.1:1/v1?model=m&key_env=sk-1", "other://x",
    ],
)  # fmt: skip
def test_a_wrong_url_is_told_before_anything_is_asked(url, tmp_path):
    with pytest.raises(InvalidCall):
        MemOS.open(tmp_path / "m", embedder=None, chat=url, worker="none")


@pytest.mark.parametrize(
    "given",
    [
        "text", None, Completion(5), Completion("a", prompt_tokens=-1), Completion("a", completion_tokens=2**40),
        Completion("a", cost=-1.0), Completion("a", cost=float("nan")), Completion("a", prompt_tokens="3"),
    ],
)  # fmt: skip
def test_what_a_model_gives_is_checked(given):
    class Odd:
        name = "odd"

        def complete(self, messages, schema=None, *, max_tokens=1024):
            return given

    with pytest.raises(BackendError, match="odd"):
        completed(Odd(), HELLO)


def test_what_a_model_raises_is_a_backend_error_but_for_our_own():
    with pytest.raises(BackendError, match="ZeroDivisionError"):
        completed(ScriptedChat(lambda _: ZeroDivisionError("secret")), HELLO)
    with pytest.raises(Unavailable):
        completed(ScriptedChat(lambda _: Unavailable("away")), HELLO)


def test_a_program_may_give_a_model_and_nothing_else(tmp_path):
    with pytest.raises(InvalidCall, match="chat model"):
        MemOS.open(tmp_path / "m", embedder=None, chat=5, worker="none")
    with MemOS.open(tmp_path / "m", embedder=None, chat=ScriptedChat(lambda _: "hi"), worker="none") as memory:
        assert memory.extraction().model == "scripted"


def test_no_model_is_asked_that_no_setting_names(tmp_path, server):
    with MemOS.open(tmp_path / "m", embedder=None, chat=f"openai+{server.url}?model=m", worker="none") as memory:
        memory.as_user("alice").add("I moved to Lisbon in March.")
        assert memory.drain()
    assert server.requests == []
