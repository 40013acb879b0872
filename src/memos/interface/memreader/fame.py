"""Fame: people of whom anybody may ask without meaning somebody of their own life."""

from __future__ import annotations

_SINGLE = """
shakespeare einstein newton darwin mozart beethoven bach picasso napoleon plato aristotle socrates galileo copernicus kepler tesla
edison columbus magellan gandhi mandela churchill hitler stalin lenin marx nietzsche freud jung kant hegel descartes voltaire rousseau
tolstoy dostoevsky chekhov kafka hemingway orwell dickens austen tolkien rowling homer dante cervantes goethe schiller chopin vivaldi
wagner verdi michelangelo rembrandt monet dali vermeer botticelli raphael caravaggio warhol cleopatra caesar augustus nero alexander
hannibal genghis confucius buddha jesus muhammad moses obama trump biden clinton reagan kennedy lincoln washington jefferson roosevelt
putin merkel macron zelensky thatcher musk bezos zuckerberg gates jobs turing lovelace curie hawking feynman bohr heisenberg schrödinger
planck maxwell faraday pasteur mendel euclid pythagoras archimedes gauss euler fermat riemann hilbert beyonce beyoncé madonna rihanna
adele eminem shakira messi ronaldo pele maradona federer nadal djokovic zeus odin thor batman superman spiderman gandalf frodo hamlet
macbeth ophelia romeo juliet dracula frankenstein sherlock voldemort hermione pikachu mario siri alexa cortana chatgpt python java rust
react vue excel kubernetes git github docker redis postgres kotlin perl haskell hadoop spark kafka
oracle netflix mars venus jupiter saturn
"""
_FULL = """
albert einstein|isaac newton|charles darwin|marie curie|ada lovelace|alan turing|william shakespeare|jane austen|charles dickens
|george orwell|leonardo da vinci|vincent van gogh|pablo picasso|frida kahlo|claude monet|julius caesar|george washington
|abraham lincoln|barack obama|michelle obama|donald trump|joe biden|hillary clinton|bill clinton|john kennedy|martin luther king
|nelson mandela|mahatma gandhi|winston churchill|margaret thatcher|angela merkel|vladimir putin|elon musk|bill gates|steve jobs
|jeff bezos|mark zuckerberg|taylor |michael jackson|elvis presley|freddie |john lennon|paul mccartney|bob dylan
|bob marley|david bowie|lady gaga|justin bieber|michael jordan|lebron james|serena williams|roger federer|rafael nadal|usain bolt
|lionel messi|cristiano ronaldo|muhammad ali|marilyn monroe|audrey hepburn|charlie chaplin|tom hanks|tom cruise|brad pitt
|angelina jolie|leonardo dicaprio|meryl streep|alfred hitchcock|steven spielberg|quentin tarantino|christopher nolan|stephen king
|stephen hawking|neil armstrong|amelia earhart|joan of arc|queen elizabeth|king charles|harry potter|sherlock holmes|james bond
|indiana jones|darth vader|luke skywalker|mickey mouse|queen victoria|king arthur|robin hood|santa claus|agatha christie
|mark twain|virginia woolf|emily dickinson|oscar wilde|edgar allan poe|ernest hemingway|leo tolstoy|franz kafka|sigmund freud
|karl marx|adam smith|john keynes|nikola tesla|thomas edison|alexander bell|henry ford|walt disney|coco chanel|rosa parks
|anne frank|florence nightingale|jimi hendrix|kurt cobain|whitney houston|aretha franklin
"""
_ONE = frozenset(_SINGLE.split())
_WHOLE = frozenset(name.strip() for name in _FULL.replace("\n", "").split("|"))


def famous(name: str) -> bool:
    """Whether the world knows the bearer of a name; of a single first name it does not."""
    low = name.lower().removeprefix("the ")
    return low in _ONE or low in _WHOLE or (" " in low and low.rpartition(" ")[2] in _ONE)
