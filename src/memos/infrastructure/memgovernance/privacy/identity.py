"""Identity: numbers of passports, licences, patients and citizens, and dates of birth."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from memos.infrastructure.memgovernance.privacy import checksums
from memos.infrastructure.memgovernance.privacy.checksums import is_day
from memos.infrastructure.memgovernance.privacy.rules import Candidate, Check, Rule, ends_with, when

JOIN = r"[ \t]*(?:[:=#\-]|is|are|was|nr|no|n[°º])?(?:\.)?[ \t]*[:=#]?[ \t]*[\"'(]?"
"""What stands between a word and its number."""
CODE = r"(?P<v>[A-Za-z0-9]+(?:[\-/][A-Za-z0-9]+){0,5})"
NUMBERED = r"(?:numbers?|num|no\.?|nr\.?|nummer|#|id|n[°º]|numero|número|numéro)"


def _with_digits(least: int, most: int = 24) -> Check:
    """A code with so many digits at least, and letters only in capitals or before the digits."""

    def check(found: Candidate) -> bool:
        count = len(found.digits)
        return (
            least <= count
            and len(found.value) <= most
            and found.alone()
            and not re.fullmatch(r"\d{4}-\d\d?-\d\d?|(?:19|20)\d\d", found.value)
        )

    return when(check)


def _proved(proof: Callable[[str], bool]) -> Check:
    """A number whose checksum is right."""
    return when(lambda found: found.alone("-.") and proof("".join(filter(str.isalnum, found.value))))


def _beside(words: str, proof: Callable[[str], bool] | None = None) -> Check:
    """A number with some words before it or just behind it."""
    before, behind = ends_with(words), re.compile(rf"^\W{{0,3}}(?:\(|is |as )?(?:my |her |his |the )?(?:{words})\b")

    def check(found: Candidate) -> bool:
        told = before(found.before) or behind.match(found.after) is not None
        return told and found.alone() and (proof is None or proof("".join(filter(str.isalnum, found.value))))

    return when(check)


def _korean(digits: str) -> bool:
    return is_day(("19" if digits[6] in "1256" else "20") + digits[:2], digits[2:4], digits[4:6])


RECORDS = (
    Rule(
        "MRN",
        (
            rf"\b(?:mrn|medical record(?:s)?(?:[ \t]+{NUMBERED})?|med\.? rec\.?(?:[ \t]+{NUMBERED})?|(?:patient|chart|"
            rf"hospital|health record|medical|case file|emr|ehr)(?:'s)?[ \t]*(?:file[ \t]*)?{NUMBERED}){JOIN}{CODE}"
        ),
        _with_digits(4),
        fold=True,
    ),
)
DOCUMENT = rf"(?:[ \t]*(?:book|card|document)?[ \t]*{NUMBERED})?"


def _is_account(found: Candidate) -> bool:
    """A number of a bank's: routing numbers have a check digit, accounts 7 digits or more behind the words "account number"."""
    before = found.before
    if "routing" in before or "aba" in before:
        return len(found.digits) == 9 and checksums.routing(found.digits)
    named = re.search(r"sort code|bank|konto|acc(?:oun)?t\.?\s*(?:number|no|nr|#)", before) is not None
    return named and found.alone("/") and (len(found.digits) >= 7 or found.value.count("-") == 2)


