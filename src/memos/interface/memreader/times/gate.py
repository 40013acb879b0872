"""Gate: whether a text may name a time at all, told in microseconds by its words, for those who read many texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from memos.interface.memreader.times.feasts import FEASTS, MANY_DAYS
from memos.interface.memreader.times.vocabulary import DECADES, MONTHS, PARTS, PLURAL_WEEKDAYS, SEASONS, SHORT_WEEKDAYS, WEEKDAYS, words_of
from memos.operation.memoperator.analysis import STOP

_WORDS = words_of(
    """
    second seconds minute minutes min mins hour hours hr hrs day days week weeks weekend weekends weekday weekdays month months year years
    fortnight fortnights quarter quarters half decade decades century centuries semester term yesterday today tonight tomorrow tmrw ago
    now then earlier later nineties eighties q1 q2 q3 q4 h1 h2 yr yrs wk wks mornings afternoons evenings nights holidays holiday eve
    one two three four five six seven eight nine ten eleven twelve oclock o'clock birthday
    ayer hoy mañana anoche anteayer semana semanas mes meses año años día días hora horas trimestre verano invierno otoño primavera
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre lunes martes miércoles jueves viernes sábado
    domingo navidad nochevieja nochebuena reyes minuto minutos segundo segundos quincena década décadas siglo siglos finde madrugada
    mediodía medianoche tarde noche temporada semestre pascua ahora luego
    """
)
_WORD = re.compile(r"[^\W\d_]+(?:'[a-z]+)?|\d|[\u3400-\u9fff]")


@lru_cache(maxsize=1)
def _tell() -> frozenset[str]:
    named = frozenset(word for name in (*FEASTS, *MANY_DAYS) for word in name.split()) - STOP
    return _WORDS | named | frozenset((*MONTHS, *WEEKDAYS, *SHORT_WEEKDAYS, *PLURAL_WEEKDAYS, *SEASONS, *DECADES, *PARTS))


def promising(words: Sequence[str], ahead: int = 6) -> list[bool]:
    """For each of the words of a text, in lower case, whether a time may begin there: one of it and the next ones tells of time."""
    tells, found, last = _tell(), [False] * len(words), len(words) + ahead
    for place in range(len(words) - 1, -1, -1):
        word = words[place]
        if word in tells or word.removesuffix("'s") in tells or any(letter.isdigit() or letter >= "\u3400" for letter in word):
            last = place
        found[place] = last - place < ahead
    return found


def may_name_a_time(text: str) -> bool:
    """False only where `read_times` finds no phrase: no number and no word that times are named by."""
    found = _WORD.findall(text.lower().replace("’", "'").replace("'s", " "))
    return any(word.isdigit() or word >= "\u3400" for word in found) or not _tell().isdisjoint(found)
