"""Spanish: its time phrases, for the English grammar."""

from __future__ import annotations

from functools import cache

from memos.interface.memreader.times.translation import Phrase, Translator

_MONTHS = {
    "enero": "January", "febrero": "February", "marzo": "March", "abril": "April", "mayo": "May", "junio": "June", "julio": "July",
    "agosto": "August", "septiembre": "September", "setiembre": "September", "octubre": "October", "noviembre": "November",
    "diciembre": "December",
}  # fmt: skip
_DAYS = {
    "lunes": "Monday", "martes": "Tuesday", "miércoles": "Wednesday", "miercoles": "Wednesday", "jueves": "Thursday", "viernes": "Friday",
    "sábado": "Saturday", "sabado": "Saturday", "domingo": "Sunday",
}  # fmt: skip
_UNITS = {
    "segundo": "second", "minuto": "minute", "hora": "hour", "día": "day", "dia": "day", "semana": "week", "quincena": "fortnight",
    "mes": "month",
    "trimestre": "quarter", "año": "year", "década": "decade", "siglo": "century",
}  # fmt: skip
_UNITS |= {f"{word}{'es' if word == 'mes' else 's'}": english for word, english in _UNITS.items()}
_UNITS |= {"fin de semana": "weekend", "fines de semana": "weekends"}
_SEASONS = {"primavera": "spring", "verano": "summer", "otoño": "autumn", "invierno": "winter"}
_FEASTS = {
    "nochebuena": "Christmas Eve", "navidad": "Christmas", "nochevieja": "New Year's Eve", "fin de año": "New Year's Eve",
    "año nuevo": "New Year's Day",
    "semana santa": "Easter", "pascua": "Easter", "reyes": "Epiphany", "halloween": "Halloween", "san valentín": "Valentine's Day",
}  # fmt: skip
_NUMBERS = {
    "un": "1", "una": "1", "uno": "1", "dos": "2", "tres": "3", "cuatro": "4", "cinco": "5", "seis": "6", "siete": "7", "ocho": "8",
    "nueve": "9",
    "diez": "10", "once": "11", "doce": "12", "quince": "15", "veinte": "20", "treinta": "30", "cuarenta": "40", "cincuenta": "50",
    "un par de": "2", "unos pocos": "3", "unas pocas": "3", "varios": "5", "varias": "5", "medio": "0.5", "media": "0.5",
}  # fmt: skip
_ORDINALS = {
    "primer": "first", "primera": "first", "primero": "first", "segundo": "second", "segunda": "second", "tercer": "third",
    "tercera": "third",
    "cuarto": "fourth", "cuarta": "fourth", "quinto": "fifth", "quinta": "fifth", "último": "last", "última": "last",
}  # fmt: skip
_PARTS = {"mañana": "morning", "tarde": "afternoon", "noche": "evening", "madrugada": "morning", "mediodía": "noon"}
_EDGES = {
    "principios": "beginning",
    "comienzos": "beginning",
    "inicios": "beginning",
    "mediados": "middle",
    "finales": "end",
    "fines": "end",
}
_MEANS = {
    "month": _MONTHS, "wd": _DAYS, "unit": _UNITS, "season": _SEASONS, "feast": _FEASTS, "n": _NUMBERS, "ord": _ORDINALS, "part": _PARTS,
    "edge": _EDGES, "day": {"primero": "1"}, "year": {}, "hour": _NUMBERS, "named": _DAYS | _MONTHS | _SEASONS | _FEASTS,
}  # fmt: skip


