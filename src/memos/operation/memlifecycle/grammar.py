"""Grammar: the words that carry no content and tell who is spoken of, what is denied and where a part of a sentence ends."""

from __future__ import annotations

MARKS = frozenset('.!?;:,\n()"“”…—–')
SENTENCE_ENDS = frozenset(".!?;\n…")
BREAKS = frozenset({"and", "but", "so", "because", "since", "when", "while", "although", "though", "which"})
ABBREVIATED = frozenset({"dr", "mr", "mrs", "ms", "prof", "st", "no", "vs", "etc"})
FIRST = frozenset(
    {
        *("i", "me", "my", "mine", "myself", "i'm", "i've", "i'll", "i'd"),
        *("we", "us", "our", "ours", "ourselves", "we're", "we've", "we'll", "we'd"),
    }
)
SECOND = frozenset({"you", "your", "you're", "you've", "you'll", "you'd", "yours", "yourself"})
OTHERS = frozenset({"their", "your", "theirs", "yours", "they", "they're"})
GREETINGS = frozenset(
    {
        *("hey", "hi", "hello", "thanks", "thank", "bye", "morning", "congrats", "wow", "oh", "haha"),
        *("yeah", "yep", "yes", "no", "sure", "ok", "okay", "well"),
    }
)
GENERIC = frozenset({"user", "human", "assistant", "ai", "bot", "system", "agent", "model", "me"})
"""Names that say which side spoke and not who."""
NEGATORS = frozenset({"not", "no", "never", "cannot", "neither", "nor", "nobody", "nothing", "none", "without", "hardly"})
PRESCRIBING = frozenset({"no", "never", "always", "do", "don't", "nobody", "nothing", "none", "only", "please"})
"""What a rule begins with: "no reminders before eight", "always two people"."""
LAYING_DOWN = frozenset({"ever", "never", "always", "must", "mustn't"})
ALONE = frozenset({"i", "i'm", "i've"})
"""Who speaks so of never or always tells a habit."""
LISTED = frozenset({",", ";", ":", "\n"})
AMBIGUOUS = frozenset({"only", "since", "prefer", "up", "down", "named", "closed", "back", "currently", "set", "open", "opened", "again"})
"""Words of change that mostly tell of none: "only powder", "closed on Mondays"."""
HARMLESS = frozenset({"forget", "wait", "worry", "only", "doubt", "matter", "wonder", "problem", "need", "help"})
"""What follows a word of denial without being denied: "don't forget", "can't wait", "no doubt"."""
VALUE_AFTER = frozenset({"in", "at", "to", "from", "near", "off", "for", "with", "called", "named", "is", "as", "on", "via", "by"})
PLACE_AFTER = frozenset({"in", "at", "to", "near", "off", "for", "from"})
MODIFIER_AFTER = frozenset({"of", "for", "to", "at"})
PERSON_AFTER = frozenset({"with", "of", "for", "by", "dr", "mr", "mrs", "ms", "prof", "."})
PERSON_BEFORE = frozenset(
    {
        *("is", "has", "was", "will", "had", "isn't", "hasn't", "won't", "can", "and"),
        *("lives", "works", "says", "wants", "likes", "got"),
    }
)
DETERMINERS = frozenset({"the", "a", "an", "my", "our", "your", "his", "her", "their", "this", "that", "these"})
COPULAS = frozenset({"is", "are", "stands", "goes", "costs", "remains", "equals", "weighs", "seats"})
AFTER_CONTRACTED_COPULA = frozenset({"at", "on", "in", "the", "a", "called"})
OPENING_SUPPOSITIONS = frozenset({"should", "were"})
UNFIRM = frozenset({"suppose", "wish", "past", "question", "quoted"})
"""Modes of a sentence that does not say how things are."""
UNSTATED = UNFIRM | {"address"}
UNSAFE = UNSTATED | {"passing", "reported"}
TURNS = frozenset({"end", "replace", "now", "start", "correct"})
"""Cues that something changed."""


def denies(low: tuple[str, ...], place: int) -> bool:
    """Whether the word at a place denies what follows."""
    token = low[place]
    if not (token.endswith("n't") or token in NEGATORS):
        return False
    return place + 1 >= len(low) or low[place + 1] not in HARMLESS
