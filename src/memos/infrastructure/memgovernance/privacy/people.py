"""People: names where the words beside them say that they are names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from memos.infrastructure.memgovernance.privacy.rules import Candidate, Check, Rule

# A letter beyond ASCII is any character there: the classes of Unicode make automata a hundred times larger. What is no letter and no
# capital is sorted out afterwards.
CAP = r"[A-Z\x{C0}-\x{10FFFF}][A-Za-z\x{80}-\x{10FFFF}]*(?:['\-][A-Za-z\x{80}-\x{10FFFF}][A-Za-z\x{80}-\x{10FFFF}]*)*"
PARTICLES = (
    "de",
    "del",
    "della",
    "di",
    "da",
    "dos",
    "van",
    "von",
    "der",
    "den",
    "zu",
    "la",
    "le",
    "bin",
    "ibn",
    "al",
    "el",
    "ter",
    "ten",
    "af",
)
PARTICLE = f"(?:{'|'.join(PARTICLES)})"
NAME = rf"(?:{PARTICLE} ){{0,2}}{CAP}(?: [A-Z\x{{C0}}-\x{{10FFFF}}]\.|(?: (?:{PARTICLE} ){{0,2}}|-){CAP}){{0,3}}"
FULL = rf"{CAP}(?:(?: (?:{PARTICLE} ){{0,2}}){CAP}|(?: [A-Z\x{{C0}}-\x{{10FFFF}}]\. ?{CAP})){{1,3}}"
SMALL = r"[a-z\x{80}-\x{10FFFF}]{2,}(?:-[a-z\x{80}-\x{10FFFF}]+)?"

_NOT_NAMES_WORDS = (
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july "
    "august september october november "
    "december today tomorrow yesterday tonight asap sir madam customer customers all team everyone everybody "
    "friend friends colleague "
    "colleagues diary santa hiring recruiter support sales service services department committee council "
    "board bank group corp corporation "
    "inc ltd llc gmbh company university college school hospital clinic office street road avenue center "
    "centre pepper universe america "
    "world who robot strange seuss american british german french italian spanish indian chinese english "
    "irish european african asian "
    "canadian mexican japanese australian dutch swedish polish russian catholic christian muslim jewish google "
    "microsoft amazon apple "
    "facebook meta netflix openai anthropic github slack zoom linkedin twitter youtube the a an my your his "
    "her our their this that it i "
    "we you he she they and or but not in on at to for of with from by as is was head team lead manager director "
    "engineer developer "
    "senior junior chief vp ceo cto cfo student teacher doctor nurse lawyer analyst product project data "
    "software emeritus practitioner "
    "of- no yes ok hello hi dear thanks regards please mr mrs ms dr prof iii iron captain super party day "
    "week month year new old "
    "internet covid christmas easter id number name safety care portal record records history intake satisfaction "
    "consent transport "
    "information summary notes chart status report list data outcome experience advocate media studio studios labs tech "
    "technologies solutions partners hr agency institute society club association "
    "network systems consulting ventures foundation church police court museum theatre restaurant hotel zero journey protection "
    "monday's capital one"
)
NOT_NAMES = frozenset(_NOT_NAMES_WORDS.split())
"""Words that are written where names are, and are none."""
_CLINICAL_WORDS = (
    "blood family care history intake record records portal safety list group satisfaction data health medical "
    "consent transport heart "
    "pressure sugar body weight pain skin level levels information was is has had and or who with in on at "
    "the a his her their own "
    "himself herself then today yesterday later safely currently never also still just not being been recently already finally"
)
CLINICAL = frozenset(_CLINICAL_WORDS.split())


def _named(found: Candidate, *, least: int = 1) -> Iterable[Candidate]:
    """The words up to the first that is no name's; nothing when too few are left."""
    kept = 0
    words = list(re.finditer(r"\S+", found.value))
    for word in words:
        bare = word.group().lower().removesuffix("'s").strip(".'-")
        first = word.group()[0]
        if bare in NOT_NAMES or not first.isalpha() or (first.islower() and bare not in PARTICLES):
            break
        kept += 1
    if kept < least or not kept or words[kept - 1].group()[:1].islower():
        return ()
    end = words[kept - 1].end()
    value = found.value[:end].removesuffix("'s")
    while value and not value[-1].isalnum():
        value = value[:-1]
    if len(value) < 2 or (value.isupper() and len(value) < 3):
        return ()
    return (found.cut(0, len(value)),)


def _at_least(least: int) -> Check:
    return lambda found: _named(found, least=least)


def _small(found: Candidate) -> Iterable[Candidate]:
    """A name in small letters: two words that are no clinical ones."""
    words = found.value.split()
    return () if any(word in CLINICAL or word in NOT_NAMES or len(word) < 2 for word in words) else (found,)


_OTHER_WORDS = "on not in the a an spelled too very still already listed wrong missing here there what this that pronounced misspelled"
OTHERS = re.compile(r"(?:e-?mail|phone|tel|age|address|dob|birth|surname|ssn)\W")


def _beside_others(found: Candidate) -> Iterable[Candidate]:
    """What programs call a name, where other words of a person stand beside it."""
    return _named(found, least=2) if OTHERS.search(found.after) or OTHERS.search(found.before) else ()


INTRODUCED = frozenset(_OTHER_WORDS.split())
"""What follows "my name is" and is no name."""


def _introduced(found: Candidate) -> Iterable[Candidate]:
    words = found.value.split()
    kept = next((place for place, word in enumerate(words) if word in INTRODUCED or word in NOT_NAMES), len(words))
    return (found.cut(0, len(" ".join(words[:kept]))),) if kept else ()


