"""Credibility: how far a text stands behind what it says, on an ordered scale, by the words with which people mark it.

The scale and its cues follow the literature on hedges and speculation: Hyland, "Hedging in Scientific Research Articles", 1998; Farkas and
others, "The CoNLL-2010 Shared Task: Learning to Detect Hedges and their Scope in Natural Language Text", 2010. It says nothing of truth.
"""

from __future__ import annotations

import re

from memos.operation.memoperator.utterance import Utterance, phrases

LEVELS = ("firm", "stated", "hedged", "hearsay", "speculative")
"""From the most to the least credible."""
_SPECULATIVE = phrases(r"""
    maybe|perhaps|possibly|conceivably|hypothetically|unsure|not sure|speculat\w*|some ?day
    who knows|what if|i wonder|wondering (?:if|whether)|no idea (?:if|whether)|for all i know|a wild guess|just a guess
    (?:i'm|i am|we're|we are|is|am) not (?:really |quite |at all |entirely )?(?:sure|certain)
    might(?! as well)|could (?:be|have been|well|perhaps|possibly|come|mean)|there(?:'s| is) a chance
    may (?:be|have|come|well|not|need|mean|even|also|\w+ (?:a|an|the|my|our|some)\b)
""")
_FIRM = phrases(r"""
    definitely|certainly|undoubtedly|unquestionably|absolutely (?:sure|certain)|for (?:sure|certain|a fact)
    (?:i'm|i am|we are|that's|that is|it is|it's) (?:\w+ )?certain
    (?:i'm|i am|we're) (?:quite |very |completely |totally |absolutely |dead )?(?:sure|positive)
    no doubt|without (?:a )?doubt|beyond doubt|100 ?%|hundred per ?cent|with my own eyes|saw it myself
    confirm(?:ed|s)?|prove[ns]?|proved|verified|guarantee[ds]?|(?:it's|it is|now) official|officially
    (?:i|we) (?:just |have |personally |double |triple )*(?:checked|double-checked|measured|counted|tested|looked it up|verified|weighed)
    the (?:logs?|data|records?|results?|receipt|documents?|contract|survey) (?:shows?|says?|proves?|confirms?)
""")
_HEDGED = phrases(r"""
    i (?:\w+ )?(?:think|believe|guess|suppose|assume|reckon|suspect|imagine|gather|figure|doubt)
    we (?:think|believe|guess|suppose|assume|suspect)
    probably|presumably|likely|fairly (?:sure|certain|confident)|pretty sure|almost (?:sure|certain|certainly)
    seems?|seemed|seemingly|doesn't seem|appears?(?= to| that)|looks? (?:like|as if|as though)|sounds? like
    roughly|approximately|more or less|or so|give or take|somewhere (?:around|between)|kind of|sort of|tends? to|supposed to|should be
    if i(?:'m not mistaken| remember| recall)\w*|as far as i (?:know|can tell|remember|recall)|to my knowledge|from memory
    if memory serves
    i'd say|i would say|in my opinion|must (?:be|have)(?= about| around| roughly| some)
""")
_CUE_WORDS = """
maybe perhaps possibly conceivably who what wonder wondering idea hypothetically sure certain unsure might could may speculate speculating
speculation guess someday day chance know definitely certainly undoubtedly unquestionably doubt confirm confirmed confirms prove proven
proves
proved verified guarantee guaranteed guarantees official officially eyes myself checked measured counted tested looked weighed 100
hundred log
logs data record records result results receipt document documents contract survey think believe suppose assume reckon suspect imagine
gather
figure probably presumably likely fairly pretty almost seem seems seemed seemingly appear appears look looks sound sounds roughly
approximately
less so give if far knowledge memory say i'd opinion somewhere kind sort tend tends supposed should must fact positive i'm
"""
_CUES = frozenset(_CUE_WORDS.split())
"""A word of each pattern above: a text without any of them is stated."""
_DENIED = re.compile(r"\b(?:not|\w+n't|never|cannot|to be|will|yet to)\s+$")


def credibility(utterance: Utterance) -> tuple[str, float]:
    """The level of a statement with a confidence; who speaks of what might be is speculative whoever said it."""
    lower, marked = utterance.lower, not _CUES.isdisjoint(utterance.known)
    if marked and _SPECULATIVE.search(lower):
        return "speculative", 0.8
    if marked and (found := _FIRM.search(lower)) and not _DENIED.search(lower[max(0, found.start() - 12) : found.start()]):
        hedged = _HEDGED.search(lower) is not None
        return ("hedged", 0.6) if hedged else ("firm", 0.7 if utterance.reported else 0.9)
    if utterance.reported:
        return "hearsay", 0.85
    if marked and _HEDGED.search(lower):
        return "hedged", 0.8
    return "stated", 0.7
