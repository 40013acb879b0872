"""Hostile blocks: whatever a file is or claims, it is refused with the reason, before a number of it is used; nothing in it is executed."""

import io
import json
import os
import pickle  # noqa: TID251 - a pickle is what is to be refused
import struct
import sys
import tempfile
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from memos.errors import BackendError
from memos.ports.runtime import About
from tests.kv_world import parts
from tests.smollm import tiny, tiny_tokenizer

ABOUT = About("a" * 32, (("c1", 1), ("c2", 4)), expires="2999-01-01T00:00:00+00:00")
SYSTEM = "You are kind. The cat sat on the mat, near the river. She likes tea, walks and the sea."


@pytest.fixture(scope="module")
def runtime():
    return tiny()


@pytest.fixture(scope="module")
def good(runtime):
    return runtime.pack(runtime.encode(runtime.tokens(parts(SYSTEM, "x"))[0]), ABOUT)


@pytest.fixture(scope="module")
def small(runtime):
    return runtime.pack(runtime.encode(runtime.tokens(parts(SYSTEM, "x"))[0]), ABOUT, form="int8")


def opened(body):
    size = int.from_bytes(body[:8], "little")
    return json.loads(body[8 : 8 + size]), body[8 + size :]


def closed(header, data):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def lied(body, change, *, honest=True):
    """A file of which something is changed, with a digest that is right again, as one who means harm would make it."""
    from memos.backends.transformers.packing import digest_of

    header, data = opened(body)
    data = bytearray(data)
    change(header, data)
    if honest:
        header["__metadata__"]["digest"] = digest_of(header["__metadata__"], memoryview(bytes(data)))
    return closed(header, bytes(data))


def says(**metadata):
    return lambda header, _: header["__metadata__"].update(metadata)


def of(name, **entry):
    return lambda header, _: header[name].update(entry)


def write(name, raw):
    def change(header, data):
        start = header[name]["data_offsets"][0]
        data[start : start + len(raw)] = raw

    return change


SPRUNG = Path(tempfile.gettempdir()) / f"memos-sprung-{os.getpid()}"


class Trap:
    """What a pickle may do when it is loaded."""

    def __reduce__(self):
        return os.mkdir, (str(SPRUNG),)


def traps():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("archive/data.pkl", pickle.dumps(Trap()))
    yield archive.getvalue(), "a zip archive"
    for protocol in range(2, 6):
        yield pickle.dumps(Trap(), protocol=protocol), "a pickle"
    yield pickle.dumps(Trap(), protocol=0), "its header says|cut short"


@pytest.mark.parametrize(("body", "reason"), list(traps()))
def test_what_would_run_code_does_not(runtime, tmp_path, body, reason):
    with pytest.raises(BackendError, match=reason):
        runtime.unpack(body, ABOUT)
    (tmp_path / "block").write_bytes(body)
    with pytest.raises(BackendError, match=reason):
        runtime.unpack(tmp_path / "block", ABOUT)
    assert not SPRUNG.exists()


