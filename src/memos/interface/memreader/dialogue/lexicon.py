"""Lexicon: the closed classes of English words, and the few open ones, by which a dialogue is followed."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

from memos.interface.memreader.dialogue import verbs


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def any_of(*groups: str) -> str:
    """A pattern of alternatives, written with plain spaces and separated by bars."""
    return "(?:" + "|".join(groups).replace(" ", r"\s+") + ")"


DETERMINERS = _set("the a an my our his her their its your this that these those some any each every another both all no what which whose")
POSSESSIVES = _set("my our his her their its your")
PREPOSITIONS = _set(
    """about above across after against along among around as at before behind below beside between beyond by concerning despite down
    during except for from in inside into like near of off on onto out outside over past per regarding since than through throughout till
    to toward towards under until up upon versus via vs with within without"""
)
AUXILIARIES = _set(
    """am is are was were be been being do does did done have has had having can could will would shall should may might must isn't aren't
    wasn't weren't don't doesn't didn't haven't hasn't hadn't can't couldn't won't wouldn't shouldn't i'm i've i'd i'll we're we've we'd
    you're you've it's that's there's he's she's they're they've what's who's where's when's how's let's"""
)
WH = _set("what who whom whose which when where why how")
CONJUNCTIONS = _set("and or but because so if whether while although though unless when where why how who which that than nor once as")
PRONOUNS = _set(
    """i me we us you he him she her it they them myself yourself himself herself itself ourselves themselves mine yours hers theirs ours
    somebody someone anybody anyone nobody everybody everyone something anything nothing everything there here then one ones this that
    these those it's"""
)
PERSONAL = _set("he she it they him her them his its their it's he's she's they're")
ADVERBS = _set(
    """again already also always almost alone away back badly ago just not never now often only perhaps maybe probably quite rather really
    soon still too very well yet today tomorrow yesterday tonight please instead together exactly actually either else ever even anyway
    altogether later earlier sometimes usually recently finally lately once twice n't ok okay yes hi hello thanks thank"""
)
words_of = _set
VERBS, IRREGULAR, PAST = verbs.VERBS, verbs.IRREGULAR, verbs.PAST
"""Common verbs, past forms that are nothing else, and past forms in which many sentences are told."""
NOUN_TOO = _set(
    """fix fall feed cut drop offer promise answer book call change check cost drink drive feel help list look love move need order
    plan play record reply share show start stay stop
    store talk text travel try use visit wait walk watch work note update count track schedule save archive like"""
)
"""Verbs that are nouns after an article, and within a noun phrase."""
ONLY_VERBS = VERBS - NOUN_TOO
"""Verbs that are no nouns."""
_FORMS = frozenset(
    form for verb in ONLY_VERBS for form in (verb + "s", verb + "ing", verb.removesuffix("e") + "ing", verb + "es")
)  # fmt: skip
COMMANDS = _set(
    """tell show list remind find search give summarise summarize compare count remember save store note archive delete forget update add
    remove share restore freeze erase record keep describe explain check look get log write put book plan schedule recall read bring
    collect set change cancel repeat unfreeze confirm transfer send mark move export print pull make"""
)
STATING = _set(
    """think thinks thought say says said believe believes know knows knew hope hopes guess sure glad happy sad sorry afraid told tell
    tells me us heard mean means so such aware certain confident claim claims claimed mentioned mention noticed notice realised realized
    decided decide agree agreed suggested suggests suggest show shows showed remember remind forget note notice promised promise insist
    now given provided likely clear true important fact feel feels felt found find see saw learned worried wish explain explained"""
)
"""Words after which "that" begins a clause, where one follows."""

