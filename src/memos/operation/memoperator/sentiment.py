"""Sentiment: positive, negative or neutral, by VADER (Hutto and Gilbert, ICWSM 2014): a lexicon, and rules for what turns its words."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

READ = 600
"""So many characters say how a text sounds; the lexicon takes some ten microseconds a word."""
POSITIVE, NEGATIVE = 0.4, -0.3
"""From which compound score on, in [-1, 1], a text is called so."""


ASKING = 0.5
"""From which distance from 0 on what asks or orders something is called so: "please" and "safe" tell no feeling there."""
SPELT = {"favourite": "favorite", "favourites": "favorites"}
"""British spellings of words that the lexicon has in their American ones."""


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    """The analyser, made once, in 20 ms: it reads its lexicon from its own folder and opens no network."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    made = SentimentIntensityAnalyzer()
    made.lexicon |= {british: made.lexicon[american] for british, american in SPELT.items()}
    return made


def sentiment(text: str, *, asks: bool = False) -> tuple[str, float]:
    """How a text sounds, with a confidence that grows with the distance from the thresholds; `asks` tells a question or an order."""
    compound: float = _analyzer().polarity_scores(text[:READ])["compound"]
    high, low = (ASKING, -ASKING) if asks else (POSITIVE, NEGATIVE)
    if compound >= high:
        return "positive", _sure(compound - high)
    if compound <= low:
        return "negative", _sure(low - compound)
    return "neutral", _sure(min(high - compound, compound - low))


def _sure(distance: float) -> float:
    return round(min(1.0, 0.5 + distance), 2)
