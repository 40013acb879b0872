"""Statements: which plain statements are to be kept, which correct a memory, and which are only talk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from memos.interface.memreader.commands import command, lemma
from memos.interface.memreader.personal import named_people
from memos.interface.memreader.words import HOMOGRAPHS, KIN, LIFE, VERBS, listed
from memos.memcube.reading import Intent
from memos.operation.memoperator.entities import Mention

_DISMISSED = re.compile(
    r"^(?:no[,.]?\s+)?(?:never\s?mind|forget\s+(?:about\s+)?it|nevermind|scratch\s+that|drop\s+it|leave\s+it(?:\s+at\s+that)?"
    r"|skip\s+(?:it|that)|don't\s+(?:bother|worry)(?:\s+about\s+it)?"
    r"|no\s+need|cancel\s+that|doesn't\s+matter|it\s+doesn't\s+matter|forget\s+i\s+(?:said|asked)(?:\s+(?:that|anything|it))?"
    r"|not\s+now|let\s+it\s+go|ignore\s+(?:that|me))(?=\s*[,.;:!…-]|\s*$)",
    re.IGNORECASE,
)
_TALK = re.compile(
    r"^(?:hi|hello|hey|hiya|howdy|good\s+(?:morning|afternoon|evening|night|day|one|point|idea|job|luck)|thanks|thank\s+you|thx|ty"
    r"|cheers|ta|ok|okay|k|kk|sure|yes|no|nah|yeah|yep|yup|nope|great|cool"
    r"|nice|perfect|fine|alright|all\s+right|bye|goodbye|see\s+you|see\s+ya|talk\s+(?:to\s+you\s+)?(?:later|soon)|ha+|haha\w*|lol"
    r"|lmao|rofl|wow|oh|ah|aha|hm+|hmm+|welcome|awesome|amazing|brilliant|excellent"
    r"|congrat\w*|no\s+(?:worries|problem|way)|sounds\s+good|got\s+it|makes\s+sense|i\s+see|right|interesting|indeed|exactly|true"
    r"|whatever|please|sorry|typical|hang\s+on|one\s+(?:sec|moment)|just\s+a\s+(?:sec|moment)|wait)\b",
    re.IGNORECASE,
)
_MOOD = re.compile(
    r"^(?:i(?:'m|\s+am)|we(?:'re|\s+are)|i\s+feel|i(?:'m|\s+am)\s+feeling|feeling|i've\s+been\s+feeling)\s+(?:(?:so|really|very"
    r"|a\s+bit|a\s+little|just|too|quite|pretty|feeling|all|still|not|kind\s+of|kinda)\s+)*"
    r"(?:tired|knackered|exhausted|bored|hungry|thirsty|fine|ok|okay|good|great|well|sad|happy|glad|sorry|stuck|confused|lost|curious"
    r"|busy|back|here|ready|done|sure|afraid|excited|annoyed|angry"
    r"|stressed|sleepy|cold|hot|ill|joking|kidding|mush|toast|dead|off\s+to|going\s+to\s+bed|not\s+sleepy|impressed|surprised|grateful"
    r"|thankful|lonely|down|alright|wondering|better|worse"
    r"|sick\s+of|fed\s+up|shattered|worried|upset|in\s+a\s+hurry|asking|looking\s+for|trying)\b",
    re.IGNORECASE,
)
_OPINION = re.compile(
    r"^(?:i|we)(?:'d|'ll|\s+would|\s+will)?\s+(?:(?:do|don't|really|just|also|can't|didn't|never|always|wouldn't"
    r"|couldn't)\s+)*(?:know|think|guess|suppose|understand|see|get\s+it|wonder|wish|hope|doubt|mean|bet|agree|disagree"
    r"|appreciate|thank|apologi[sz]e|believe\s+(?:it|that|you)|have\s+(?:a|an|another|one)\s+(?:question|request)|need\s+(?:a|an|some"
    r"|your|help|to\s+(?:think|know))|want\s+(?:a|an|some|you|to\s+know)|(?:love|like|hate)\s+(?:it|that|this|you|your|how)"
    r"|could\s+use|care|can\s+tell|laughed|give\s+up)\b"
    r"|^(?:that|this|it)(?:'s|\s+is|\s+was|\s+sounds|\s+looks|\s+seems|\s+makes|\s+works|\s+helps|\s+doesn't|\s+isn't)\b|^(?:you"
    r"|you're|you've|your)\b|^(?:what\s+an?|how)\s+\w+|^if\s+only\b|^let's\b"
    r"|^(?:the\s+weather|the\s+sky|the\s+sun|people|life)\b|^(?:not\s+(?:bad|much|really|sure)|fair\s+enough|me\s+too|same\s+here"
    r"|good\s+to\s+know)\b",
    re.IGNORECASE,
)
_CORRECTS = re.compile(
    r"^(?:(?:actually|correction|sorry|oops|wait|no)[,:]?\s+)+(?:(?:it|that|this|he|she|they)(?:'s|'re|\s+is|\s+was|\s+are|\s+were"
    r"|\s+should\s+be)|the\s|my\s|our\s|[A-Z]\w+'s\s)"
    r"|\b(?:is|are)n't\b[^,;]{1,60}\bany\s*(?:more|longer)\s*[,;]\s*(?:but\s+)?(?:it's|they're)\b"
    r"|\bis\s+no\s+longer\b.{1,120}\b(?:make\s+it|it's\s+now|it\s+is\s+now|but)\b"
    r"|\b(?:note|memory|entry|record|list|plan|address|number|date|name|reminder|log)\b[^.;]{0,80}\bis\s+(?:wrong|incorrect|outdated"
    r"|out\s+of\s+date|not\s+right|false)\b|\bit\s+should\s+(?:say|be|read)\b|\bshould\s+(?:say|read)\s+"
    r"|^(?:it|that)(?:'s|\s+is|\s+was)\s+(?:now\s+)?.{1,60},?\s+not\s+.{1,60}$"
    r"|^(?:my|our|the|[\w]+'s)\s+.{1,80}?\b(?:is|are|was)\s+(?:now\s+)?[^,]{1,60},\s*not\s+.{1,60}$|\brather\s+than\s+what\s+i\s+said\b",
    re.IGNORECASE,
)
_MOVED = re.compile(
    r"^(?:my|our|the|\w+'s)\s+(?P<what>[\w' -]{2,60}?)(?:\s+has|\s+have|'s|\s+was|\s+got)?\s+(?:been\s+)?(?:moved|changed|rescheduled"
    r"|pushed(?:\s+back)?|postponed|brought\s+forward|shifted)\s+(?:from\s+.{1,40}\s+)?to\s+(?P<new>.+)$"
    r"|^\w+'s\s+(?:moved|changed|rescheduled|pushed|postponed|shifted)\s+(?:back\s+)?to\s+(?:the\s+)?\d.*$",
    re.IGNORECASE,
)
_CONFIRMS = re.compile(
    r"^(?:yes|yep|yeah|correct|right|indeed)?[,.]?\s*(?:it(?:'s|\s+is)|that(?:'s|\s+is))\s+(?:still\s+|indeed\s+|absolutely\s+"
    r"|perfectly\s+)?(?:true|correct|right|accurate)\s+that\s+"
    r"|^(?:my|our|the|your|that|this|what|[\w]+'s)\s+(?:.{1,80}?\s+)?(?:note|memory|entry|record|info|information|number|address|date"
    r"|what\s+you\s+(?:have|noted|saved))\b.{0,80}?\b(?:is|are)\s+(?:still\s+|all\s+|indeed\s+)?(?:right|correct|true|accurate|valid"
    r"|up\s+to\s+date)\b"
    r"|^(?:yes|yep|yeah)[,.]?\s+.{1,120}\b(?:is|are)\s+(?:still\s+)?(?:right|correct|true|accurate|valid)\b",
    re.IGNORECASE,
)
_TOLD = re.compile(
    r"^(?:i|we)\s+(?:think|believe|know|am\s+sure|thought|guess|must|may|might|could\s+have|should)(?:\s+(?:that\s+)?(?:i|we))?(?:'ve"
    r"|\s+have)?\s+(?:already\s+|once\s+)?(?:told|mentioned|said|noted|saved|asked|wrote|shown|talked|given)\b"
    r"|^(?:i|we)(?:'ve|\s+have)?\s+(?:already\s+)?(?:told|mentioned|said|asked)\s+(?:you|it)\b.*\b(?:about|before|earlier|once|last)\b",
    re.IGNORECASE,
)
_SEEKS = re.compile(
    r"^(?:i|we)(?:'m|\s+am|\s+was|'re|'d|\s+would)?\s+(?:need|want|like|looking\s+for|searching\s+for|after|trying\s+to\s+find"
    r"|require|can't\s+find|cannot\s+find|seeking|lost)\s+(?=(?:the|my|our|that|those|his|her|their|[A-Z][\w-]+'s)\s)",
    re.IGNORECASE,
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|am|has|have|had|will|would|can|could|should|must|does|do|did|isn't|aren't|wasn't|weren't|hasn't|haven't"
    r"|won't|can't|doesn't|don't|didn't)\b|'(?:re|m|ve|ll|d)\b|(?:\b(?:it|he|she|that|there|who|what|here)|\w)'s\s+(?:the|a|an"
    r"|not|no|been|in|on|at|from|called|named|gone|got|\w+(?:ed|ing))\b|\b\w+ed\b",
    re.IGNORECASE,
)
_OWNER = re.compile(r"^(?:(?:my|our|mine)\b|(?:i|we|i'm|i've|i'd|i'll|we're|we've|we'd|we'll)\b)", re.IGNORECASE)
_WANTS_NOW = re.compile(r"^(?:i|we)(?:'d|\s+would)?\s+(?:need|want|like)\s+(?:you\s+)?to\b", re.IGNORECASE)


_WHICH = re.compile(
    r"^(?P<head>(?:the|that|my|our|those)\s+(?:(?!that\b|which\b|who\b|is\b|are\b|was\b|has\b)[\w'-]+\s+)+?)(?:that|which|who"
    r"|where)\s+(?:(?!\b(?:is|are|was|were|has|have|will)\b).)+$",
    re.IGNORECASE,
)
_SELF = re.compile(r"^(?:i|we)\b", re.IGNORECASE)
_PRONOUNS = listed("""
it that this these those there you your you're what who how when where why which if let let's one some people everyone everybody nobody
life time love money most many all please thanks not never make be do don't pretend imagine act assume suppose
""")
_SORRY = re.compile(r"\bmy\s+(?:mistake|bad|apologies|fault|pleasure|god|goodness|word)\b", re.IGNORECASE)


def _stated(text: str) -> bool:
    """Whether words have a verb of their own, and so say something; a clause that only tells which is meant has none."""
    if (named := _WHICH.match(text)) is not None:
        text = named["head"]
    return _FINITE.search(text) is not None or any(
        word in VERBS or word in HOMOGRAPHS
        for word in (each.strip(".,;:!?").lower() for each in text.split()[1:])
        if not word.endswith("ing")
    )


class Judged(NamedTuple):
    """What a statement wants, how sure that is, and how many characters of it stand before its content."""

    intent: Intent
    confidence: float
    start: int = 0


def dismissed(text: str) -> int:
    """How far a taking back, such as "never mind", reaches from the beginning of a text; 0 where there is none."""
    found = _DISMISSED.match(text)
    return found.end() if found else 0


_NEEDS = re.compile(
    r"\b(?:needs?|wants?)\s+(?:changing|updating|correcting|fixing|to\s+be\s+(?:changed|updated|corrected|fixed))\b", re.IGNORECASE
)
_NOT = re.compile(
    r"(?:\b(?:is|are|was|should\s+be)|\w['\u2019]s)\s+[^,]{1,50}?,?\s+not\s+(?:[A-Z0-9]|[a-z]+\s*(?:[,.]|$))"
    r"|\b[\w]+['\u2019]s\s+[\w ]{2,30}\s+should\s+be\s+\S|\bi\s+got\s+.{2,40}\s+wrong\b"
)
_INSTEAD = re.compile(
    r"^(?:my|our|the|[\w.]+'s)\s+.{2,60}\b(?:is|are)\s+(?:now\s+)?.{1,40}\s+(?:instead\s+of|rather\s+than)\s+", re.IGNORECASE
)
_MADE_OF = (
    (
        "freeze",
        re.compile(
            r"^(?:nobody|no\s+one|nothing|none)\s+(?:should|must|may|can)\s+(?:be\s+able\s+to\s+|be\s+allowed\s+to\s+)?(?:change"
            r"|edit|alter|touch|modify|overwrite)\s+",
            re.IGNORECASE,
        ),
    ),
    (
        "forget",
        re.compile(
            r"^(?:i|we)\s+(?:don't|dont|do\s+not|no\s+longer)\s+want\s+you\s+to\s+(?:remember|keep|store|save"
            r"|know)\s+(?:that\s+)?|^you\s+(?:don't|dont|do\s+not|needn't)\s+(?:need\s+to\s+|have\s+to\s+)?(?:keep|remember|store)\s+",
            re.IGNORECASE,
        ),
    ),
    (
        "confirm",
        re.compile(
            r"^what\s+(?:you|i)\s+(?:have|noted|saved|know|said|wrote)\s+(?:about|on)\s+(?=.*\b(?:is|are)\s+(?:still\s+"
            r"|all\s+)?(?:right|correct|true|accurate|valid|up\s+to\s+date)\b)|^(?:yes,?\s+)?(?:i|we)\s+(?:can\s+|hereby\s+)?(?:confirm|vouch)\s+(?:that\s+)?",
            re.IGNORECASE,
        ),
    ),
    (
        "unfreeze",
        re.compile(
            r"^(?=.{3,80}\b(?:needn't|doesn't\s+need\s+to|doesn't\s+have\s+to|no\s+longer\s+(?:needs|has)\s+to)\s+(?:be"
            r"|stay)\s+(?:frozen|locked|read-only)|.{3,80}\b(?:can|may|should)\s+be\s+(?:edited|changed|updated|editable)\s+again\b)",
            re.IGNORECASE,
        ),
    ),
)


_ABLE = re.compile(r"^.{2,50}?\s+(?:should|ought\s+to|needs?\s+to|must)\s+be\s+able\s+to\s+(?:see|read|view|access)\s+\S", re.IGNORECASE)
_PASSIVE = re.compile(
    r"^(?P<what>.+?)\s+(?:should|can|must|needs?\s+to|may|has\s+to|have\s+to|ought\s+to)\s+(?:now\s+|please\s+)?(?:be\s+(?P<verb>[a-z-]+)(?P<rest>[^.]*)|go\s+(?:in)?to\s+(?P<place>the\s+archives?))[\s.!]*$",
    re.IGNORECASE,
)


def active(text: str) -> str | None:
    """A statement such as "the birth plan needs to be shared" as the order that it gives; None where it gives none."""
    found = _PASSIVE.match(text)
    if found is None:
        return None
    if found["place"] is not None:
        return f"archive {found['what']}"
    verb = lemma(found["verb"])
    order = f"{verb} {found['what']}{found['rest']}"
    given = command(order) if verb is not None and verb != found["verb"].lower() else None
    return order if given is not None and given.intent in _CHANGES else None


_CHANGES = frozenset({"forget", "archive", "restore", "freeze", "unfreeze", "share", "transfer"})


def meant(text: str) -> Judged | None:
    """What a statement orders that names no verb of order: "nobody should be able to change the will"."""
    if _ABLE.match(text) is not None:
        return Judged("share", 0.7)
    for intent, pattern in _MADE_OF:
        if (found := pattern.match(text)) is not None:
            return Judged(intent, 0.75, found.end())  # type: ignore[arg-type]
    return None


def judged(text: str, mentions: Sequence[Mention]) -> Judged:
    """What a statement wants: `store` for a fact of somebody's life, `update` for a correction, `none` for talk."""
    if found := _CONFIRMS.search(text):
        return Judged("confirm", 0.8, found.end() if found[0].lower().endswith("that ") else 0)
    if _CORRECTS.search(text) or _MOVED.search(text) or _NEEDS.search(text) or _NOT.search(text) or _INSTEAD.match(text):
        return Judged("update", 0.75)
    if _TOLD.match(text):
        return Judged("recall", 0.75)
    if found := _SEEKS.match(text):
        return Judged("recall", 0.7, found.end())
    if _MOOD.match(text) or _OPINION.match(text) or _WANTS_NOW.match(text):
        return Judged("none", 0.75)
    if _TALK.match(text) and not _OWNER.match(text):
        return Judged("none", 0.85 if len(text.split()) < 8 else 0.6)
    if _SORRY.search(text) and len(text.split()) < 6:
        return Judged("none", 0.8)
    if _OWNER.match(text):
        return Judged("store", 0.7) if _SELF.match(text) or _stated(text) else Judged("recall", 0.6)
    return _of_others(text, mentions)


def _of_others(text: str, mentions: Sequence[Mention]) -> Judged:
    words = [word.strip(".,:;!?\"'").removesuffix("'s").lower() for word in text.split()]
    known = (
        bool(named_people(mentions))
        or any(word in KIN for word in words[:4])
        or re.search(r"\b(?:my|our|me|us)\b", text, re.IGNORECASE) is not None
    )
    if not _stated(text):
        return Judged("none", 0.5) if not known and LIFE.isdisjoint(words) else Judged("recall", 0.55)
    if known:
        return Judged("store", 0.65)
    told = len(words) > 4 and words[0] not in _PRONOUNS and not words[0].endswith("ing")
    return Judged("store", 0.52) if told or (words[:1] == ["the"] and not LIFE.isdisjoint(words[1:4])) else Judged("none", 0.6)
