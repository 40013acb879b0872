"""Language: which language a text is in, by its script and its small words, and the stop words of those that MemReader knows."""

from __future__ import annotations

import re
from functools import cache

READ_AT_MOST = 2000
UNKNOWN = "und"
_STOP_WORDS = {
    "en": """
        a about above after again all am an and any are as at be because been before being below between both but by can could
        did do does doing down during each few for from further had has have having he her here hers him his how i if in into
        is it its itself just let me more most my no nor not now of off on once only or other our out over own same she should
        so some such than that the their them then there these they this those through to too under until up very was we were
        what when where which while who whom why will with would you your yours i'm don't didn't what's it's
    """,
    "es": """
        a al algo algunas algunos ante antes como con contra cual cuando cuándo cuánto cuántos de del desde donde dónde
        durante e el él ella ellas ellos en entre era es esa ese eso esta está estaba este esto estos fue fueron ha había hace
        han hasta hay he la las le les lo los me mi mí mis mucho muy más nada ni no nos nosotros nuestra nuestro o os otra
        otro para pero poco por porque qué que quien quién se sea ser si sí sin sobre son soy su sus también tanto te tengo
        tiene todo todos tu tus un una uno unos y ya yo cómo dime hoy ayer
    """,
    "de": """
        aber als am an auch auf aus bei bin bis bist da das dass dem den der des die dies doch du durch ein eine einem einen
        einer es für habe haben hat hatte ich ihr im in ist ja kann kein mein meine mir mit nach nicht noch nur oder schon
        sein sich sie sind so über um und uns von vor war was wann wenn wer wie wird wir wo zu zum zur gestern heute
    """,
    "fr": """
        ai au aux avec c'est ce cette dans de des dit du elle en est et été être eu fait hier il ils j'ai je l'an la le les
        leur lui ma mais me mes moi mon n'ai ne nos notre nous on ont ou où par pas pour qu'est qu'il quand que quel quelle
        qui quoi s'est sa se ses si son sont sur ta te tes ton tu un une vos votre vous y à était comment pourquoi
    """,
    "it": """
        a abbiamo ai al alla anche avere c'è che chi ci come con cosa cui da dal dalla del della delle dei di dove e è era
        fatto gli ha hai hanno ho i il in io la le lei lo loro lui ma mi mia mio ne nel nella noi non nostro o per perché più
        quale quando quanto quello questo sei si sono sta su sua suo sul ti tu un una uno voi ieri oggi
    """,
    "pt": """
        a ao aos as até com como da das de depois do dos e é ela ele eles em entre era essa esse esta está estava este eu foi
        foram há isso já lhe mais mas me meu minha muito na nas não nem no nos nós o onde os ou para pela pelo por porque qual
        quando que quem se sem ser seu sua são também te tem tenho teu um uma você vocês ontem hoje disse fiz
    """,
    "zh": """
        的 了 和 是 在 我 你 他 她 它 我们 你们 他们 这 那 这个 那个 有 没有 不 也 都 就 说 什么 吗 呢
        吧 啊 把 被 给 对 从 到 与 或 但 但是 因为 所以 如果 会 要 能 可以 去 来 上 下 里 过 着 还 很
        再 又 一个 哪 哪里 谁 怎么 为什么 多少 几 请 关于 之 其 而 并 让 跟 以 及
    """,
}
_TELLING = {
    "en": "last next ago week month year yesterday tomorrow monday tuesday wednesday thursday friday saturday sunday notes remember remind",
    "es": "cada lunes martes miércoles jueves viernes sábado domingo semana mes año años día días pasado pasada próximo próxima mañana "
    "enero febrero marzo abril junio julio agosto septiembre octubre noviembre diciembre notas recuérdame desde anoche verano invierno",
    "de": "woche monat jahr tag letzte letzten letzter nächste nächsten morgen montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "fr": "semaine mois année jour dernière dernier prochain prochaine demain lundi mardi mercredi jeudi vendredi samedi dimanche",
    "it": "settimana mese anno giorno scorsa scorso prossimo prossima domani lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "pt": "semana mês ano dia dias passada passado próxima próximo amanhã segunda-feira terça-feira quarta-feira sexta-feira anotei",
}
"""Words that say something, and so are no stop words, but tell a language in a short text."""
_LETTERS = {"es": "ñ¿¡", "de": "ßäöü", "fr": "çœêîûèàù", "it": "ìò", "pt": "ãõ"}
_SCRIPTS = (
    ("ja", "\u3040-\u30ff"), ("ko", "\uac00-\ud7af\u1100-\u11ff"), ("ru", "\u0400-\u04ff"), ("ar", "\u0600-\u06ff"),
    ("he", "\u0590-\u05ff"), ("el", "\u0370-\u03ff"), ("th", "\u0e00-\u0e7f"), ("hi", "\u0900-\u097f"), ("zh",
    "\u3400-\u4dbf\u4e00-\u9fff"),
)  # fmt: skip
"""Of a script that several languages share the one that most texts in it are in."""


@cache
def stop_words(language: str) -> frozenset[str]:
    """The words of a language that say nothing of what a text is about; empty for a language that is not known."""
    return frozenset(_STOP_WORDS.get(language, "").split())


@cache
def _telling(language: str) -> frozenset[str]:
    return frozenset(_TELLING.get(language, "").split())


@cache
def _word() -> re.Pattern[str]:
    return re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


@cache
def _script() -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{code}>[{letters}])" for code, letters in _SCRIPTS) + r"|(?P<latin>[^\W\d_])")


def language_of(text: str) -> str:
    """The language of a text: ISO 639-1, or `und` where nothing tells. en, es, zh, de, fr, it and pt are told apart by their words.

    A text in another script is said to be in the language that is most often written in it; a short Latin text with no known word is `und`.
    """
    head = text[:READ_AT_MOST]
    if head.isascii():
        return _latin(head)
    counts: dict[str, int] = {}
    for match in _script().finditer(head):
        name = match.lastgroup or "latin"
        counts[name] = counts.get(name, 0) + 1
    if not counts:
        return UNKNOWN
    if counts.get("ja") and counts.get("zh", 0) + counts["ja"] > counts.get("latin", 0):
        return "ja"
    # A character of Chinese is a word, a letter is not.
    best = max(counts, key=lambda name: counts[name] * (4 if name in {"zh", "ja"} else 1))
    return _latin(head) if best == "latin" else best


def _latin(head: str) -> str:
    lower = head.lower().replace("’", "'")
    words = _word().findall(lower)
    scores = {
        code: float(sum(word in stop_words(code) or word in _telling(code) for word in words)) for code in _STOP_WORDS if code != "zh"
    }
    for code, letters in _LETTERS.items():
        scores[code] += sum(0.6 for letter in letters if letter in lower)
    best = max(scores, key=lambda code: scores[code])
    # One word is not enough: "Mon 2 Jun" is no French.
    return best if scores[best] >= (1 if best in {"en", "es"} else 1.5) else UNKNOWN
