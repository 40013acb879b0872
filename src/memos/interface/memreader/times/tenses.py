"""Tenses: the English words by which a statement tells whether what it dates was or is to come."""

from __future__ import annotations

from memos.interface.memreader.times.vocabulary import words_of

BE = frozenset({"am", "is", "are", "m", "re"})
PASSIVE = BE | words_of("be gets get getting being")
"""Before a participle they leave it to the time said: will be paid, is closed, gets painted."""
MODALS = words_of("will ll d shall should must might can would gonna wanna")
PAST = words_of(
    """
    did didn was wasn were weren had hadn could couldn been done gone seen taken given known written broken eaten driven flown grown
    spoken chosen fallen worn stolen frozen hidden ridden shown thrown drawn forgotten begun drunk sung sworn torn woken
    ate became began bent bit bled blew bought bred broke brought built burnt came caught chose clung crept dealt did dreamt drew drank
    drove dug fed fell felt fought found fled flew forgot forgave froze gave got grew heard held hid hung kept knelt knew laid lay leapt
    learnt led left lent lit lost made meant met mistook paid proved rang ran rode rose said sang sank sat saw sent sewed shook shone shot
    showed slept slid smelt sold sought spelt spent spilt spoke spoilt stood stole stuck struck stung swam swept swore swung taught tore
    threw thought told took tried understood undertook withdrew woke won wore wove wrote went wound wept overslept underwent overcame
    born died came bound flung shrank sped spun spat sprang strode beat lied tied used owed
    """
)
UNCHANGED = words_of("put cut hit hurt quit read let shut split spread bet cast cost burst upset broadcast")
"""Verbs whose past looks like their present: of a statement without a helping verb the past is meant."""
NO_PAST = words_of(
    """
    need indeed hundred hundreds speed feed seed weed breed exceed proceed succeed embed unmarried sacred naked shed sled worried excited
    stressed concerned overwhelmed interested tired scared relieved confused thrilled frustrated exhausted annoyed disappointed delighted
    determined motivated inspired talented experienced
    """
)
INTENDS = words_of(
    """
    decided agreed promised planned asked told invited offered arranged allowed ordered chose chosen expected supposed reminded advised
    recommended urged encouraged booked scheduled set due signed hired elected appointed begged instructed requested required obliged
    forced authorised authorized cleared permitted forbidden forbade vowed swore threatened volunteered elected opted resolved
    """
)
"""Behind them "to" and a verb tell of what is to come: agreed to move, told us to leave."""
SHIFTS = words_of(
    "moved postponed rescheduled pushed shifted delayed deferred extended prolonged changed brought rebooked adjourned renewed"
)
BOOKS = words_of(
    """
    booked reserved scheduled planned arranged rented registered enrolled rebooked invited expected ordered fixed agreed signed got bought
    """
)
AGREES = words_of(
    """
    got signed accepted agreed negotiated raised rented hired booked reserved bought found approved promised offered given increased
    lowered renewed extended granted
    """
)
ARRANGED = words_of("booked reserved scheduled planned arranged registered enrolled rebooked invited expected")
"""What they date may be the booking or what was booked: the nearest is meant."""
PRESENT = words_of(
    """
    leave leaves start starts begin begins end ends expire expires arrive arrives come comes go goes move moves fly flies meet meets
    marry marries open opens close closes finish finishes return returns depart departs visit visits need needs want wants hope hopes
    plan plans turn turns run runs rise rises increase increases drop drops retire retires graduate graduates change changes launch
    launches ship ships renew renews pay pays become becomes take takes do does be wait waits aim aims intend intends expect expects
    get gets give gives travel travels drive drives play plays perform performs celebrate celebrates sell sells buy buys wish wishes
    stay stays pick picks join joins sail sails host hosts teach teaches speak speaks present presents apply applies mature matures
    last lasts sign signs submit submits call calls bring brings send sends book books cancel cancels reopen reopens resume resumes
    switch switches cost costs cover covers stop stops see sees think thinks make makes let lets remember collect deliver delivers
    """
)
NOUNLIKE = words_of(
    """
    increase increases move moves start starts end ends visit visits leave plan plans will call calls return returns change changes
    need needs run runs book books drop rise stop stops test cut read hit drive play plays stay pick wish hope close present presents
    host deal pay sign signs ship ships launch might can must open turn take want wait aim cover switch cast spread bet cost costs
    finish travel sail
    """
)
DETERMINERS = words_of(
    "the a an my our his her their your its this that these those next last first second new another each every some any no 's"
)
QUALIFIERS = DETERMINERS | words_of("parental sick annual medical maternity paternity unpaid paid study price salary rent of big")
"""Behind them a word that may be a verb is a noun: the move, parental leave, a rent increase."""
ADVERBS = words_of(
    """
    not never just also already probably really only finally always all both still t then often usually maybe definitely certainly now
    actually officially kinda so very pretty quite most more super
    """
)
NOT_VERBS = words_of(
    """
    on in at for from to by with of about and or but the a an my our all both this that who which until till since before after when if as
    off out up down over too so because while myself again
    """
)
COMING = words_of(
    """
    appointment appointments deadline deadlines due exam exams flight flights meeting meetings wedding trip trips reminder reminders
    dentist doctor checkup interview concert party conference surgery operation tickets ticket reservation booking delivery presentation
    launch demo call lunch dinner brunch train ferry bus scan viewing graduation optician physio physiotherapist hairdresser haircut
    vaccination vaccine mot inspection service test hotel festival game match recital rehearsal practice lesson class course seminar
    workshop webinar check-in departure arrival pickup move handover opening premiere hearing trial therapy vet plumber electrician
    upcoming soon tomorrow agenda schedule expiry renewal instalment payment rent invoice
    """
)
NO_ING = words_of(
    """
    anything everything something nothing thing morning evening during string spring wedding meeting king ring bring building clothing
    ceiling sibling housing pudding boring amazing
    """
)
GONE = words_of(
    "photo photos picture pictures notes minutes receipt memories recap summary transcript recording recordings diary recollections"
)
DRAWS = words_of("please and or who that which kids people children men women parents ll d")
"""Before a word that is a verb or a noun they make it a verb, as pronouns do: the kids start, please call."""
THIRD = frozenset({"he", "she", "it"})
FIRST = frozenset({"i", "we", "they", "you"})
SUBJECTS = THIRD | FIRST | words_of("that there what who this here where")