DOCUMENTS = (
    Rule(
        "ID",
        (
            rf"\b(?:passport|reisepass(?:nummer)?|passeport|pasaporte|passnummer){DOCUMENT}{JOIN}(?P<v>[A-Za-z]{{0,3}} "
            rf"?\d{{5,9}}[A-Za-z]?)\b"
        ),
        _with_digits(5),
        fold=True,
    ),
    Rule(
        "ID",
        (
            rf"\b(?:driv(?:er|ing)(?:'?s)?[ \t]+licen[cs]e|driver'?s?[ \t]+id|dl|führerschein(?:nummer)?|permis de "
            rf"conduire|licen[cs]e){DOCUMENT}{JOIN}{CODE}"
        ),
        _with_digits(5),
        fold=True,
    ),
    Rule(
        "ID",
        (
            rf"\b(?:(?:national|citizen|personal|government|state)[ \t]+(?:id|identity|identification|insurance)(?:[ \t]+card)"
            rf"?|id[ \t]+card|identity[ \t]+card|personalausweis(?:nummer)?|dni|nie|voter[ \t]+id|tax(?:payer)?[ \t]+(?:id|"
            rf"identification)|steuer-?id(?:nr)?|steueridentifikationsnummer|carte d'identité|residence permit|green "
            rf"card|visa[ \t]+(?:number|no)|aadhaar|aadhar|pan[ \t]+(?:card|number|no)|ein|itin|tfn|abn|pesel|bsn|cpr|"
            rf"medicare|medicaid|nhs|nino|nif|pps(?:n)?|curp|cnp|oib|jmbg|nric|fin|codice fiscale|cpf|rut|ssin|sozialversicherungsnummer|"
            rf"numéro de sécurité sociale|insurance[ \t]+(?:id|number|no|policy)|health[ \t]+(?:card|insurance)|member(?:ship)"
            rf"?[ \t]+id|subscriber[ \t]+id|beneficiary[ \t]+(?:id|number)){DOCUMENT}{JOIN}"
            rf"(?P<v>[A-Za-z]{{0,5}}[\-]?\d[\dA-Za-z]*(?:[ \-./]\d[\dA-Za-z]*)"
            rf"{{0,5}})"
        ),
        _with_digits(6),
        fold=True,
    ),
    Rule(
        "ID",
        (
            rf"\b(?:bank[ \t]+account|account|acct|konto|routing|aba|sort[ \t]+code)(?:[ \t]*(?:{NUMBERED}))?"
            rf"{JOIN}(?P<v>\d{{2}}-\d{{2}}-\d{{2}}|"
            rf"\d[\d\-]{{5,16}}\d)\b"
        ),
        when(_is_account),
        fold=True,
    ),
)
CITIZENS = (
    Rule("ID", r"\b\d{3}[ \-]?\d{3}[ \-]?\d{4}\b", _beside(r"nhs", checksums.nhs)),
    Rule("ID", r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b", when(lambda each: each.alone("-"))),
    Rule("ID", r"\b[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b", _beside(r"ni|nino|national insurance"), fold=True),
    Rule("ID", r"\b(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z]\b", _proved(checksums.spanish)),
    Rule("ID", r"\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b", _proved(checksums.fiscal_code), fold=True),
    Rule("ID", r"\b[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}\b", _proved(checksums.french)),
    Rule("ID", r"\b\d{6}[\-+]\d{4}\b", _proved(checksums.swedish)),
    Rule("ID", r"\b\d{6}[\-+A]\d{3}[0-9A-FHJ-NPR-Y]\b", when(lambda each: each.alone("-.") and checksums.finnish(each.value))),
    Rule("ID", r"\b\d{6}-?\d{4}\b", _beside(r"cpr|cpr-nummer")),
    Rule("ID", r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b", _proved(checksums.cpf)),
    Rule(
        "ID",
        r"\b[2-9]\d{3}[ \-]\d{4}[ \-]\d{4}\b",
        when(
            lambda each: (
                each.alone("-.")
                and not re.match(r"[ \-]\d{4}", each.after)
                and not re.search((r"\d{4}[ \-]$"), each.before)
                and checksums.verhoeff(each.digits)
            )
        ),
    ),
    Rule("ID", r"\b\d{4}[ \-]?\d{4}[ \-]?\d{4}\b", _beside(r"aadhaar|aadhar|uidai")),
    Rule("ID", r"\b[A-Z]{3}[ABCFGHLJPTK][A-Z]\d{4}[A-Z]\b", _beside(r"pan|pan card|income tax")),
    Rule("ID", r"\b\d{3}[ \-]?\d{3}[ \-]?\d{3}\b", _beside(r"sin|social insurance", checksums.luhn)),
    Rule("ID", r"\b\d{1,2}\.\d{3}\.\d{3}-[\dkK]\b", _proved(checksums.chilean)),
    Rule("ID", r"\b[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d\b", when(lambda each: each.alone("-"))),
    Rule("ID", r"\b[1-9]\d{16}[\dXx]\b", when(lambda each: each.alone("-.") and checksums.chinese(each.value))),
    Rule("ID", r"\b\d{6}-[1-8]\d{6}\b", _proved(_korean)),
    Rule("ID", r"\b[STFG]\d{7}[A-Z]\b", _proved(checksums.singaporean)),
    Rule("ID", r"\b\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}\b", _proved(checksums.belgian)),
)

MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)"
    r"?|nov(?:ember)?|dec(?:ember)?|januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|"
    r"avril|juin|juillet|août|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|"
    r"agosto|septiembre|octubre|noviembre|diciembre)"
)
DATE = (
    rf"(?:(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|"
    rf"\d{{4}}[\-/.]\d{{1,2}}[\-/.]\d{{1,2}}|\d{{1,2}}[\-/. ]\d{{1,2}}[\-/. ](?:\d{{4}}|\d{{2}})|\d{{1,2}}(?:st|"
    rf"nd|rd|th|\.)?[ \-](?:of |de )?{MONTH}\.?,?[ \-](?:de )?\d{{2,4}}|{MONTH}\.?[ \-]\d{{1,2}}(?:st|nd|rd|"
    rf"th)?,?[ \-]\d{{4}})\b"
)
YEARLESS = rf"(?:\d{{1,2}}(?:st|nd|rd|th|\.)?[ ](?:of )?{MONTH}|{MONTH}[ ]\d{{1,2}}(?:st|nd|rd|th)?)\b"
BORN = (
    r"(?:dob|d\.o\.b\.?|d\.ob|date[ \-]of[ \-]birth|birth[ \-]?dates?|birthday|b-?day|born|née?|geboren|geburtsdatum|"
    r"geb\.|fecha de nacimiento|date de naissance|nacid[oa]|data di nascita|nat[oa] il)"
)
LEADING = r"(?:[ \t:=,(\-\"'.]|\b(?:is|was|on|the|in|of|am|el|le|dob|being|as)\b){0,8}"
BIRTHS = (
    Rule("DOB", rf"\b{BORN}{LEADING}(?P<v>{DATE})", fold=True),
    Rule("DOB", rf"\b(?:birthday|b-?day)(?:[ \t]+is(?:[ \t]+on)?|:)[ \t]*(?:the[ \t]+)?(?P<v>{YEARLESS})", fold=True),
    Rule("DOB", rf"(?:\(|\b)b\.[ ]?(?P<v>{DATE})", fold=True),
    Rule(
        "DOB",
        (
            rf"(?P<v>\b{DATE})[ ,]{{0,2}}(?:\((?:dob|born|date of birth)\)|is (?:my|her|his|their) (?:birthday|date "
            rf"of birth|dob|birth ?date))"
        ),
        fold=True,
    ),
)


def identity() -> Iterable[Rule]:
    """All rules of this room."""
    return (*RECORDS, *DOCUMENTS, *CITIZENS, *BIRTHS)
