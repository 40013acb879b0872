"""Foreign: what the reader knows of Spanish and Chinese: the words of request; of other languages it knows only questions."""

from __future__ import annotations

import re
from typing import NamedTuple

from memos.memcube.reading import Intent

_ES: tuple[tuple[Intent, str], ...] = (
    ("count", r"¿?\s*(?:cu[aá]nt[oa]s(?:\s+veces)?|con\s+qu[eé]\s+frecuencia|cuenta\s+(?:los|las|mis))\b"),
    ("compare", r"(?:compara(?:me|r)?|contrasta|¿?\s*qu[eé]\s+diferencia\s+hay\s+entre)\b"),
    ("summarise", r"(?:res[uú]me(?:me|n|lo|la)?|resumir|haz(?:me)?\s+un\s+resumen(?:\s+de)?|dame\s+un\s+resumen(?:\s+de)?)\b"),
    ("history", r"(?:¿?\s*c[oó]mo\s+ha(?:n)?\s+cambiado|mu[eé]strame\s+(?:el\s+historial|las\s+versiones)(?:\s+de)?)\b"),
    (
        "list",
        (
            r"(?:lista(?:me|r)?|enumera(?:me)?|mu[eé]strame\s+(?:todo|todas|todos|mis|las|los)|dame\s+(?:todo|todas|todos)"
            r"|¿?\s*qu[eé]\s+notas)\b"
        ),
    ),
    ("restore", r"(?:restaura(?:r)?|desarchiva(?:r)?|recupera(?:r)?)\b"),
    ("unfreeze", r"(?:descongela(?:r)?|desbloquea(?:r)?)\b"),
    ("freeze", r"(?:congela(?:r)?|bloquea(?:r)?)\b"),
    ("archive", r"(?:archiva(?:r|lo|la)?)\b"),
    ("confirm", r"(?:confirma(?:r)?)\b(?:\s+que)?"),
    ("share", r"(?:comparte|compartir)\b"),
    ("transfer", r"(?:transfiere|transferir|traslada|mueve)\b"),
    (
        "update",
        (
            r"(?:actualiza(?:r)?|cambia(?:r)?|corrige|corregir|modifica(?:r)?|reemplaza|sustituye|(?:a[nñ]ade|agrega)(?=.+\s(?:a"
            r"|en)\s(?:mi|mis|la|el|las|los)\b))"
        ),
    ),
    (
        "store",
        (
            r"(?:(?:recuerda|acu[eé]rdate\s+de|anota|apunta|guarda|toma\s+nota(?:\s+de)?|ten\s+en\s+cuenta"
            r"|no\s+(?:te\s+)?olvides?)(?:\s+que)?|(?:a[nñ]ade|agrega))\b\s*:?"
        ),
    ),
    ("forget", r"(?:olvida(?:r|te)?(?:\s+de)?|borra(?:r|me)?|elimina(?:r)?|suprime)\b(?!\s*lo\s*$)"),
    ("recall", r"(?:recu[eé]rdame|dime|busca(?:r|me)?|encuentra|mu[eé]strame|¿?\s*(?:te\s+acuerdas|recuerdas)(?:\s+de)?)\b"),
)
_ES_ASKS = re.compile(
    r"^\s*(?:¿|(?:qu[eé]|qui[eé]n(?:es)?|cu[aá]ndo|d[oó]nde|c[oó]mo|cu[aá]l(?:es)?|por\s+qu[eé]|cu[aá]nt[oa])\b)",
    re.IGNORECASE,
)
_ES_OWN = re.compile(
    (
        r"\b(?:mi|mis|m[ií]o|m[ií]a|me|nuestr[oa]s?|nos|yo|conmigo|dije|hice|tengo|tuve|fui|estuve|compr[eé]|com[ií]|viv[oí]|trabajo"
        r"|dijimos|hablamos|acordamos|notas)\b"
    ),
    re.IGNORECASE,
)
_ES_LEAD = re.compile(
    r"^\s*(?:(?:hola|por\s+favor|oye|y|pues|bueno|¿?\s*(?:puedes|podr[ií]as|me\s+puedes|quiero\s+que))[,\s]+)+", re.IGNORECASE
)
_ZH: tuple[tuple[Intent, str], ...] = (
    ("count", r"(?:多少(?:次|个|条|篇)|几(?:次|个|条|篇)|(?:统计|数一下))"),
    ("compare", r"^(?:请|帮我|麻烦)*(?:比较|对比)(?:一下)?|有什么(?:不同|区别)"),
    ("summarise", r"^(?:请|帮我|麻烦|给我)*(?:总结|概括|归纳|汇总)(?:一下)?"),
    ("history", r"(?:怎么变化|如何变化|历史版本|以前的版本|修改记录)"),
    ("list", r"^(?:请|帮我|给我|麻烦)*(?:列出|列一下|显示所有|显示全部|给我看所有)"),
    ("restore", r"^(?:请|帮我|把)*.{0,20}(?:恢复|还原|取消归档)"),
    ("unfreeze", r"^(?:请|帮我|把)*.{0,20}(?:解冻|解锁)"),
    ("freeze", r"^(?:请|帮我|把)*.{0,20}(?:冻结|锁定)"),
    ("archive", r"^(?:请|帮我|把)*.{0,20}归档"),
    ("confirm", r"^(?:请|我)*确认"),
    ("share", r"(?:分享|共享)给"),
    ("transfer", r"(?:转移|移动|移)到"),
    ("forget", r"^(?:请|帮我|把)*.{0,20}(?:忘记|忘掉|删除|删掉|清除)(?!了)"),
    ("update", r"(?:更新|修改|改成|改为|更正)"),
    ("recall", r"^(?:请|帮我)*(?:提醒我|告诉我|查一下|找一下|找找|搜索|查找)|还记得|你记得"),
    ("store", r"^(?:请|帮我|你要)*(?:记住|记得|记下|记一下|记录|保存|备注|别忘了|不要忘记)[：:，,]?"),
)
_ZH_ASKS = re.compile(r"[?？]\s*$|(?:什么|谁|哪里|哪儿|哪个|哪天|怎么|为什么|多久|何时|什么时候|吗|呢)")
_ZH_OWN = re.compile(r"我|我们|咱们|笔记|上次|你(?:说过|告诉)")
CERTAINTY = 0.6
"""What an intent is sure by that is told by a word alone, and what it counts where it is not."""