def _one_of(words: dict[str, str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_PIECES = {
    "month": _one_of(_MONTHS), "wd": _one_of(_DAYS), "unit": rf"(?:{_one_of(_UNITS)})\b", "season": _one_of(_SEASONS),
    "feast": _one_of(_FEASTS),
    "n": rf"[0-9]{{1,9}}|{_one_of(_NUMBERS)}", "ord": _one_of(_ORDINALS), "part": _one_of(_PARTS), "edge": _one_of(_EDGES),
    "day": r"[0-9]{1,2}|primero", "year": r"(?:1[5-9]|20|21)[0-9]{2}\b", "hour": rf"[0-9]{{1,2}}|{_one_of(_NUMBERS)}",
    "named": _one_of(_DAYS | _MONTHS | _SEASONS | _FEASTS),
}  # fmt: skip
_PHRASES: tuple[Phrase, ...] = (
    (r"\bpasado\s+mañana\b", "the day after tomorrow"),
    (r"\b(?:anteayer|antes\s+de\s+ayer|antier)\b", "the day before yesterday"),
    (r"\b(?:antes\s+de|hasta\s+antes\s+de|anterior(?:es)?\s+a)(?:l)?\b", "before"),
    (r"\bdespués\s+de(?:l)?\b", "after"),
    (r"\bayer\b(?:\s+(?:por|en)\s+la\s+<part>)", "yesterday {part}"),
    (r"\bmañana\s+(?:por|en)\s+la\s+<part>", "tomorrow {part}"),
    (r"\bayer\b", "yesterday"),
    (r"\banoche\b", "last night"),
    (r"\besta\s+noche\b", "tonight"),
    (r"\besta\s+<part>\b", "this {part}"),
    (r"\b(?:hoy\s+(?:por|en)\s+la)\s+<part>\b", "this {part}"),
    (r"\bhoy\b", "today"),
    (r"\bhace\s+(?:unos\s+|unas\s+|aproximadamente\s+)?<n>\s+<unit>", "{n} {unit} ago"),
    (r"\b(?:dentro\s+de)\s+<n>\s+<unit>", "{n} {unit} from now"),
    (r"\b(?:l[oa]s\s+)?(?:últim|pasad)[oa]s\s+<n>\s+<unit>", "the last {n} {unit}"),
    (r"\b(?:l[oa]s\s+)?<n>\s+últim[oa]s\s+<unit>", "the last {n} {unit}"),
    (r"\b(?:l[oa]s\s+)?próxim[oa]s\s+<n>\s+<unit>", "the next {n} {unit}"),
    (r"\b(?:el|la)?\s*\b<unit>\s+antepasad[oa]\b", "the {unit} before last"),
    (r"\b(?:el\s+|la\s+)?<unit>\s+(?:pasad|anterior)[oa]?\b", "last {unit}"),
    (r"\b(?:el\s+|la\s+)?<unit>\s+(?:que\s+viene|próxim[oa]|siguiente|entrante)\b", "next {unit}"),
    (r"\b(?:el\s+|la\s+)?(?:próxim[oa]|siguiente)\s+<unit>", "next {unit}"),
    (r"\b(?:el\s+|la\s+)?(?:pasad[oa])\s+<unit>", "last {unit}"),
    (r"\best[ea]\s+(?:mismo\s+|misma\s+)?<unit>", "this {unit}"),
    (r"\b(?:el\s+|la\s+)?<named>\s+(?:pasad[oa]|anterior)\b", "last {named}"),
    (r"\b(?:el\s+|la\s+)?<named>\s+(?:que\s+viene|próxim[oa]|siguiente)\b", "next {named}"),
    (r"\b(?:el\s+|la\s+)?(?:pasad[oa])\s+<named>\b", "last {named}"),
    (r"\b(?:el\s+|la\s+)?(?:próxim[oa])\s+<named>\b", "next {named}"),
    (r"\best[ea]\s+<named>\b", "this {named}"),
    (r"\b(?:el\s+|la\s+)?<ord>\s+(?P<q>trimestre|semestre)\s+(?:de\s+|del\s+)?", lambda g: f"the {g['ord']} {g['q']} of "),
    (r"\b(?:el\s+|la\s+)?<ord>\s+<unit>\s+(?:de|del)\b(?:\s+(?:el|la)\b)?", "the {ord} {unit} of"),
    (r"\b(?:el\s+|la\s+)?<ord>\s+<wd>\s+(?:de|del)\b", "the {ord} {wd} of"),
    (r"\b(?:a\s+|de\s+|desde\s+)?<edge>\s+(?:de|del)\b", "the {edge} of"),
    (r"\b(?:en\s+|de\s+)?los\s+años\s+(?P<decade>[0-9]{2}|(?:1[5-9]|20)[0-9]{2})\b", lambda g: f"in the {g['decade']}s"),
    (r"\b(?:el\s+)?año\s+<year>", "{year}"),
    (r"\b(?:entre|del?)\s+(?:el\s+)?<day>\s+(?:y|al?|hasta)\s+(?:el\s+)?(?P<last>[0-9]{1,2})\s+de\s+<month>(?:\s+(?:de|del)\s+<year>)?",
     lambda g: f"from {g['day']} to {g['last']} {g['month']} {g.get('year', '')}"),
    (r"\b(?:el\s+)?<day>\s+de\s+<month>\s+(?:de|del)\s+<year>", "{day} {month} {year}"),
    (r"\b(?:el\s+)?<day>\s+de\s+<month>\b", "{day} {month}"),
    (r"\b(?:en\s+|durante\s+)?<month>\s+(?:de|del)\s+<year>", "in {month} {year}"),
    (r"\b(?:el|la|en|del)\s+(?:el\s+|la\s+)?<season>\s+(?:de|del)\s+<year>", "the {season} of {year}"),
    (r"\b(?:en|durante)\s+(?:el\s+|la\s+)?<season>\b", "in {season}"),
    (r"\b(?:en|por|durante|de)\s+(?:el\s+|la\s+)?<feast>\s+(?:de|del)\s+<year>", "on {feast} {year}"),
    (r"\b(?:en|por|durante)\s+(?:el\s+|la\s+)?<feast>\b", "on {feast}"),
    (r"\bel\s+(?:día\s+)?<wd>\s+(?:por|en)\s+la\s+<part>\b", "on {wd} {part}"),
    (r"\bel\s+(?:día\s+)?<wd>\b", "on {wd}"),
    (r"(?:(?<=del )|(?<=al )|(?<=y )|(?<=de )|(?<=entre )|(?<=desde )|(?<=hasta )|(?<= a ))<wd>\b", "on {wd}"),
    (r"\blos\s+<wd>\b", "every {wd}"),
    (r"\bcada\s+<wd>\b", "every {wd}"),
    (r"\b(?:cada\s+día|todos\s+los\s+días)\b", "every day"),
    (r"\bcada\s+<unit>", "every {unit}"),
    (r"\ba\s+las?\s+<hour>\s+de\s+la\s+<part>\b", "at {hour} in the {part}"),
    (r"\ba\s+las?\s+<hour>\b(?!:)", "at {hour}"),
    (r"\ba\s+las?\s+(?=[0-9]{1,2}:[0-9]{2})", "at "),
    (r"\b(?:desde|a\s+partir\s+de)(?=[^.;\n]{1,30}\bhasta\b)", "from"),
    (r"\b(?:desde|a\s+partir\s+del?)\b", "since"),
    (r"\bhasta\b", "until"),
    (r"\bentre\b", "between"),
    (r"\b(?:de|del)\s+(?=(?:<named>|[0-9]{4})\s+al?\b)", "from "),
    (r"(?:(?<=[0-9])|(?<=[a-zé]))\s+al?\s+(?=(?:<named>|[0-9]{4})\b)", " to "),
    (r"\by\b(?=\s+(?:el\s+|la\s+)?(?:<named>|[0-9]|ayer|hoy|los\s+años))", "and"),
    (r"\b(?:en|durante)\s+<month>\b", "in {month}"),
    (r"\b<month>\b(?!\s+es\b)", "{month}"),
    (r"\b(?:mañana)\b(?<!la\smañana)", "tomorrow"),
    (r"\b(?:en|durante)\b\s+(?=(?:el\s+|la\s+)?(?:año\s+)?[0-9]{4}\b)", "in "),
    (r"\b(?:recu[eé]rda(?:me|nos)|voy\s+a|vamos\s+a|tengo\s+que|planead[oa]s?|programad[oa]s?|previst[oa]s?)\b", "will"),
    (r"\b(?:vence|habrá|haré|qué\s+hay|tengo)\b", "will"),
)  # fmt: skip


def _means(group: str, words: str) -> str:
    group = group.rstrip("0123456789")
    if group == "q":
        return "quarter" if words == "trimestre" else "half"
    table = _MEANS.get(group, {})
    return table.get(words, words)


@cache
def translator() -> Translator:
    """The translator of Spanish; its patterns are compiled once."""
    return Translator.of(_PHRASES, _PIECES, _means)
