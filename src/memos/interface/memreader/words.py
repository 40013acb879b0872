"""Words: the closed classes of English, and the open ones of which the reader must know members, in lower case."""

from __future__ import annotations

import re
from typing import NamedTuple


def listed(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


ARTICLES = listed("a an the")
POSSESSIVES = listed("my your his her its our their whose mine yours hers ours theirs")
DEMONSTRATIVES = listed("this that these those")
QUANTIFIERS = listed(
    "all any some every each both no several many much few more most another other such enough either neither whole entire"
)
DETERMINERS = ARTICLES | POSSESSIVES | DEMONSTRATIVES | QUANTIFIERS
SUBJECTS = listed("i we you he she they it who there")
PRONOUNS = SUBJECTS | listed("""
me us him her them myself yourself himself herself ourselves themselves itself one ones mine yours hers ours theirs someone somebody
anyone anybody everyone everybody nobody something anything everything nothing somewhere anywhere everywhere stuff thing things whatever
whoever
""")
ASKING = listed("whats wheres whos hows what which who whom whose when where why how whether if")
MODALS = listed("""
do does did will would can could shall should may might must don't doesn't didn't won't wouldn't can't couldn't shouldn't cannot i'll
you'll he'll she'll we'll they'll i'd you'd he'd she'd we'd they'd to let's
""")
BEING = listed("""
am is are was were be been being isn't aren't wasn't weren't i'm you're he's she's it's we're they're that's there's what's who's
where's when's how's here's
""")
HAVING = listed("have has had having haven't hasn't hadn't i've you've we've they've")
PREPOSITIONS = listed("""
of in on at by for with about against between into through during before after above below to from up down out off over under since
until till around near towards toward upon within without across along behind beside besides beyond despite except inside outside onto
per than via regarding concerning among versus vs as like
""")
CONJUNCTIONS = listed("and or but nor so yet because while although though unless whereas when whenever that plus then")
ADVERBS = listed("""
not never ever always often sometimes usually again still just also too very really quite only even already yet now then here there ago
upstairs downstairs abroad online offline indoors outdoors overnight nowadays anymore rather once twice maybe perhaps actually please
soon later lately recently today tomorrow yesterday tonight anyway else instead together
away
back so far more most less least much well almost exactly originally currently previously finally first last long forward apart either
""")
_NO_ADVERB = listed(
    "family reply supply july italy fly ally belly bully jelly lily emily assembly holly billy sally kelly molly butterfly monopoly"
)

VERBS = listed("""
say says said saying tell tells told telling go goes went gone going eat eats ate eaten eating get gets got gotten getting buy buys
bought buying spend spends spent spending make makes made making take takes took taken taking give gives gave given giving come comes
came coming see sees saw seen seeing know knows knew known knowing think thinks thought thinking want wants wanted wanting need needs
needed needing like likes liked loves loved loving hates hated prefer prefers preferred enjoy enjoys enjoyed become becomes became keep
keeps kept keeping bring brings brought put puts putting send sends sent sending find finds found finding feel feels felt feeling leave
leaves left leaving meet meets met lose loses lost losing pay pays paid paying run ran running sit sits sat stand stands stood build
builds built catch caught choose chooses chose chosen draw drew drawn drink drinks drank drunk drive drives drove driven fall fell
fallen fly flies flew flown forget forgets forgot forgotten grow grew grown hear hears heard hold held hurt lead led learn learns
learned learnt learning lend lent let lie read reads ride rode ridden rise rose sing sang sung sleep slept speak speaks spoke spoken
steal stole swim swam teach teaches taught throw threw thrown understand understood wake woke wear wears wore worn win wins won write
writes wrote written writing break broke broken begin begins began begun happen happens happened recommend recommends recommended
suggest suggests suggested decide decides decided agree agrees agreed mention mentions mentioned discuss discusses discussed promise
promised ask asks asked asking talk talks talked talking work works worked live lives lived living move moves moved moving visit visits
visited call calls called named want use uses used using try tries tried start starts started starting stop stops stopped finish
finished attend attends attended join joined paint paints painted play plays played cook cooks cooked order orders ordered watch watched
adopt adopted marry married graduate graduated return returned receive received celebrate celebrated arrive arrived travel travelled
traveled stay stays stayed study studied apply applied book booked plan plans planned planning change changes changed changing evolve
evolved add adds added adding remember remembers remembered save saved store stored note noted record recorded log logged show shows
showed shown help helps helped believe believes believed hope hopes hoped look looks looked looking seem seems seemed turn turned bake
baked hike hiked ran walk walks walked swim complain complained explain explains explained describe describes described announce
announced mean means meant matter matters cost costs weigh weighs weighed own owns owned belong belongs order handle handled fix fixed
cancel cancelled canceled schedule scheduled owe owes owed borrow borrowed practice practiced practise practised prescribe prescribed
advise advised share shared gave invite invited compare compared count done doing did do been had have has having set reach reached quit
remind reminded react reacted respond responded train trained volunteer volunteered exercise happen include includes included contain
contains containing feel say stress stressed worry worried bother bothered expire expires expired break breaks drop drops dropped dropping
arrives reach reaches cry cries cried deploy deploys deployed serve serves served split book booked park parked deal dealing dealt
fit fits sell sells sold sort solved solve settle settled trust hire hired raise raised season serviced fire swum lend bring brings
thank suit suits exist exists expect expected keep consider considered consist sound sounds sounded notice noticed supposed hand handed
allow allows allowed require requires required owe owed prove proved proven flag flagged charge charged offer offered arrange arranged
choose pick picked pass passed push pushed pull pulled drive serve sign signed check checked claim claimed deliver delivered approve
approved refuse refused reject rejected hug hugged argue argued arguing turn turns turning lay laid bear bore shake shook tear tore
""")
"""Forms that are verbs wherever no determiner, possessive or preposition stands before them."""
HOMOGRAPHS = listed("""
plan plans call calls work works note notes record records log logs order orders visit visits change changes show shows help look looks
cost costs start starts finish practice practise schedule exercise drink drinks cut build builds share need needs use uses play plays
talk talks walk walks run runs stop stops stay study travel cook cooks dream store win wins plant train trains hike hikes want wants
hope hopes watch paint count handle fix pay bake list lists test tests view views sleep ride rides swim drive drives feeling turn fall
falls read reads reading find finds say training planning trip quote quotes promise promises comment report reports review reviews sign
offer offers request requests search parks shop shops draft drafts date dates point points move moves set sets stand stands rest match
matches name names land lands question questions answer answers result results smoke lock locks measure measures guess state states love
loves like likes hate meeting meetings catch stress worry worries benefit
""")
"""Forms that are verbs or nouns, by what stands beside them."""
NOUNLIKE = (
    HOMOGRAPHS
    | listed("""
book books break breaks drop drops deal deals fit park trust season seasons fire fires hand suit sound notice split charge charges flag
flags pick pass push check checks claim claims sign signs turn will
""")
) - listed("""
help look looks need needs use uses finish share want wants hope hopes say find love loves like likes hate stay feeling bake fall falls
pay sleep worry
""")
"""Those of them that stand as the head of a compound as well: "care plan", "site visit"."""
UNITS = listed("""
mg g kg km m cm mm ml l min mins minute minutes hour hours euro euros dollar dollars pound pounds percent gb mb kcal calories am pm
kilos kilometres kilometers miles mile litres grams metres degrees cents bucks
""")
KIN = listed("""
mother mom mum mommy mummy mama father dad daddy papa parents sister brother sibling siblings son daughter child kid kids husband wife
spouse partner fiance fiancé fiancee fiancée boyfriend girlfriend uncle aunt auntie cousin nephew niece grandmother grandma granny nana
gran grandad grandfather grandpa grandson granddaughter stepmother stepfather godmother godfather
""")
LIFE = KIN | listed("""
doctor doctors dentist boss landlord landlady neighbour neighbor neighbours neighbors colleague colleagues teacher therapist physio vet
nurse surgeon lawyer accountant plumber electrician mechanic contractor builder gardener babysitter nanny coach trainer tutor manager
supervisor client clients customer team tenant roommate flatmate friend friends guest guests supplier vendor optician specialist
cardiologist meeting meetings appointment appointments party trip call interview wedding funeral conference workshop dinner lunch
breakfast retreat offsite standup kickoff retro retrospective sprint project deadline budget proposal contract invoice quote draft plan
plans move renovation hospitalization hospitalisation surgery operation checkup check-up consultation prescription medication dose
diagnosis holiday holidays vacation flight hotel reservation booking itinerary exam exams class course lecture homework assignment rent
lease mortgage password code pin wifi wi-fi address decision decisions agenda minutes discussion conversation chat demo release launch
review feedback audit order delivery package parcel receipt kids dog cat puppy kitten car bike house flat apartment garden kitchen
diet workout gym reunion anniversary birthday graduation concert visit picnic barbecue hike hackathon seminar webinar training
session rehearsal game match
""")
"""Things and people of somebody's own life, where "the" or a name's "'s" stands before them."""
CONTAINERS = listed("""
note notes memory memories memo memos journal diary entry entries record records log logs reminder reminders list lists file files
conversation conversations chat chats history transcript transcripts bookmark bookmarks journals diaries todo todos to-do to-dos
""")
"""What holds memories and says nothing of what they are about."""
CREATE = listed("""
write compose draft create generate translate convert calculate compute solve code program implement debug refactor invent design draw
paint sing play tell explain define describe spell rewrite rephrase paraphrase proofread edit format recommend suggest imagine pretend
act roleplay brainstorm plan outline prove simplify answer teach help roll flip pick choose guess name give recite act joke improve
optimise optimize fix send open start turn set book order call email text make build sort reverse round factor plot render sing count-
down google browse
""")
_TOKEN = re.compile(r"[^\W_]+(?:['\u2019\-][^\W_]+)*['\u2019]?|[^\w\s]|_+")


class Word(NamedTuple):
    """A word or a mark of a text: in lower case with plain apostrophes, as it is written, and where."""

    low: str
    raw: str
    start: int
    end: int


def split(text: str, most: int = 600) -> list[Word]:
    """The words and marks of a text, so many at most."""
    found: list[Word] = []
    for match in _TOKEN.finditer(text):
        found.append(Word(match[0].lower().replace("\u2019", "'"), match[0], match.start(), match.end()))
        if len(found) == most:
            break
    return found


def adverbial(word: str) -> bool:
    """Whether a word is an adverb by its form or by the list."""
    return word in ADVERBS or (word.endswith("ly") and len(word) > 4 and word not in _NO_ADVERB)
