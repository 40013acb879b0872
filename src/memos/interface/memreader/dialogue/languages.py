"""Languages: the simplest parts of questions in Spanish and Chinese: another time, or another name."""

from __future__ import annotations

import re
from functools import lru_cache

from memos.interface.memreader.dialogue.frames import Frame
from memos.interface.memreader.language import language_of
from memos.memcube.reading import Slot

_MONTHS = "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
_SPANISH_TIME = re.compile(
    rf"(?:(?:en|el|la|durante|de)\s+)*(?:(?:{_MONTHS})(?:\s+(?:de\s+)?\d{{4}})?|(?:la\s+semana|el\s+mes|el\s+año)\s+(?:pasad[oa]|anterior)|ayer|hoy|anoche"
    r"|(?:lunes|martes|miércoles|jueves|viernes|sábado|domingo)(?:\s+pasado)?|(?:19|20)\d\d)(?!\w)",
    re.IGNORECASE,
)
_CHINESE_TIME = re.compile(
    r"(?:(?:去年|今年|前年)?(?:十[一二]|[一二三四五六七八九十]|\d{1,2})月(?:[一二三四五六七八九十]+|\d{1,2})?[日号]?"
    r"|(?:上上|上|这|本|下)(?:个)?(?:周|星期|礼拜|月|年|季度)(?:[一二三四五六日天末])?|昨天|今天|前天|明天|去年|今年|前年|\d{4}年(?:\d{1,2}月)?)"
)
_SPANISH = re.compile(r"^¿?\s*(?:y|e|pero)\s+(?:qué\s+hay\s+de\s+)?(?P<what>[^¿?]{2,60}?)\s*\?*$", re.IGNORECASE)
_CHINESE = re.compile(r"^(?:那么|那|还有|和)?(?P<what>[^？?，,]{1,16}?)呢[？?]*$")
_SPANISH_NAME = re.compile(r"(?<![\w¿])[A-ZÁÉÍÓÚÑ][a-záéíóúñ]+(?!\w)")


def foreign(text: str, frame: Frame) -> tuple[str, tuple[Slot, ...]] | None:
    """The question before, with the time or the name that a fragment in Spanish or Chinese says; None where it is none."""
    for pattern, timely in ((_SPANISH, _SPANISH_TIME), (_CHINESE, _CHINESE_TIME)):
        match = pattern.match(text.strip())
        if match is None:
            continue
        said = match["what"].strip()
        if timely.fullmatch(said):
            return _put(frame, timely, said, chinese=timely is _CHINESE_TIME)
        if timely is _SPANISH_TIME and _SPANISH_NAME.fullmatch(said):
            return _put(frame, _SPANISH_NAME, said, chinese=False)
    return None


def _put(frame: Frame, kind: re.Pattern[str], said: str, *, chinese: bool) -> tuple[str, tuple[Slot, ...]] | None:
    """A frame with words of a kind in the place of the last of that kind; a time may be added where there is none."""
    found = [each for each in kind.finditer(frame.text) if each.start() > (0 if kind is _SPANISH_NAME else -1)]
    kept = re.sub(r"^[¿\s]+|[?？\s]+$", "", frame.text)
    if found:
        last = found[-1]
        text = frame.text[: last.start()] + said + frame.text[last.end() :]
        kept = kept.replace(last[0], " ")
    elif kind is _SPANISH_NAME:
        return None
    else:
        bare = re.sub(r"[?？\s]+$", "", frame.text)
        text = said + bare + "？" if chinese else f"{bare} {said}?"
    return text, (Slot(name="topic", words="", value=" ".join(kept.split()), turn=frame.root),)


@lru_cache(maxsize=2048)
def is_read(text: str) -> bool:
    """Whether a text is in a language that is read as English is, or too short to tell."""
    return language_of(text) in {"en", "und"}
