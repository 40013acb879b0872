"""Verbs: the common ones, and their past forms."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_VERBS = """
ask be become begin believe bring build buy call cancel change check choose come compare contact cook cost decide delete describe discuss
do drink drive eat explain feel find fix forget get give go happen have hear help invite keep know learn leave let like list live look lose
love make mean meet mention move need order pay play prefer promise put read recommend remember remind reply say see sell send show sleep
speak spend start stay stop suggest summarise summarize take talk teach tell text think throw told travel try understand use visit wait
walk want watch wear win work write archive save store note update add remove share restore freeze erase count track record book plan
schedule agree arrive attend avoid ate began bought broke brought came caught chose did drank drove fell felt flew found forgot gave got
grew had heard held hid hit kept knew learnt led left lent lost made meant met paid put ran said sang sat saw sent slept sold sought spent
spoke spoken stood stuck took taught thought threw told understood went woke won wore written wrote
"""
_MORE_VERBS = """
accept achieve admit advise afford allow announce apologise apologize appear apply appoint approve argue arrange assign assume attach bake
belong borrow bother breathe carry celebrate collect combine complain confirm connect consider contain continue contribute convince
criticise defend define deliver deny depend deserve destroy determine develop die disagree disappear discover dislike dismiss divide donate
earn employ enable encourage enjoy ensure enter establish examine expect extend fail fill follow forgive hate hire hurt identify imagine
improve include inform insist inspect install intend introduce invest involve join kill lend lie manage marry mend miss mix negotiate
obtain occur offend operate oppose organise organize owe own pack pass perform persuade pick pour pray prepare prescribe prevent produce
propose protect prove provide publish push quit raise reach react realise realize receive recognise recognize recover reduce refer refuse
regret reject relax rely renew repair replace require rescue resign resolve respond retire reveal satisfy scare select serve settle shake
sing sink sit solve sow spell steal submit succeed suffer suppose survive swim tear terminate tolerate translate transform treat upset
vanish vary wake warn wash weigh wipe wonder wrap expire broke happen remain seem tend
"""
VERBS = _set(_VERBS + _MORE_VERBS)
"""Common verbs, in their first form, and irregular past forms."""
IRREGULAR = _set(
    """ate began bought broke brought came caught chose did drank drove fell felt flew found forgot gave got grew had heard held hid
    kept knew
    learnt led left lent lost made meant met paid ran said sang sat saw sent slept sold sought spent spoke stood stuck took taught thought
    threw told understood went woke won wore wrote was were sank swam rang"""
)
"""Past forms that are verbs wherever they stand, and no participles of nouns."""
PAST = _set("gave got had won sent ran fell lent held led let put set cut hit quit spoke swam sang rang drew flew threw blew grew")
