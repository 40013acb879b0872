"""Decoding: the bytes of a text file as text, by its mark, as UTF-8, as UTF-16, or as Windows-1252, which is then said."""

from __future__ import annotations

import codecs

from memos.interface.memreader.documents.blocks import TooMuch

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SLOW = frozenset({"idna", "punycode"})
"""Encodings of names, which take the square of a text's length."""
ALLOWED = frozenset("\t\n\r\f\v\x1b\x85")
SAMPLE = 64 * 1024
FOREIGN = 0.25
"""The share of bytes beyond ASCII above which a text is hardly Windows-1252."""


def decoded(content: bytes, encoding: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The text, lines ended by a newline, and what had to be assumed; TooMuch for what is no text."""
    text, warnings = _read(content, encoding)
    sample = text[:SAMPLE]
    strange = sum(each < " " and each not in ALLOWED for each in sample)
    if "\0" in text or strange * 200 > len(sample):
        raise TooMuch("its content is binary, not text")
    return text.replace("\r\n", "\n").replace("\r", "\n"), warnings


def _read(content: bytes, encoding: str | None) -> tuple[str, tuple[str, ...]]:
    for mark, name in MARKS:
        if content.startswith(mark):
            return _strictly(content[len(mark) :], name), ()
    if encoding is not None:
        return _strictly(content, encoding), ()
    if (wide := _wide(content[:SAMPLE])) is not None:
        return _strictly(content, wide), ()
    if b"\0" in content:
        raise TooMuch("its content is binary, not text")
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError:
        pass
    if sum(each > 127 for each in content[:SAMPLE]) > FOREIGN * len(content[:SAMPLE]):
        raise TooMuch("its encoding is not known: it is not UTF-8; name it, e.g. encoding='shift_jis'")
    return _strictly(content, "cp1252"), ("it is not UTF-8 and was read as Windows-1252; if that is wrong, name its encoding",)


def _wide(sample: bytes) -> str | None:
    """UTF-16 without a mark, as the NUL bytes of ordinary letters tell."""
    if len(sample) < 8:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > 0.3 * len(sample) / 2 and even < odd / 20:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 * len(sample) / 2 and odd < even / 20 else None


def _strictly(content: bytes, encoding: str) -> str:
    try:
        if codecs.lookup(encoding).name in SLOW:
            raise LookupError
        return content.decode(encoding)  # only encodings of text: no other codec, which may expand what it is given
    except LookupError:
        raise TooMuch(f"there is no encoding of text {encoding[:40]!r}") from None
    except (UnicodeError, ValueError) as error:
        raise TooMuch(f"it is not {encoding} ({str(error)[:120]}); name its encoding, e.g. encoding='utf-8'") from None
