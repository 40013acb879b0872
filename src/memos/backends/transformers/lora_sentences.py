"""A plain reading of simple English sentences: what stands before the verb, the verb, and what follows; enough to ask for its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass


def words_of(text: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(text.split())


_IRREGULAR = {
    "began": "begin", "bought": "buy", "broke": "break", "brought": "bring", "built": "build", "came": "come", "chose": "choose",
    "did": "do", "does": "do", "drank": "drink", "drove": "drive", "ate": "eat", "fell": "fall", "felt": "feel", "found": "find",
    "flew": "fly", "gave": "give", "goes": "go", "went": "go", "grew": "grow", "had": "have", "has": "have", "held": "hold", "kept": "keep",
    "knew": "know", "led": "lead", "learnt": "learn", "left": "leave", "lost": "lose", "made": "make", "met": "meet", "paid": "pay",
    "ran": "run", "said": "say", "saw": "see", "sold": "sell", "sent": "send", "slept": "sleep", "spent": "spend", "spoke": "speak",
    "stood": "stand", "swam": "swim", "taught": "teach", "told": "tell", "took": "take", "thought": "think", "understood": "understand",
    "woke": "wake", "won": "win", "wore": "wear", "wrote": "write",
}  # fmt: skip
_BASES = words_of(
    """
    accept add advise agree allow answer apply approve arrange arrive ask assist attend avoid back bake bear become begin believe belong
    bill book borrow break brew bring build burn buy call cancel chair charge claim climb coach coordinate cycle dance deal decide depend
    design develop direct draw drop edit email enter exercise expect explain export fetch forget gather grind guard guide hang hear
    heat import improve inspect install invest issue jog judge kick lay let load look maintain mark measure mend mind mix mount
    need note obey order pack paint park perform phone pick place plan point post pour pray press print process promise protect provide
    pull push react record recognise recommend record reduce relax remember remove replace represent request require reserve respond
    review ride ring roast row rule score seem select separate settle set shave shine shoot shut slice smell smoke solve sort sound spell
    split spread staff state steer stick sting store stretch strike suffer suggest supervise supply support suit swear sweep swap
    tag tend tie touch track trade translate treat trim try unlock unload update vote warn weigh weld wish wipe
    carry celebrate change check choose clean close collect come contain cook cost count cover create cut deliver dig dislike do
    drink drive earn eat employ end enjoy expire fall feed feel fill find finish fire fix fly follow found get give go graduate
    grow handle hate have head help hold host hire include insist invite join keep know lead learn leave lend like live lock
    lose love make manage marry meet mentor move name need offer open order own pay pick plan plant play practise practice
    prefer produce publish put raise reach read receive refuse rent repair report require reset rest retire return run save say
    see sell send serve share ship show sign sing sit sleep speak spend stand start stay stop store study supply swim take talk
    teach tell test think throw train travel trust turn type understand use visit wait wake walk want wash water wear win wish work
    wrap write
    """
)
AUXILIARIES = words_of(
    """
    is are was were am can could will would must should may might has have had isn't aren't wasn't can't won't mustn't shouldn't
    """
)
_ADVERBS = words_of(
    """
    always never usually only often also still just sometimes now currently normally generally not mostly really
    """
)
_PLACE = words_of(
    """
    in at behind above under near inside outside beside below opposite on next
    """
)
_TIME = re.compile(
    r"\b(?:\d{1,2}(?:st|nd|rd|th)?\s+of\s+\w+|january|february|march|april|may|june|july|august|september|october|november|december|"
    r"mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|(?:19|20)\d\d|o'clock|noon|midnight|morning|afternoon|"
    r"evening|night|week|month|year|spring|summer|autumn|fall|winter|\d{1,2}[:.]\d\d|\d{1,2}\s?(?:am|pm))\b",
    re.IGNORECASE,
)
_BEFORE = words_of(
    """
    in at on behind above under near inside outside beside below opposite to from with by for since until into after before via
    """
)
_YOU = {
    "i": "you", "i'm": "you're", "i've": "you've", "i'll": "you'll", "my": "your", "me": "you", "mine": "yours",
    "myself": "yourself", "we": "you", "our": "your", "us": "you",
}  # fmt: skip


_FRONT = re.compile(r"(?:To|When|If|Before|After|While|For|During|Every|Each|Once|On|In|At|Whenever|As)\b[^,]{2,80},\s+")
_PRONOUNS = words_of("he she it they")


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence in its parts: `front` is a clause before the subject ("To reset it", "When it rains"), `base` the verb to ask with
    after `helper` (do, does, did, or the auxiliary that stands in the sentence), `rest` all that follows, `last` its last phrase.
    """

    text: str
    front: str
    subject: str
    verb: str
    helper: str
    base: str
    rest: str
    last: str

    @property
    def object(self) -> str:
        """What of the rest stands before its last phrase."""
        return self.rest[: len(self.rest) - len(self.last)].strip(" ,") if self.last else ""


def sentences(text: str) -> list[str]:
    """The sentences of a text; at least one where there is any word."""
    found = re.split(r"(?<=[a-z0-9\"')][.!?])\s+(?=[A-Z\"'(])", " ".join(text.split()))
    return [sentence for sentence in found if re.search(r"\w", sentence)]


