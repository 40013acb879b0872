"""Secrets: keys of known vendors by their prefix, tokens, private keys, and passwords beside a word or within a URL."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

from memos.infrastructure.memgovernance.privacy.rules import Candidate, Rule, when

KEY_BYTES = 16_384
"""How far the end of a private key is looked for."""


def _varied(found: Candidate) -> bool:
    """Whether a run of characters has both letters and digits, as made-up words have not."""
    value = found.value
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and not found.previous.isalnum()


def _untouched(found: Candidate) -> bool:
    value = found.value
    drawn = any(map(str.isdigit, value)) or (any(map(str.isupper, value)) and any(map(str.islower, value)))
    return drawn and not found.previous.isalnum() and not found.following.isalnum() and len(set(found.value[-12:])) > 3


PREFIXED = (
    r"(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ABIA|ACCA)[A-Z0-9]{16}",
    r"gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}",
    r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt|oas)-[A-Za-z0-9_\-]{16,}",
    r"xox[abceoprs]-[A-Za-z0-9\-]{10,250}|xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+|xoxe\.xox[bp]-[A-Za-z0-9\-]{10,250}",
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,250}|whsec_[A-Za-z0-9+/=]{20,}",
    r"AIza[0-9A-Za-z_\-]{30,45}|ya29\.[0-9A-Za-z_\-]{20,}|GOCSPX-[A-Za-z0-9_\-]{20,}|1//0[A-Za-z0-9_\-]{30,}",
    r"SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{16,64}|key-[0-9a-f]{32}|[0-9a-f]{32}-us\d{1,2}|(?:AC|SK)[0-9a-f]{32}",
    r"npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_\-]{16,}|rubygems_[0-9a-f]{40,}|dckr_[op]at_[A-Za-z0-9_\-]{20,}|cio[A-Za-z0-9]{32}",
    (
        r"hf_[A-Za-z0-9]{20,}|api_org_[A-Za-z0-9]{30,}|r8_[A-Za-z0-9]{30,}|gsk_[A-Za-z0-9]{30,}|xai-[A-Za-z0-9]{30,}|"
        r"pplx-[A-Za-z0-9]{30,}"
    ),
    (
        r"do[opr]_v1_[0-9a-f]{64}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|sq0[a-z]{3}-[A-Za-z0-9_\-]{22,43}|dapi[0-9a-f]{32}|"
        r"EAAA[A-Za-z0-9_\-]{56,}"
    ),
    (
        r"hv[sbr]\.[A-Za-z0-9_\-]{20,}|dp\.[a-z]{2,5}\.[A-Za-z0-9]{30,}|lin_api_[A-Za-z0-9]{30,}|ntn_[A-Za-z0-9]{30,}|"
        r"secret_[A-Za-z0-9]{40,}"
    ),
    (
        r"figd_[A-Za-z0-9_\-]{30,}|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|NRAK-[A-Z0-9]{27}|gl(?:sa|c)_[A-Za-z0-9_=]{30,}|"
        r"sntrys_[A-Za-z0-9_=+/]{40,}"
    ),
    (
        r"sbp_[0-9a-f]{40}|sb_(?:secret|publishable)_[A-Za-z0-9_\-]{20,}|fo1_[A-Za-z0-9_\-]{40,}|rnd_[A-Za-z0-9]{20,}|"
        r"nfp_[A-Za-z0-9]{36,}"
    ),
    r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}|AT(?:ATT3|BB|CTT3)[A-Za-z0-9_\-=]{20,}|sl\.[A-Za-z0-9_\-]{100,}|EAA[A-Za-z0-9]{60,}",
    (
        r"AGE-SECRET-KEY-1[A-Z0-9]{58}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-=]{60,}|pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_\-.=]{30,}|"
        r"HRKU-[A-Za-z0-9_\-]{30,}"
    ),
    (
        r"\d{8,10}:AA[A-Za-z0-9_\-]{32,34}|[MNO][A-Za-z0-9_\-]{23,27}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,38}|"
        r"tskey-[a-z]+-[A-Za-z0-9\-]{20,}"
    ),
)
VENDORS = Rule("SECRET", rf"\b(?:{'|'.join(PREFIXED)})", when(_untouched))
MODELS = Rule("SECRET", r"\bsk-[A-Za-z0-9_\-]{16,250}", when(_varied))
WEBHOOKS = Rule(
    "SECRET",
    (
        r"https://(?:hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{20,}|(?:[a-z]+\.)?discord(?:app)?\.com/api/webhooks/\d+/[A-Za-z0-9_\-]{20,}|"
        r"[a-z0-9]+\.webhook\.office\.com/\S{30,})"
    ),
)
JWT = Rule("SECRET", r"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-+/=]*){0,3}")
BEARER = Rule("SECRET", r"\bbearer[ \t:]+[\"']?(?P<v>[A-Za-z0-9._~+/\-]{12,}={0,2})", when(_varied), fold=True)
AUTHORIZATION = Rule(
    "SECRET",
    (r"\bauthorization[\"']?[ \t]*[:=][ \t]*[\"']?(?:basic|token|apikey|digest)[ \t]+(?P<v>[A-Za-z0-9._~+/\-]{8,}={0,2})"),
    fold=True,
)

# ------------------------------------------------------------------------------------------------------------- private keys


def _key(found: Candidate) -> Iterable[Candidate]:
    """With what follows the header to its end, or as far as lines of base64 go."""
    rest = found.plain.text[found.end : found.end + KEY_BYTES]
    if end := re.search(r"-----END [A-Z0-9 ]{0,40}-----", rest):
        return (Candidate(found.plain, found.start, found.end + end.end()),)
    lines = re.match(r"(?:(?:\s|\\n|\\r)*[A-Za-z0-9+/=]{24,})*", rest)
    return (Candidate(found.plain, found.start, found.end + (lines.end() if lines else 0)),)


PRIVATE = Rule("SECRET", r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", _key)
PUTTY = Rule("SECRET", r"PuTTY-User-Key-File-\d:[^\n]{0,80}")

# ---------------------------------------------------------------------------------------------------- passwords and their like

PLACEHOLDER = re.compile(
    (
        r"[*•xX.\-_#]{3,}|<.*|\$\{.*|\$\(.*|\{.*|%\w+%|\[.*\]|(?:your|my|the|some|new|old)?[-_]?(?:password|"
        r"passwd|secret|token|key|api[-_]?key)(?:[-_]?here)?|[a-z_\-]*passw(?:or)?d[a-z_\-]*|change[-_]?me|redacted|hidden|none|null|nil|undefined|"
        r"true|false|str|string|text|int|bool|bytes|optional.*|any|required|empty|todo|tbd|n/a"
    ),
    re.IGNORECASE,
)
CODE = re.compile(
    r"[A-Za-z_][\w.]*[(\[].*|\$[A-Za-z_]\w*|(?:os|process|self|config|settings|env|request|args|this|options|"
    r"ctx)\.[\w.]+.*|@\w+|[A-Z][A-Za-z]+\[.*|&\w+|!\w+|/[\w/.\-]+"
)
IDENTIFIER = re.compile(r"[a-z]+(?:_[a-z]+)+|[a-z_]+(?:\.[a-z_]+)+")
"""How programs name what holds a password: no digit, no capital, joined words."""
_PROSE_WORDS = (
    "the a an is are was were be been being in on at to too for of or and not no must should shall may can "
    "could will would has have had with "
    "without your my our their his her its it this that these those all any every each only also still never "
    "always now then here there same "
    "wrong right correct incorrect invalid valid weak strong safe secure insecure short long simple good "
    "bad old new unknown known missing "
    "required optional expired reset changed stored saved sent shared lost forgotten stolen leaked hashed "
    "encrypted protected generated "
    "needed used set given typed entered case-sensitive sensitive confidential private public secret hidden "
    "visible below above attached "
    "password passwords policy manager field prompt rotation limit bucket count minimum maximum at-least "
    "8 characters letters digits "
    "login sign sign-in username user admin please if when what why how who which where because about after "
    "before until up out by from as "
    "fine ok okay empty blank default required. easy hard complex unique available different important due "
    "just really very so under"
)
PROSE = frozenset(_PROSE_WORDS.split())
ENDINGS = re.compile(r"[a-z]+(?:ed|ing|able|ible|less|ful|tion|ly)")
WORD = r"(?:pass(?:word|wd|wort|code|phrase|key)s?|passwort|pwd|kennwort|contraseña|mot de passe|senha|parola)"


def _bare(found: Candidate) -> Candidate:
    """Without the punctuation that closes a sentence or a bracket behind it, and without the next pair of a connection string."""
    value = re.split(r"[;&](?=[A-Za-z_ ]{1,40}=)", found.value, maxsplit=1)[0].rstrip(",;.:")
    for opening, closing in ("()", "[]", "{}", "<>"):
        if value.endswith(closing) and opening not in value:
            value = value[:-1]
    return found.cut(0, len(value.rstrip(",;\"'`")))


def _assigned(found: Candidate) -> Iterable[Candidate]:
    """What stands behind `password:` or `password=`."""
    found = _bare(found)
    value = found.value
    if len(value) < 4 or PLACEHOLDER.fullmatch(value) or CODE.fullmatch(value) or value.lower() in PROSE:
        return ()
    loose = re.search(r":\s+$", found.before) is not None and re.match(r"\s+[a-z`'\"]+\s+[a-z`]", found.after) is not None
    return () if (loose and value.isalpha()) or IDENTIFIER.fullmatch(value) else (found,)


def _mixed(found: Candidate) -> Iterable[Candidate]:
    """Behind a short word such as `pass:` only what is no word and no count."""
    return [each for each in _assigned(found) if not each.value.isalpha() and not re.fullmatch(r"[\d./,:%]+", each.value)]


def _said(found: Candidate) -> Iterable[Candidate]:
    """What stands behind "the password is": what is no word, or the word that ends the sentence."""
    found = _bare(found)
    value, after = found.value, found.after
    if len(value) < 4 or PLACEHOLDER.fullmatch(value) or CODE.fullmatch(value) or value.lower() in PROSE:
        return ()
    if any(not each.isalpha() and each not in "'’" for each in value) or not (value.islower() or value.istitle()):
        return (found,)
    ends = not after.strip() or re.match(r"[.,;!?)]|\s+(?:and|but|for|in case)\b", after) is not None
    return (found,) if ends and not ENDINGS.fullmatch(value) else ()


def _quoted(found: Candidate) -> Iterable[Candidate]:
    value = found.value
    return () if PLACEHOLDER.fullmatch(value) or not value.strip() or value.startswith(("${", "{{", "<")) else (found,)


ASSIGN = r"[\"'`]?\]?[ \t]*(?::=|=>|->|==?|:)[ \t]*"
PASSWORDS = (
    *(
        Rule("SECRET", rf"{WORD}[A-Za-z0-9_\-]{{0,24}}{ASSIGN}[brfu]?{quote}(?P<v>[^{quote}\n]{{3,200}}){quote}", _quoted, fold=True)
        for quote in ("\"'`")
    ),
    *(
        Rule("SECRET", rf"{WORD}[ \t]+(?:is|was|ist|est|es|to|=)[ \t]+{quote}(?P<v>[^{quote}\n]{{3,200}}){quote}", _quoted, fold=True)
        for quote in ("\"'`")
    ),
    Rule("SECRET", rf"{WORD}(?:_[a-z0-9_]{{1,24}})?{ASSIGN}(?P<v>[^\s\"'`,;][^\s\"'`]{{2,200}})", _assigned, fold=True),
    Rule(
        "SECRET",
        (
            rf"{WORD}(?:[ \t]+(?:for|of|on|to)[ \t]+[\w\-]{{1,30}}(?:[ \t]+[\w\-]{{1,30}}){{0,3}}?)?[ \t]+(?:is|was|"
            rf"to|ist|est|es)[ \t]+(?:now[ \t]+|still[ \t]+)?(?P<v>[^\s\"'`][^\s\"'`]{{2,200}})"
        ),
        _said,
        fold=True,
    ),
    Rule("SECRET", r"(?:\b|_)(?:pass|pw|psw)[ ]?[=:][ ]?[\"'`]?(?P<v>[^\s\"'`,;][^\s\"'`]{3,200})", _mixed, fold=True),
    Rule("SECRET", r"--?(?:password|passwd|pass|pwd|token|api-key|secret)[= ][\"']?(?P<v>[^\s\"'\-][^\s\"']{3,200})", _assigned, fold=True),
    Rule("SECRET", r"\bcurl\b[^\n]{0,120}?[ ](?:-u|--user)[ =]?[\"']?[^\s:\"']{1,80}:(?P<v>[^\s\"']{3,200})", _assigned),
    Rule("SECRET", r"\bpin(?:[ \-]?(?:code|number))?\b[\"']?[ \t]*(?:is|was|:|=)[ \t]*[\"']?(?P<v>\d{4,8})\b", fold=True),
    Rule(
        "SECRET",
        (
            r"\b(?:seed|recovery|mnemonic|backup) phrase(?:[ \t]+is)?[:=]?[ \t]*[\"']?(?P<v>[a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8})"
            r"{11,23})\b"
        ),
    ),
    Rule(
        "SECRET",
        r"\b[a-z][a-z0-9+.\-]{1,24}://[^\s:/@\"'<>]{0,128}:(?P<v>[^\s/@\"'<>]{1,256})@",
        when(lambda each: not PLACEHOLDER.fullmatch(each.value) and not CODE.fullmatch(each.value)),
        fold=True,
    ),
)

# -------------------------------------------------------------------------------------------------------- keys beside a word

KEYED = (
    r"(?:api[_\- ]?keys?|apikey|secret[_\- ]?(?:access[_\- ]?)?keys?|access[_\- ]?keys?(?:[_\- ]?id)?|account[_\- ]?key|"
    r"shared[_\- ]?access[_\- ]?key|app[_\- ]?key|(?:auth|access|refresh|bearer|id|session|csrf|deploy|bot|"
    r"personal[_\- ]access|github|gitlab|slack|api|oauth)[_\- ]?tokens?|client[_\- ]?secret|private[_\- ]?key|"
    r"(?:signing|encryption|master|license|licence|subscription|service|storage|product)[_\- ]?key|webhook[_\- ]?secret|"
    r"(?:app|jwt|django|flask|session|shared|consumer|oauth)?[_\- ]?secret(?:[_\- ]?(?:key|token|base))?|tokens?|"
    r"credentials?|session[_\- ]?(?:id|key)|sessionid|auth[_\- ]?key|x-api-key|sig(?:nature)?|otp|passkey)"
)


def _entropy(text: str) -> float:
    """Bits a character, as its own characters are distributed (Shannon)."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def _within_url(found: Candidate) -> Candidate:
    """Without the host that follows a secret in a URL."""
    return found.cut(0, found.value.index("@")) if "@" in found.value and "://" in found.before else found


