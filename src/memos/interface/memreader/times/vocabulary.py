"""Vocabulary: the English words of the grammar of times."""

from __future__ import annotations


def words_of(text: str) -> frozenset[str]:
    """The words of a text that spaces part."""
    return frozenset(text.split())


_MONTHS = "january february march april may june july august september october november december"
MONTHS = {name: number for number, name in enumerate(_MONTHS.split(), 1)}
MONTHS |= {name[:3]: number for name, number in MONTHS.items()} | {"sept": 9}
NAMELIKE = frozenset({"may", "march", "april", "june", "august", "mar", "jan", "apr", "aug", "jun", "dec"})
"""Months that are also names, verbs or other words."""
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday"
WEEKDAYS = {name: number for number, name in enumerate(_WEEKDAYS.split())}
SHORT_WEEKDAYS = {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6}
PLURAL_WEEKDAYS = {f"{name}s": number for name, number in WEEKDAYS.items()}
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
    "eleventh": 11, "twelfth": 12,
}  # fmt: skip
ORDINALS |= {"thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19}
ORDINALS |= {"twentieth": 20, "thirtieth": 30}
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
NUMBERS = {word: number for number, word in enumerate(_SMALL.split())}
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
DECADES = {"twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70, "eighties": 80, "nineties": 90}
VAGUE_NUMBERS = {"couple": 2, "few": 3, "several": 5, "dozen": 12}
"""What vague counts are read as."""
PARTS = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 24), "lunchtime": (12, 14), "noon": (12, 13)}
PARTS |= {"midday": (12, 13), "forenoon": (6, 12), "midnight": (0, 1), "breakfast": (6, 9)}
LAST = frozenset({"last", "past", "previous", "prior", "preceding"})
NEXT = frozenset({"next", "coming", "upcoming", "following"})
EDGES = {
    "beginning": "begin", "start": "begin", "early": "begin", "opening": "begin", "end": "end", "close": "end", "late": "end",
    "middle": "middle", "mid": "middle",
}  # fmt: skip
SURE = frozenset({"in", "since", "during", "until", "till", "throughout", "before", "after", "between", "within", "across"})
"""Prepositions behind which an ambiguous word is a time."""
LEADS = SURE | words_of(
    """
    on at for from by to of over through around about every each and or as this last next past previous coming early late mid upcoming
    following all versus vs than compared per & - – — ( circa starting beginning ending thru back only just
    """
)
FOLLOWS = words_of(
    """
    at in on of to from with and or but i we you he she they it did do does was were is are about by for that when what my our his her
    their because so who where if until till before after than then please again last next this through vs during only around morning
    afternoon evening night lunchtime noon week off there here via we've i'm as late early will would should can could have has had
    not went no too also which how between since versus instead
    """
)
"""Words that may stand behind a weekday that no preposition introduces."""
EVENTS = words_of(
    """
    bank meeting meetings call calls lunch dinner appointment appointments notes note session sessions entry entries standup workout email
    emails messages message class shift review demo report reports chat discussion visit conversation talk party interview budget
    expenses invoice invoices revenue sales numbers figures bills bill plans goals trip trips schedule spending statement release
    summary
    """
)
VERBS = words_of(
    """
    said says told went came comes gave took got is was has had will would can could and wrote thinks thought likes wants knows made
    left met called lives works sent brought loves does did just never always doesn't didn't also should must might bought asks ran be
    sang sings i you we he she they have not or read kept felt won lost saw broke
    """
)
COUNTED = words_of(
    """
    calories steps dollars euros pounds people words tokens items km kcal miles meters metres times users points pages copies records
    rows lines characters mg ml kg grams mm cm percent employees followers customers bytes kb mb gb hz rpm watts kwh feet ft inches
    yen files photos votes seats units usd eur gbp pieces subscribers hours minutes seconds days weeks months years questions messages
    songs books cups liters litres tons bucks cents shares square cubic iu
    """
)
NOT_A_YEAR_BEHIND = words_of(
    """
    v release python lines pages rows rooms sections verse psalm
    room agent version route bus flight pin code extension area highway step page chapter line order ticket issue model port number no
    id # error gate apartment unit building suite flat train section item invoice case windows office pr bug bin zip ext iso rfc
    channel locker box top level street password account form article sku ref reference serial part $ € £ rs usd about exactly
    approximately over under than cost costs paid least most nearly almost roughly some another book novel film movie song titled
    called named album with spent earned size only to is are was at times plus minus @
    """
)
FORWARD = words_of(
    """
    reminders
    will 'll shall upcoming due planned scheduled gonna deadline deadlines expire expires tomorrow remind reminder coming plan plans
    planning must need book schedule agenda wake rsvp booked soon tonight
    """
)
BACKWARD = words_of(
    """
    did was were had said happened told wrote ate met bought talked discussed went mentioned saved noted spent moved visited saw
    decided agreed asked got sent made came took recorded learned ran gave felt started finished called stored logged watched read
    changed worked lived knew
    """
)
PROGRESSIVE = frozenset({"am", "is", "are", "'m", "'re", "'s", "m", "re", "i'm", "we're"})
ASKS = frozenset({"what", "who", "where", "when", "how", "which", "why", "of", "about"})
"""Behind "remind me" they ask about what was."""
