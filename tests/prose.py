"""Paragraphs for the trials of attribution: made by a grammar over a wide vocabulary, so that two of them share no more than prose does,
and some written by hand, each with a paraphrase by hand, beside stock phrases such as people paste below everything.
"""

import json
from pathlib import Path
from random import Random

DATA = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
NOUNS, ADJECTIVES, VERBS, ADVERBS, NAMES = (DATA[kind].split() for kind in ("nouns", "adjectives", "verbs", "adverbs", "names"))
TIMES, JOINS, PLACES, WORTH = (DATA[kind].split("|") for kind in ("times", "joins", "places", "worth"))
STOCK = DATA["stock"]
"""What is pasted below or above everything."""
BY_HAND = DATA["by_hand"]
"""Paragraphs, each with what another would say for it."""


class Writer:
    """Writes paragraphs, the same from the same seed. Some words are commoner than others, as in any prose."""

    def __init__(self, seed):
        self.random = Random(seed)

    def one(self, words):
        return words[min(int(self.random.paretovariate(0.9)) - 1 + self.random.randrange(len(words) // 2), len(words) - 1)]

    def thing(self):
        article = self.random.choice(("the", "a", "her", "his", "their", "our", "that", "some", "every", "the other"))
        kind = f"{self.one(ADJECTIVES)} " if self.random.random() < 0.6 else ""
        whose = f" of {self.one(NAMES)}" if self.random.random() < 0.1 else ""
        named = f"{kind}{self.one(NOUNS)}{whose}"
        return f"an {named}" if article == "a" and named[0] in "aeiou" else f"{article} {named}"

    def somebody(self):
        return self.one(NAMES) if self.random.random() < 0.5 else self.thing()

    def clause(self):
        parts = [self.somebody()]
        if self.random.random() < 0.4:
            parts.append(self.one(ADVERBS))
        if self.random.random() < 0.15:
            parts += [self.one(WORTH), self.somebody()]
        parts += [self.one(VERBS), self.thing()]
        if self.random.random() < 0.5:
            parts += [self.one(PLACES), self.thing()]
        if self.random.random() < 0.35:
            parts.append(self.one(TIMES))
        return " ".join(parts)

    def sentence(self):
        text = self.clause()
        if self.random.random() < 0.45:
            text += f"{self.random.choice((', ', ' '))}{self.one(JOINS)} {self.clause()}"
        elif self.random.random() < 0.2:
            text = f"{self.one(TIMES)}, {text}"
        number = f" It cost {self.random.randrange(2, 990)} crowns." if self.random.random() < 0.08 else ""
        return text[0].upper() + text[1:] + self.random.choice("....?!") + number

    def paragraph(self):
        """Some 60 to 110 words."""
        return " ".join(self.sentence() for _ in range(self.random.randrange(5, 9)))


def quotation(paragraph, share, random):
    """Words in a row, so large a share of a paragraph."""
    words = paragraph.split()
    count = max(1, round(len(words) * share))
    start = random.randrange(len(words) - count + 1)
    return " ".join(words[start : start + count])


def reset(text, random):
    """The same words in other case, with other punctuation and other spaces."""
    made = text.upper() if random.random() < 0.3 else text.lower() if random.random() < 0.6 else text.title()
    made = made.translate(str.maketrans(dict.fromkeys(".,!?", random.choice(("", ";", " —", "…")))))
    return made.replace(" ", random.choice(("\n", "  ", " \u200b", "\u00a0")))


def one_in_ten(text, random):
    """One word in ten replaced, each at a place of its own choosing within its ten."""
    words = text.split()
    for start in range(0, len(words), 10):
        words[min(start + random.randrange(10), len(words) - 1)] = random.choice(ADVERBS + ADJECTIVES)
    return " ".join(words)