def _is_key(found: Candidate) -> Iterable[Candidate]:
    found = _within_url(_bare(found))
    value = found.value
    if PLACEHOLDER.fullmatch(value) or CODE.fullmatch(value) or not _varied(found) or found.following == "(":
        return ()
    likely = len(value) >= 16 and _entropy(value) >= 2.8 and not re.fullmatch(r"[a-z]+(?:[-_.][a-z]+)*[-_.]?\d{0,4}", value)
    hashed = re.search(r"(?:commit|sha\d*|md5|checksum|digest|fingerprint|hash)\W{0,3}$", found.before) is not None
    return (found,) if likely and not hashed else ()


def _is_short_key(found: Candidate) -> Iterable[Candidate]:
    """Behind a strong word and an equals sign shorter ones count, when they are mixed."""
    found = _within_url(_bare(found))
    value = found.value
    mixed = _varied(found) and not re.fullmatch(r"[a-z_]+\d{0,2}|v?[\d.]+\w?|\d+\w{0,2}", value)
    return (found,) if mixed and len(value) >= 8 and not PLACEHOLDER.fullmatch(value) and not CODE.fullmatch(value) else ()


VALUE = r"[A-Za-z0-9+/_\-.=~!@#$%^&*]"
KEYS = (
    Rule("SECRET", rf"(?:\b|_){KEYED}{ASSIGN}[brfu]?[\"'`]?(?P<v>{VALUE}{{16,300}})", _is_key, fold=True),
    Rule(
        "SECRET",
        (
            rf"(?:\b|_)(?:api[_\-]?key|secret(?:[_\-]key)?|client[_\-]?secret|auth[_\-]?token|access[_\-]?token|token|"
            rf"private[_\-]?key)[\"']?[ \t]*[:=][ \t]*[\"']?(?P<v>{VALUE}{{8,300}})"
        ),
        _is_short_key,
        fold=True,
    ),
    Rule(
        "SECRET",
        rf"\b{KEYED}(?:[ \t]+(?:is|was|value|of|for|to|with|now|named)){{0,3}}[ \t]+[\"'`]?(?P<v>{VALUE}{{20,300}})",
        _is_key,
        fold=True,
    ),
)


def secrets() -> Iterable[Rule]:
    """All rules of this room."""
    return (VENDORS, MODELS, WEBHOOKS, JWT, BEARER, AUTHORIZATION, PRIVATE, PUTTY, *PASSWORDS, *KEYS)