def resolved(text: str) -> list[str]:
    """The sentences of a text, each with what an earlier one is about in place of a pronoun with which it begins."""
    made: list[str] = []
    before = ""
    for sentence in sentences(text):
        found = read(sentence)
        subject = found.subject if found else ""
        if subject.partition(" ")[0].lower() not in _PRONOUNS:
            before = subject if re.match(r"(?!(?:I|We|You)\b)[A-Z][^,]*$", subject) else ""
        elif before:
            owner = re.match(r"(.+?)['’]s\b", before) if subject.lower() in {"he", "she"} else None
            named = (owner[1] if owner else before) + sentence[len(subject) :]
            sentence = named if read(named) else sentence
        made.append(sentence)
    return made


def to_you(text: str) -> str:
    """What somebody says of himself, as one says it to him."""
    said = re.sub(r"[A-Za-z']+", lambda word: _YOU.get(word[0].lower(), word[0]), text)
    for wrong, right in (("you am", "you are"), ("you was", "you were")):
        said = re.sub(rf"\b{wrong}\b", right, said)
    return said[:1].upper() + said[1:]


def base_of(word: str) -> str | None:
    """The verb that a word is a form of, where it is one that is known."""
    low = word.lower().strip(",;:")
    if low in _BASES:
        return low
    tried = [_IRREGULAR.get(low, "")]
    for end, instead in (("ies", "y"), ("es", ""), ("s", ""), ("ied", "y"), ("ed", ""), ("ed", "e")):
        if low.endswith(end):
            stem = low.removesuffix(end) + instead
            tried += [stem, stem[:-1] if stem[-2:-1] == stem[-1:] else stem]
    return next((stem for stem in tried if stem in _BASES), None)


def front_of(sentence: str) -> str:
    """The clause with which a sentence begins, before its subject and a comma; empty where there is none."""
    opened = _FRONT.match(sentence)
    return opened[0].rstrip(", ") if opened else ""


def read(sentence: str) -> Statement | None:
    """A sentence in its parts, or None where no verb that is known stands in it after a subject."""
    text = sentence.strip().rstrip(".!?")
    front = front_of(text)
    text = text[len(front) :].lstrip(", ")
    words = text.split()
    for place in range(1, len(words)):
        low = words[place].lower().strip(",")
        if low in AUXILIARIES or _is_verb(low, words[place - 1].lower()):
            return _made(text, front, words, place)
    if words and base_of(words[0]) == words[0].lower():  # somebody is told to do it
        return Statement(text, front, "you", words[0], "do", words[0].lower(), " ".join(words[1:]), _last(words[1:]))
    return None


_SUBJECTS = frozenset({"i", "you", "we", "they", "and", "people", "visitors", "members", "all"}) | _ADVERBS


def _is_verb(word: str, before: str) -> bool:
    """Whether a word is a form of a verb that stands after a subject."""
    return base_of(word) is not None and word not in _BEFORE and (word.endswith(("s", "ed")) or word in _IRREGULAR or before in _SUBJECTS)


def _made(text: str, front: str, words: list[str], place: int) -> Statement:
    """The parts of a sentence whose verb is the word at `place`."""
    subject = list(words[:place])
    while len(subject) > 1 and subject[-1].lower() in _ADVERBS:
        subject.pop()
    low, base = words[place].lower().strip(","), base_of(words[place])
    if low in AUXILIARIES and not (low in {"has", "have", "had"} and not _participle(words[place + 1 : place + 2])):
        helper, asked = low, ""
    else:
        past = (low in _IRREGULAR and low not in {"does", "goes", "has"}) or low.endswith("ed")
        plural = subject[0].lower() in {"i", "you", "we", "they"} or low == base
        helper, asked = "did" if past else "do" if plural else "does", base or low
    rest = " ".join(words[place + 1 :])
    return Statement(text, front, " ".join(subject).strip(","), words[place], helper, asked, rest, _last(words[place + 1 :]))


def _participle(word: list[str]) -> bool:
    """Whether a word is a form of a verb that stands after have."""
    return bool(word) and (
        word[0].endswith("ed") or word[0].lower() in {"been", "gone", "done", "taken", "written", "given", "bought", "made"}
    )


def _last(words: list[str]) -> str:
    """The last phrase of some words that begins with a preposition; empty where there is none."""
    for place in range(len(words) - 1, -1, -1):
        if words[place].lower() in _BEFORE and place + 1 < len(words):
            return " ".join(words[place:])
    return ""


def question_word(phrase: str) -> str:
    """By what a phrase is asked for: where, when, or the preposition and what or whom."""
    first, _, rest = phrase.partition(" ")
    if _TIME.search(phrase):
        return "when"
    if first.lower() in _PLACE:
        return "where"
    person = re.match(r"(?:[a-z'-]+ ){0,3}[A-Z]", rest) is not None and first.lower() in {"by", "from", "with", "to", "for"}
    return f"{first.lower()} {'whom' if person else 'what'}"