class Foreign(NamedTuple):
    """What a text in another language wants, how sure that is, and where what it wants it of begins."""

    intent: Intent
    confidence: float
    start: int = 0


def foreign(text: str, language: str) -> Foreign:
    """What a text in another language than English asks for: by its word of request in Spanish and Chinese, else recall or none."""
    if language == "es":
        lead = _ES_LEAD.match(text)
        return _told(text, lead.end() if lead else 0, _ES, _ES_ASKS, _ES_OWN, anchored=True)
    if language == "zh":
        return _told(text, 0, _ZH, _ZH_ASKS, _ZH_OWN, anchored=False)
    asks = text.rstrip().endswith(("?", "？", "؟", ";"))
    return Foreign("recall", 0.35) if asks else Foreign("none", 0.35)


def _told(
    text: str, start: int, table: tuple[tuple[Intent, str], ...], asks: re.Pattern[str], own: re.Pattern[str], *, anchored: bool
) -> Foreign:
    for intent, pattern in table:
        compiled = re.compile(pattern, re.IGNORECASE)
        found = compiled.match(text, start) if anchored else compiled.search(text[:200])
        if found is None:
            continue
        if (
            intent in {"recall", "count", "list", "compare", "summarise"}
            and not own.search(text)
            and "notas" not in text
            and intent != "recall"
        ):
            return Foreign("none", 0.5)
        at_front = found.start() <= start + 4
        return Foreign(intent, CERTAINTY if at_front else 0.5, found.end() if at_front else 0)
    if asks.search(text[start:]):
        return Foreign("recall", CERTAINTY) if own.search(text) else Foreign("none", 0.5)
    return Foreign("none", 0.4)