DEEP = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
HEADERS = [
    (b"", "cut short"),
    (b"\x00" * 8, "cut short"),
    (struct.pack("<Q", 2**63) + b"{}" * 9, "its header says that it has"),
    (struct.pack("<Q", 500) + b"{}" * 9, "its header is cut short"),
    (closed(b"not json at all", b""), "is no JSON"),
    (closed(b"\xff\xfe{}", b""), "is no JSON"),
    (closed(b"[1, 2, 3]", b""), "is no JSON object"),
    (closed(DEEP, b""), "is no JSON|does not describe"),
    (closed(b'{"a": NaN, "b": 1}', b""), "has NaN"),
    (closed(b'{"a": 1, "a": 2}', b""), "names something twice"),
    (closed(b'{"a": ' + b"9" * 6000 + b"}", b""), "is no JSON|does not describe"),
    (closed({"__metadata__": {"a": 1}, "k": {}}, b""), "not texts"),
    (closed({"__metadata__": {}}, b""), "has 0 tensors"),
    (closed({"a": {"dtype": "F16", "shape": [2]}}, b"1234"), "does not describe"),
    (closed({"a": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]}}, b"1" * 16), "has the type"),
    (closed({"a": {"dtype": ["F16"], "shape": [2], "data_offsets": [0, 4]}}, b"1234"), "has the type"),
    (closed({"a": {"dtype": "F16", "shape": [-2], "data_offsets": [0, 4]}}, b"1234"), "no shape and place"),
    (closed({"a": {"dtype": "F16", "shape": [2.0], "data_offsets": [0, 4]}}, b"1234"), "no shape and place"),
    (closed({"a": {"dtype": "F16", "shape": [True, 2], "data_offsets": [0, 4]}}, b"1234"), "no shape and place"),
    (closed({"a": {"dtype": "F16", "shape": [1] * 9, "data_offsets": [0, 2]}}, b"12"), "no shape and place"),
    (closed({"a": {"dtype": "F16", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}, b"1234"), "lies of its size"),
    (closed({"a": {"dtype": "F16", "shape": [2], "data_offsets": [4, 0]}}, b"1234"), "lies of its size"),
    (closed({"a": {"dtype": "F16", "shape": [2], "data_offsets": [2, 6]}}, b"123456"), "leaves a gap"),
    (closed({name: {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]} for name in "ab"}, b"1234"), "overlaps another"),
    (closed({"a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}, b"12345678"), "something hidden"),
    (closed({"a": {"dtype": "F16", "shape": [4], "data_offsets": [0, 8]}}, b"1234"), "cut short"),
]


@pytest.mark.parametrize(("body", "reason"), HEADERS, ids=range(len(HEADERS)))
def test_a_header_that_cannot_be_is_refused(runtime, body, reason):
    with pytest.raises(BackendError, match=reason):
        runtime.unpack(body, ABOUT)


LIES = [
    (says(weights="0" * 64), "its weights is another"),
    (says(model="transformers:other@0"), "its model is another"),
    (says(tokenizer="0" * 64), "its tokenizer is another"),
    (says(template="0" * 64), "its template is another"),
    (says(adapter="lora"), "its adapter is another"),
    (says(dtype="float16"), "its dtype is another"),
    (says(rope="{}"), "its rope is another"),
    (says(fingerprint="0"), "its fingerprint is another"),
    (says(format="memos-kv-9"), "its format is another"),
    (says(tenant="b" * 32), "another tenant's"),
    (says(sources="[]"), "made of other memories"),
    (says(sources='[["c1", 2], ["c2", 4]]'), "made of other memories"),
    (says(expires="2001-01-01T00:00:00+00:00"), "has expired"),
    (says(expires="soon"), "its end is no time"),
    (says(form="int4"), "its form is"),
    (says(form="int8"), "its tensors are not those"),
    (says(base="-1"), "its base is no number"),
    (says(base="9" * 400), "its base is no number"),
    (says(base="8190"), "do not fit the window"),
    (says(base="1"), "of the tokens before it cannot be"),
    (says(anchor="0" * 64), "of the tokens before it cannot be"),
    (says(anchor=""), "of the tokens before it cannot be"),
    (says(length="0"), "do not fit the window"),
    (says(length="1"), "the tensor 'tokens' is I64"),
    (says(hash="0" * 64), "its tokens are not those"),
    (write("tokens", struct.pack("<q", 2**40)), "vocabulary has not"),
    (write("tokens", struct.pack("<q", -1)), "vocabulary has not"),
    (write("k.1", struct.pack("<H", 0x7C00)), "infinite or none"),
    (write("v.0", struct.pack("<H", 0xFE00)), "infinite or none"),
    (lambda header, _: header.update({"k.9": header.pop("k.2")}), "its tensors are not those"),
    (of("k.0", shape=[1, 76, 16]), "lies of its size|is F16 of"),
]


def test_no_length_of_a_header_is_taken_for_another_kind_of_file(runtime, good):
    header, data = opened(good)
    for size in range(len(json.dumps(header)), 0x1000):
        if size % 256 == 0x80 or size % 8 == 0:
            assert runtime.unpack(closed(json.dumps(header).encode().ljust(size), data), ABOUT)


@pytest.mark.parametrize(("change", "reason"), LIES, ids=range(len(LIES)))
def test_a_file_that_is_another_s_or_lies_is_refused(runtime, good, change, reason):
    assert runtime.unpack(good, ABOUT)
    with pytest.raises(BackendError, match=reason):
        runtime.unpack(lied(good, change), ABOUT)


def test_factors_of_int8_that_are_no_numbers_are_refused(runtime, small):
    assert runtime.unpack(small, ABOUT)
    for bad in (float("nan"), float("inf"), 0.0, -1.0):
        with pytest.raises(BackendError, match="no number"):
            runtime.unpack(lied(small, write("v.1.scale", struct.pack("<f", bad))), ABOUT)


def test_a_block_of_another_model_tokenizer_or_template_is_refused(good):
    from memos.backends.transformers.runtime import TransformersRuntime
    from tests.smollm import tiny_model

    tokenizer = tiny_tokenizer()
    for other in (tiny(seed=1), tiny(dtype="float16"), tiny(num_hidden_layers=2)):
        with pytest.raises(BackendError, match="is another"):
            other.unpack(good, ABOUT)
    tokenizer.chat_template = tokenizer.chat_template.replace("assistant", "model")
    with pytest.raises(BackendError, match="its template is another"):
        TransformersRuntime(tiny_model(tokenizer), tokenizer, name="tiny").unpack(good, ABOUT)
    changed = tiny_tokenizer()
    changed.add_tokens(["<|more|>"])
    with pytest.raises(BackendError, match="its (model|tokenizer) is another"):
        TransformersRuntime(tiny_model(tiny_tokenizer()), changed, name="tiny").unpack(good, ABOUT)


def test_what_is_asked_for_must_be_what_it_is(runtime, good):
    for about, reason in (
        (replace(ABOUT, tenant="b" * 32), "another tenant's"),
        (replace(ABOUT, sources=(("c1", 1),)), "made of other memories"),
        (replace(ABOUT, adapter="lora"), "its adapter is another"),
        (replace(ABOUT, expires="2001-01-01T00:00:00"), "has expired"),
    ):
        with pytest.raises(BackendError, match=reason):
            runtime.unpack(good, about)


def test_a_file_that_claims_much_takes_little(runtime, good, tmp_path):
    path = tmp_path / "block"
    with path.open("wb") as file:
        file.write(good)
        file.truncate(2**40)
    tracemalloc.start()
    with pytest.raises(BackendError, match="has 1099511627776 bytes"):
        runtime.unpack(path, ABOUT)
    huge = {f"t{number}": {"dtype": "F16", "shape": [2**40], "data_offsets": [0, 2**41]} for number in range(1000)}
    with pytest.raises(BackendError):
        runtime.unpack(closed(huge, b""), ABOUT)
    assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    tracemalloc.stop()


def test_the_library_reads_what_is_written(good, small, tmp_path):
    from safetensors import safe_open

    for body in (good, small):
        (tmp_path / "block").write_bytes(body)
        with safe_open(tmp_path / "block", "pt") as file:
            assert file.metadata()["tenant"] == "a" * 32
            assert file.get_tensor("tokens").shape == (int(file.metadata()["length"]),)


def _crooked(random, body):
    """The body after one thing that happens to files, or is done to them."""
    at, body = random.randrange(len(body)), bytearray(body)
    kind = random.choice(("flip", "cut", "grow", "zero", "double", "swap", "metadata", "header"))
    if kind == "flip":
        body[at] ^= 1 << random.randrange(8)
    elif kind == "cut":
        del body[at:]
    elif kind == "grow":
        body += random.randbytes(random.randrange(1, 64))
    elif kind == "zero":
        body[at : at + 16] = bytes(byte ^ 0xFF for byte in body[at : at + 16])
    elif kind == "double":
        body[at:at] = body[at : at + 32] or b"\0"
    elif kind == "swap":
        body[at : at + 2] = bytes(byte ^ 0x55 for byte in body[at : at + 2])
    else:
        header, data = opened(bytes(body))
        if kind == "metadata":
            name = random.choice(sorted(header["__metadata__"]))
            header["__metadata__"][name] += random.choice("0a,]")
        else:
            name = random.choice(sorted(set(header) - {"__metadata__"}))
            header[name][random.choice(("shape", "data_offsets"))] = [random.choice((0, 1, -1, 2**31, 2**63, 10**30)) for _ in range(2)]
        body = bytearray(closed(header, data))
    return kind, bytes(body)


@pytest.mark.proof(capability="hostile-blocks", small=400, full=20_000)
def test_no_damaged_or_forged_block_is_used(runtime, good, small, trials, record_proof):
    """Each trial damages or forges a good file by chance; none of them is used, and each is refused by name: BackendError, no other."""
    random, refused, used = Random(7), {}, 0
    modules = set(sys.modules)
    for number in range(trials):
        kind, body = _crooked(random, small if number % 2 else good)
        if body in (good, small):
            continue
        try:
            runtime.unpack(body, ABOUT)
            used += 1
        except BackendError:
            refused[kind] = refused.get(kind, 0) + 1
    strangers, tenants = 0, [f"{number:032x}" for number in range(50)]
    files = {tenant: runtime.pack(runtime.encode(np.arange(3, 9)), About(tenant)) for tenant in tenants}
    for _ in range(trials // 2):
        asking, kept = random.sample(tenants, 2)
        try:
            runtime.unpack(files[kept], About(asking))
            strangers += 1
        except BackendError:
            pass
    record_proof(damaged=trials, refused=refused, used=used, asked_by_another_tenant=trials // 2, given_to_another_tenant=strangers)
    assert used == strangers == 0
    assert set(sys.modules) == modules
