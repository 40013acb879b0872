"""Checksums by which numbers prove what they are. All take digits (and letters) without separators."""

from __future__ import annotations

from datetime import date

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28, "CH": 21,
    "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18,
    "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24,
    "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23,
    "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Characters of an IBAN by country (the registry of ISO 13616)."""
DNI, FISCAL_ODD = "TRWAGMYFPDXBNJZSQVHLCKE", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
CHINA, HETU = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "0123456789ABCDEFHJKLMNPRSTUVWXY"
_TIMES = (
    *("0123456789", "1234067895", "2340178956", "3401289567", "4012395678"),
    *("5987604321", "6598710432", "7659821043", "8765932104", "9876543210"),
)
_TURNS = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258")
"""The tables of Verhoeff's scheme: the dihedral group of ten elements, and the permutation by place."""


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (sum(divmod(2 * int(each), 10)) for each in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def iban(text: str) -> bool:
    """ISO 13616: the length of its country, and 1 modulo 97."""
    text = text.upper()
    if IBAN_LENGTHS.get(text[:2]) != len(text) or not text.isascii() or not text.isalnum():
        return False
    return int("".join(str(int(each, 36)) for each in text[4:] + text[:4])) % 97 == 1


def verhoeff(digits: str) -> bool:
    """Verhoeff's scheme, as India's Aadhaar has it."""
    check = 0
    for place, each in enumerate(reversed(digits)):
        check = int(_TIMES[check][int(_TURNS[place % 8][int(each)])])
    return check == 0


def nhs(digits: str) -> bool:
    """The number of the NHS in England and Wales: modulo 11."""
    return len(digits) == 10 and sum(int(each) * (10 - place) for place, each in enumerate(digits)) % 11 == 0


def cpf(digits: str) -> bool:
    """Brazil's taxpayer number: two check digits modulo 11."""
    if len(digits) != 11 or len(set(digits)) == 1:
        return False
    sums = (sum(int(each) * (size + 1 - place) for place, each in enumerate(digits[:size])) for size in (9, 10))
    return all(total * 10 % 11 % 10 == int(check) for total, check in zip(sums, digits[9:], strict=True))


def spanish(text: str) -> bool:
    """Spain's DNI and NIE: a letter modulo 23."""
    text = text.upper()
    number = text[:-1].translate(str.maketrans("XYZ", "012"))
    return number.isdecimal() and DNI[int(number) % 23] == text[-1]


def fiscal_code(text: str) -> bool:
    """Italy's codice fiscale: a letter modulo 26 over tabled values."""
    values = [int(each, 36) - 10 if each.isalpha() else int(each) for each in text.upper()]
    odd = sum(FISCAL_ODD[value] for value in values[:-1:2])
    return (odd + sum(values[1:-1:2])) % 26 == values[-1]


def french(digits: str) -> bool:
    """France's NIR: 97 less the number modulo 97."""
    return len(digits) == 15 and 97 - int(digits[:13]) % 97 == int(digits[13:])


def swedish(digits: str) -> bool:
    """Sweden's personnummer of ten digits: a day, and Luhn's check digit."""
    return luhn(digits) and is_day(digits[:2], digits[2:4], digits[4:6])


def finnish(text: str) -> bool:
    """Finland's HETU: a day, and a sign modulo 31."""
    digits = text[:6] + text[7:10]
    return is_day(text[4:6], text[2:4], text[:2]) and HETU[int(digits) % 31] == text[10].upper()


def chinese(text: str) -> bool:
    """China's resident number: a day, and a sign modulo 11 (GB 11643)."""
    check = sum(int(each) * weight for each, weight in zip(text, CHINA, strict=False)) % 11
    return is_day(text[6:10], text[10:12], text[12:14]) and "10X98765432"[check] == text[17].upper()


def singaporean(text: str) -> bool:
    """Singapore's NRIC and FIN of the series S, T, F and G: a letter modulo 11."""
    total = sum(int(each) * weight for each, weight in zip(text[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True)) + (4 if text[0] in "TG" else 0)
    return ("JZIHGFEDCBA" if text[0] in "ST" else "XWUTRQPNMLK")[total % 11] == text[8]


def chilean(text: str) -> bool:
    """Chile's RUT: a sign modulo 11."""
    number, check = text[:-1], text[-1].upper()
    total = sum(int(each) * (2 + place % 6) for place, each in enumerate(reversed(number)))
    return "0K987654321"[total % 11] == check


def belgian(digits: str) -> bool:
    """Belgium's national number: 97 less the number modulo 97, with a 2 before it from the year 2000 on."""
    return any(97 - int(century + digits[:9]) % 97 == int(digits[9:]) for century in ("", "2"))


def routing(digits: str) -> bool:
    """The routing number of a bank in the United States: weights 3, 7, 1 modulo 10."""
    return sum(int(each) * (3, 7, 1)[place % 3] for place, each in enumerate(digits)) % 10 == 0


def is_day(year: str, month: str, day: str) -> bool:
    """Whether there is such a day; a year of two digits is of this century or the last."""
    try:
        date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        return False
    return True