TITLE = (
    r"(?:Mr|Mrs|Ms|Mx|Dr|Prof|Rev)\.?|Miss|Doctor|Professor|Sir|Madame|Monsieur|Mme|Mlle|Herrn?|Frau|Señora?|"
    r"Signora?|Sr\.|Sra\.|Nurse|Judge|Detective|Officer|Sergeant|Reverend|Rabbi|Imam"
)
KIN = (
    r"wife|husband|partner|son|daughter|mother|father|mom|mum|dad|sister|brother|aunt|uncle|cousin|niece|nephew|"
    r"grandmother|grandfather|grandma|grandpa|girlfriend|boyfriend|fiancée?|boss|colleague|coworker|co-worker|"
    r"neighbou?r|roommate|flatmate|therapist|dentist|doctor|lawyer|landlord|landlady|friend|best friend|manager|"
    r"assistant|teacher|coach|tutor|nanny|client"
)
ROLE = (
    r"(?:full |first |last |legal |maiden |patient |customer |client |employee |contact |account )name|patient|"
    r"client|customer|employee|applicant|candidate|contact|emergency contact|next of kin|attn|attention|physician|"
    r"doctor|nurse|attending|surgeon|provider|tenant|landlord|beneficiary|card ?holder|account holder|passenger|"
    r"guest|recipient|sender|signed|signed by|prescribed by|reviewed by|approved by|witness(?:ed by)?|plaintiff|"
    r"defendant|author|assignee|reporter|caller|guardian|parent|spouse|insured|policyholder|from|to|cc"
)
MET = (
    r"(?:met|meet|meeting|spoke|speak|talked|talk|lunch|dinner|appointment|call|chat|coffee|interview(?:ed)"
    r"?|session) with|spoke to|talked to|talk to|speak to|interviewed|introduced me to|signed by|prescribed "
    r"by|treated by|referred by|referred to|written by|hired|married to|on behalf of|c/o"
)

PEOPLE = (
    Rule("PERSON", rf"\b(?:{TITLE}) (?P<v>{NAME})", _at_least(1)),
    Rule(
        "PERSON",
        (
            rf"(?i:\b(?:(?:my|his|her|their) name is|my name's|name's|i am called|i'm called|they call me|mein name ist|ich heiße|je "
            rf"m'appelle|me llamo|mi chiamo)) (?P<v>{NAME})"
        ),
        _at_least(1),
    ),
    Rule(
        "PERSON",
        (
            rf"(?i:\b(?:my name is|my name's|i am called|ich heiße|je m'appelle|me llamo)) (?P<v>{SMALL}(?: {SMALL})"
            rf"?)(?:[.,;!?]|$| and\b| but\b| from\b| i\b)"
        ),
        _introduced,
    ),
    Rule("PERSON", rf"\b[Cc]all me (?P<v>{CAP})(?:[.,;!?]|$)", _at_least(1)),
    Rule(
        "PERSON",
        rf"\b(?:I'm|I am|[Tt]his is) (?P<v>{FULL})(?:[.,;!?]|$| from\b| and\b| here\b| calling\b| speaking\b| with\b)",
        _at_least(2),
    ),
    Rule("PERSON", rf"(?i:\bpatient)(?::|,)? (?P<v>{FULL})", _at_least(2)),
    Rule("PERSON", rf"(?i:\bpatient:) (?P<v>{NAME})", _at_least(1)),
    Rule(
        "PERSON",
        (
            rf"(?i:\bpatient:? )(?P<v>{SMALL} {SMALL})(?:,| was| is| has been)? (?:was |is |has been )?(?:admitted|"
            rf"discharged|referred|transferred|diagnosed|examined|seen|treated|prescribed|born|aged)\b"
        ),
        _small,
    ),
    Rule("PERSON", rf"(?i:\b(?:{ROLE}))(?:[ \t]*[:=][ \t]*|[ \t]+-[ \t]+)[\"']?(?P<v>{FULL})", _at_least(2)),
    Rule("PERSON", rf"\b(?:Name|NAME)(?:[ \t]*[:=][ \t]*|[ \t]+-[ \t]+)(?P<v>{FULL})", _at_least(2)),
    Rule("PERSON", rf"\bname[\"']?[ \t]*[:=][ \t]*[\"']?(?P<v>{FULL})", _beside_others),
    Rule(
        "PERSON",
        (
            rf"(?i:\b(?:full|first|last|legal|maiden|patient|customer|client|employee) name)(?:[ \t]*[:=][ \t]*| is "
            rf")[\"']?(?P<v>{NAME})"
        ),
        _at_least(1),
    ),
    Rule(
        "PERSON",
        rf"(?i:\b(?:my|his|her|our|their) (?:{KIN}))(?:'s name is|,| is named| is called| named| called)? (?P<v>{NAME})",
        _at_least(1),
    ),
    Rule("PERSON", rf"(?i:\b(?:{MET})) (?:(?:{TITLE}) )?(?P<v>{FULL})", _at_least(2)),
    Rule("PERSON", rf"(?i:\b(?:named|goes by)) (?P<v>{FULL})", _at_least(2)),
    Rule("PERSON", rf"\b[Dd]ear (?:(?:{TITLE}) )?(?P<v>{NAME})[,:]", _at_least(1)),
    Rule(
        "PERSON",
        rf"(?i:(?:regards|sincerely|best|cheers|thanks|yours truly|best wishes|grüße)),?\s*\n\s*(?P<v>{FULL})[ \t]*(?:\n|$)",
        _at_least(2),
    ),
)