_FEMALE = """
oma nan nonna abuela babcia nain mother mom mum mommy mama mummy sister sis daughter wife girlfriend fiancée aunt auntie niece
grandmother grandma granny nana
granddaughter stepmother stepmom stepdaughter stepsister godmother landlady mother-in-law sister-in-law daughter-in-law woman girl lady
queen actress waitress widow ex-wife ex-girlfriend bride hostess mrs ms miss madam"""
_MALE = """
opa nonno abuelo taid father dad daddy papa brother bro son husband boyfriend fiancé uncle nephew grandfather grandpa grandson
stepfather stepdad
stepson stepbrother godfather landlord father-in-law brother-in-law son-in-law man guy boy gentleman king actor waiter widower ex-husband
ex-boyfriend groom mr sir"""
FEMALE, MALE = _set(_FEMALE), _set(_MALE)
ROLES = _set(
    """accountant adviser advisor agent architect assistant attorney barber boss builder candidate chef child classmate client coach
    colleague contractor cousin coworker co-worker customer dentist designer director doctor driver editor electrician employee engineer
    fiance flatmate friend gardener gp guest guide hairdresser host instructor intern inspector interviewer investor judge kid lawyer
    librarian manager mechanic mentor nanny neighbor neighbour neurologist notary nurse nutritionist officer optician oncologist
    orthodontist owner parent partner patient pediatrician paediatrician pharmacist photographer physician physio physiotherapist plumber
    postman principal producer professor psychiatrist psychologist realtor recruiter roommate salesman secretary sibling solicitor
    specialist spouse student supervisor supplier surgeon surveyor tailor teacher teammate technician tenant therapist trainer tutor twin
    vendor vet veterinarian writer author master captain president chairman chairwoman chair intern nephew reviewer organiser organizer
    mayor minister priest pastor manager foreman handyman electrician carpenter cardiologist
    dermatologist painter baby toddler consultant developer counselor
    counsellor caretaker cleaner babysitter buddy pal mate person speaker sponsor stranger"""
)
FOLK = FEMALE | MALE | ROLES
PLURAL_FOLK = _set(
    "parents kids children grandparents siblings people guys men women folks team family couple twins neighbours neighbors staff"
)
ORGANISATIONS = _set(
    """bank company team council agency insurer clinic hospital shop store school university airline hotel restaurant firm landlords police
    board committee garage office vendor supplier contractor government family band club"""
)
PLACES = _set(
    """place city town village country region island beach hotel restaurant cafe café bar museum park hospital clinic office school
    university house flat apartment home airport station venue gym library shop store church theatre theater cinema building street area
    neighbourhood neighborhood state resort campsite garage bakery market pub hostel farm lake mountain garden"""
)
EVENTS = _set(
    """fall crash injury argument fight accident meeting call appointment trip journey holiday vacation visit party wedding
    conference workshop interview lunch dinner breakfast
    concert festival exam test course class lesson session talk lecture presentation surgery operation hospitalization hospitalisation
    hospital-stay checkup check-up procedure treatment flight tour hike race marathon match game funeral birthday anniversary graduation
    conversation chat discussion date event retreat offsite standup stand-up review retrospective demo launch release sprint move
    relocation training seminar ceremony show exhibition fair negotiation hearing incident accident outage call-out barbecue picnic
    reunion walk run ride excursion honeymoon internship semester"""
)
INFLECTED = (
    (_set("says said tells told asks asked wants wanted needs needed likes liked has goes does gets got makes") | _FORMS)
    - EVENTS
    - _set("building feeling meaning writing running cycling swimming")
)
SAME = (
    _set("meeting call appointment conversation chat discussion session talk"),
    _set("trip journey holiday vacation tour excursion getaway travel visit"),
    _set("doctor physician gp specialist"),
    _set("plan proposal strategy idea suggestion"),
    _set("medication medicine drug pills pill prescription tablets"),
    _set("flat apartment house place home"),
    _set("film movie"),
    _set("restaurant cafe café place bistro"),
    _set("job position role"),
    _set("company firm employer"),
    _set("car vehicle"),
    _set("cost price fee"),
    _set("surgery operation procedure"),
    _set("kid child son daughter"),
)
"""Nouns that take up one another: "that journey" after "my trip"."""
GENERAL = {
    "person": _set("person guy man woman girl boy lady gentleman individual colleague friend name"),
    "place": _set("place city town village country region island area spot venue location destination"),
    "organisation": _set("company firm organisation organization employer business startup agency vendor supplier institution"),
    "work": _set("book film movie song album series show novel podcast game play article"),
    "event": _set("event occasion gathering thing"),
    "time": _set(
        """time day week month year period weekend date season quarter summer winter spring autumn fall morning afternoon evening night hour
        minute decade century semester term january february march april may june july august september october november december monday
        tuesday wednesday thursday friday saturday sunday christmas easter"""
    ),
    "thing": _set("thing topic subject issue matter problem item stuff question point one"),
}
"""Nouns that take up anything of a kind."""
ATTRIBUTES = _set(
    """price cost fee address phone number email e-mail name date time size colour color deadline owner location status reason dose dosage
    result results outcome duration length weight height age birthday author title capital budget brand model version colour password
    code pin rent salary rate amount total quantity venue ingredients schedule duration risks benefits side-effects effects agenda
    warranty mileage distance menu rating temperature speed capacity details cause conclusion decision decisions terms"""
)
"""Nouns that are of something: "and the price?" is that of what was spoken of."""
ATTACH = {
    "to": _set(
        "trip journey flight visit move letter email message gift way ticket tickets train drive reply answer response invitation link"
    ),
    "with": _set(
        """meeting call lunch dinner breakfast appointment conversation chat interview trip problem issue contract deal agreement date
        session talk discussion argument relationship friendship experience holiday vacation partnership visit walk"""
    ),
    "about": _set(
        """meeting book article note notes report talk discussion presentation paper question document email story film conversation ideas
        thoughts information plan plans call message complaint memory memories concerns details rumour news lecture argument podcast"""
    ),
    "on": _set("book article note notes report talk presentation paper lecture information data course seminar"),
    "for": _set(
        """plan plans recipe budget ticket tickets gift present idea ideas dose prescription appointment flight list party proposal date
        deadline reason price venue visa insurance menu schedule passport medication costs cost room booking reservation tests exam"""
    ),
    "in": _set("house flat apartment hotel restaurant conference party office job shop workshop course café cafe meeting school"),
    "at": _set("meeting conference talk party job appointment lunch dinner internship stay"),
    "from": _set(
        "letter email message gift parcel package present card postcard photos notes report call quote invoice feedback note news"
    ),
    "between": _set("meeting difference conversation agreement contract relationship call discussion"),
}
"""Which nouns a preposition after them completes."""
CHITCHAT = _set(
    """thanks thank you great cool nice ok okay good perfect lol haha wow hi hello hey morning evening night bye goodbye awesome sure yes no
    fine alright right interesting wonderful lovely excellent cheers sorry oh ah hmm well so that's that is very much a lot really i see got
    it understood welcome hope helps have day all for now amazing brilliant sounds how are doing today i'm not bad and am hm
    hmm ugh ha haha typical lol thx cheers star you're me brilliant gosh ouch phew whoa damn never mind wait"""
)
"""A turn of these words alone says nothing that the next may take up."""

