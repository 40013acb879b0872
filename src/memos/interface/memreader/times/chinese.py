"""Chinese: its time phrases, simplified and traditional, for the English grammar."""

from __future__ import annotations

from functools import cache

from memos.interface.memreader.times.tokens import Token
from memos.interface.memreader.times.translation import NOTHING, Phrase, Translator

_DIGITS = {**{mark: value for value, mark in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2, "兩": 2}
_NUMBER = r"[0-9]{1,9}|半|几|[一二三四五六七八九十两兩]{1,3}"
_MONTH_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_WEEKDAYS = dict(
    zip("一二三四五六日天", ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Sunday"), strict=True)
)
_UNITS = {
    "秒": "second", "分钟": "minute", "分鐘": "minute", "小时": "hour", "小時": "hour", "钟头": "hour", "天": "day", "日": "day",
    "周": "week",
    "週": "week", "星期": "week", "礼拜": "week", "禮拜": "week", "月": "month", "季度": "quarter", "季": "quarter", "年": "year",
    "周末": "weekend",
    "週末": "weekend", "世纪": "century",
}  # fmt: skip
_SEASONS = {"春": "spring", "夏": "summer", "秋": "autumn", "冬": "winter"}
_PARTS = {
    "早上": "morning", "早晨": "morning", "上午": "morning", "清晨": "morning", "中午": "noon", "下午": "afternoon", "傍晚": "evening",
    "晚上": "evening", "晚间": "evening", "夜里": "night", "晚": "evening",
}  # fmt: skip
_FEASTS = {
    "圣诞节": "Christmas", "聖誕節": "Christmas", "平安夜": "Christmas Eve", "春节": "Lunar New Year", "春節": "Lunar New Year",
    "除夕": "New Year's Eve",
    "元旦": "New Year's Day", "情人节": "Valentine's Day", "万圣节": "Halloween", "感恩节": "Thanksgiving", "复活节": "Easter",
    "国庆节": "National Day", "劳动节": "May Day",
}  # fmt: skip
_FEASTS.pop("除夕")  # the eve of the lunar year, which the grammar has no name for
_YEARS = {"去年": "last year", "今年": "this year", "明年": "next year", "前年": "the year before last", "后年": "the year after next"}
_MODIFIERS = {"上": "last", "这": "this", "這": "this", "本": "this", "下": "next"}
_DAY_WORDS = {
    "今天": "today", "今日": "today", "昨天": "yesterday", "昨日": "yesterday", "明天": "tomorrow", "明日": "tomorrow",
    "前天": "the day before yesterday", "后天": "the day after tomorrow", "後天": "the day after tomorrow", "大前天": "3 days ago",
    "大后天": "3 days from now", "今": "today", "昨": "yesterday", "明": "tomorrow",
}  # fmt: skip
_EDGES = {"初": "beginning", "底": "end", "末": "end", "中": "middle", "中旬": "middle", "上旬": "beginning", "下旬": "end"}


def _one_of(words: dict[str, str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_WEEK = "周|週|星期|礼拜|禮拜"
_LONG_DAYS = _one_of({word: "" for word in _DAY_WORDS if len(word) > 1})
_PIECES = {
    "n": _NUMBER, "unit": "分钟|分鐘|小时|小時|钟头|秒|天|日|周末|週末|周|週|星期|礼拜|禮拜|月|季度|年|世纪", "season": "[春夏秋冬]",
    "part": _one_of(_PARTS),
    "feast": _one_of(_FEASTS), "yearword": _one_of(_YEARS), "mod": "[上这這本下]", "wd": "[一二三四五六日天]",
    "dayword": _LONG_DAYS, "edge": _one_of(_EDGES),
    "year": "(?:1[5-9]|20|21)[0-9]{2}|[一二][〇零一二三四五六七八九]{3}", "month": "1[0-2]|[1-9]|十[一二]?|[一二三四五六七八九]",
    "dom": "[1-3]?[0-9]|[一二三四五六七八九十]{1,3}", "hour": "[0-2]?[0-9]|[一二三四五六七八九十两]{1,3}", "q": "[1-4一二三四]",
    "short": "[今昨明]",
    "pick": "第[一二三四五1-5]|最后一",
}  # fmt: skip
_ORDINAL = {
    "一": "first",
    "二": "second",
    "三": "third",
    "四": "fourth",
    "五": "fifth",
    "1": "first",
    "2": "second",
    "3": "third",
    "4": "fourth",
    "5": "fifth",
}
_AFTER = r"(?=[^。；\n]{0,12})"
_PHRASES: tuple[Phrase, ...] = (
    (r"<year>年(?:之|以)?前", "before the year {year}"),
    (r"<year>年(?:之|以)?(?:后|後)", "after the year {year}"),
    (r"<n>个?多?<unit>(?:之|以)?前", "{n} {unit} ago"),
    (r"<n>個?<unit>(?:之|以)?(?:后|後)", "{n} {unit} from now"),
    (r"<n>个<unit>(?:之|以)?(?:后|後)", "{n} {unit} from now"),
    (r"(?:最近|过去|過去|近)的?<n>[个個]?<unit>", "the last {n} {unit}"),
    (r"(?:接下来|未来|今后)的?<n>[个個]?<unit>", "the next {n} {unit}"),
    (r"上上[个個]?<unit>", "the {unit} before last"),
    (r"下下[个個]?<unit>", "the {unit} after next"),
    (rf"<mod>[个個]?(?:{_WEEK})<wd>(?:<part>)?", lambda g: f"{g['wd']} of {g['mod']} week {g.get('part', '')}"),
    (rf"<mod>[个個]?(?:{_WEEK})末", "{mod} weekend"),
    (r"<mod>[个個]?月<dom>[日号號]", lambda g: f"the {g['dom']}th of {g['mod']} month"),
    (r"<mod>[个個]?月<edge>", "the {edge} of {mod} month"),
    (r"<mod>[个個]<unit>", "{mod} {unit}"),
    (r"<mod>(?:周|週|星期|礼拜|禮拜)(?!围|圍|到|刊|边|邊)", "{mod} week"),
    (r"<mod>(?:季度)", "{mod} quarter"),
    (r"(?:本|这|這)(?P<thisunit>月|年)", "this {thisunit}"),
    (r"<year>年第<q>季度", "q{q} {year}"),
    (r"<year>年(?P<half>[上下])半年", lambda g: f"the {g['half']} half of {g['year']}"),
    (r"<yearword>(?P<half>[上下])半年", lambda g: f"the {g['half']} half of {g['yearword']}"),
    (r"第<q>季度", "q{q}"),
    (r"<year>年<month>月<dom>[日号號]", "{dom} {month} {year}"),
    (r"<year>年<month>月(?:份)?<edge>", "the {edge} of {month} {year}"),
    (r"<year>年<month>月<pick>[个個]?(?:周|星期)", "the {pick} week of {month} {year}"),
    (r"<year>年<month>月(?:份)?", "in {month} {year}"),
    (r"<year>年的?<feast>", "{feast} {year}"),
    (r"<year>年的?<season>[天季]?", "{season} {year}"),
    (r"<year>年(?:年)?<edge>", "the {edge} of {year}"),
    (r"<year>年(?!代)", "the year {year}"),
    (r"(?P<decade>[1-9]0|(?:1[5-9]|20)[0-9]0|[二三四五六七八九]十)年代", lambda g: f"in the {g['decade']}s"),
    (r"<yearword>的?<month>月<dom>[日号號]", "{dom} {month} of {yearword}"),
    (r"<yearword>的?<month>月(?:份)?", "{month} of {yearword}"),
    (r"<yearword>的?<feast>", "{feast} of {yearword}"),
    (r"<yearword>的?<season>[天季]?", "the {season} of {yearword}"),
    (r"<yearword>年?<edge>", "the {edge} of {yearword}"),
    (r"<yearword>", "{yearword}"),
    (r"(?<![0-9])<month>月<dom>[日号號]", "{dom} {month}"),
    (r"(?<![0-9])<month>月<pick>[个個]?(?:周|星期)", "the {pick} week of {month}"),
    (r"(?<![0-9个個])<month>月份?<edge>", "the {edge} of {month}"),
    (r"(?<![0-9个個])<month>月(?:份)?(?!亮|饼)", "in {month}"),
    (r"昨晚(?:上)?", "last night"),
    (r"今晚(?:上)?", "tonight"),
    (r"明晚(?:上)?", "tomorrow evening"),
    (r"<dayword>的?<part><hour>(?:点|點|时)(?:钟|鐘)?", lambda g: f"{g['dayword']} at {g['hour']} in the {g['part']}"),
    (r"<dayword>的?<hour>(?:点|點)(?:钟|鐘)?", "{dayword} at {hour}"),
    (r"<dayword>的?<part>", "{dayword} {part}"),
    (r"<dayword>", "{dayword}"),
    (rf"(?:{_WEEK})<wd>(?:<part>)?", lambda g: f"on {g['wd']} {g.get('part', '')}"),
    (r"周末|週末", "this weekend"),
    (r"(?:在)?<feast>", "on {feast}"),
    (r"(?:每)(?:天|日)", "every day"),
    (r"(?:之|以)前", "zbefore"),
    (r"(?:之|以)(?:后|後)", "zafter"),
    (r"以来|以來|开始|開始|起(?=[，,。 ]|$)", "zsince"),
    (r"为止|為止", "zuntil"),
    (r"自(?:从|從)?|从|從", "from"),
    (r"到|至|直到", "to"),
    (r"(?:提醒|计划|安排|将要|打算)", "will"),
)  # fmt: skip


def number(words: str) -> str:
    """A number in Chinese or in figures, as figures."""
    if words.isascii():
        return words
    if words in {"半", "几"}:
        return {"半": "0.5", "几": "3"}[words]
    if "十" not in words:
        return "".join(str(_DIGITS[mark]) for mark in words)
    tens, _, ones = words.partition("十")
    return str((_DIGITS.get(tens, 1) if len(tens) <= 1 else 1) * 10 + (_DIGITS.get(ones, 0) if len(ones) <= 1 else 0))


_TABLES = {
    "unit": _UNITS, "season": _SEASONS, "part": _PARTS, "feast": _FEASTS, "yearword": _YEARS, "mod": _MODIFIERS, "wd": _WEEKDAYS,
    "dayword": _DAY_WORDS, "edge": _EDGES, "thisunit": {"月": "month", "年": "year"}, "half": {"上": "first", "下": "second"},
}  # fmt: skip


def _means(group: str, words: str) -> str:
    if group in _TABLES:
        return _TABLES[group][words]
    if group == "pick":
        return "last" if words == "最后一" else _ORDINAL[words[1:]]
    if group == "month":
        return _MONTH_NAMES[int(number(words)) - 1]
    return number(words)


_BEHIND = {"zbefore": "before", "zafter": "after", "zsince": "since", "zuntil": "until"}
_OPENING = frozenset({"from", "to"})


def tokens_of_chinese(text: str) -> list[Token]:
    """The tokens of a text for the English grammar; what stands behind a time in Chinese, before and since, comes before it."""
    found: list[Token] = []
    for token in translator().tokens(text):
        bearing = _BEHIND.get(token.low)
        if bearing is None:
            found.append(token)
            continue
        first = len(found)
        while first > 0 and found[first - 1].low != NOTHING and found[first - 1].kind != "mark" and found[first - 1].low not in _OPENING:
            first -= 1
        if first == len(found):
            continue
        opens = first > 0 and found[first - 1].low in _OPENING
        start = found[first - 1 if opens else first].start
        found[first - 1 if opens else first : first] = [Token(bearing, bearing, start, token.end, "word")]
    return found


@cache
def translator() -> Translator:
    """The translator of Chinese; its patterns are compiled once."""
    return Translator.of(_PHRASES, _PIECES, _means)