MINDED = frozenset(
    {
        "think",
        "say",
        "said",
        "tell",
        "told",
        "want",
        "like",
        "agree",
        "know",
        "mention",
        "decide",
        "promise",
        "reply",
        "answer",
        "feel",
        "live",
    }
)
"""What people do and things do not."""

WHEN = frozenset({"last", "next", "every", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "recently"})
"""Words after "her" that are no thing of hers."""

SCHEDULING = frozenset(["move", "cancel", "reschedule", "postpone", "shift", "book", "attend", "rebook", "confirm"])
"""What is done to appointments."""

MEASURING = _set("more less higher lower cheaper dearer longer shorter better worse too normal enough expensive cheap much")
"""What is said of an amount."""


@lru_cache(maxsize=1)
def _genders() -> dict[str, str]:
    data = json.loads(files(__package__).joinpath("genders.json").read_text(encoding="utf-8"))
    return {name: gender[0] for gender in ("female", "male") for name in data[gender].split()}


@lru_cache(maxsize=1)
def first_names() -> frozenset[str]:
    """The first names that are known."""
    return frozenset(_genders())


def gender(name: str) -> str:
    """`f` or `m` where a first name, a title or a word of kinship tells, else `?`."""
    for word in name.lower().replace(".", "").split():
        if word in FEMALE:
            return "f"
        if word in MALE:
            return "m"
        if found := _genders().get(word.removesuffix("'s")):
            return found
    return "?"


def singular(word: str) -> str:
    """A noun in its singular, as far as its ending tells."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def plural(word: str) -> bool:
    """Whether a noun is a plural, as far as its ending tells."""
    return word in PLURAL_FOLK or word in {"people", "men", "women", "children"} or singular(word) != word


def kind_known(low: str) -> bool:
    """Whether a word is no verb, adverb or small word, so that with a capitalised one before it, it is a noun: "boiler swap"."""
    small = low in PREPOSITIONS | AUXILIARIES | CONJUNCTIONS | PRONOUNS | ADVERBS | DETERMINERS
    verbal = low in VERBS - NOUN_TOO or low in INFLECTED or low.endswith(("ed", "ly")) or low in PAST
    return not small and not verbal and not (low.endswith("s") and not low.endswith("ss"))


VAGUE = _set(
    """foot average hours minutes km miles mind hand general total lift rule note notes memory memories record records table list
    question anything thing things time times lot bit idea way day one ones summary
    timeline details information info everything something nothing news part kind sort number others rest dates entry entries copy"""
)
"""Nouns that are hardly what a pronoun takes up."""
TRANSPARENT = _set(
    "question detail story information feedback update thought opinion mention overview gist history recap set pair name rest"
)
"""Nouns that only say what is had of what completes them."""
KIN_NAMES = _set(
    """
    mum mom mummy mommy mama dad daddy papa grandma grandpa granny nana grandad granddad gran auntie uncle aunt mother father oma
    opa nan nonna nonno abuela abuelo babcia nain taid"""
)
"""Words of kinship that stand as names, with no article."""
DOCUMENTS = _set(
    """note list email mail letter message report recipe contract lease plan document file entry article book folder page draft form
    invoice receipt ticket log summary memo diary journal code password number quote agreement policy photo picture record version
    decision minutes essay paper thesis review agenda story poem"""
)
