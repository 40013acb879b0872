"""Planted words: random, lower-case, with distinct beginnings, each put into one of the places in which a store can keep a word."""

import json
import random
import shutil
import subprocess
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import numpy as np

from memos import MemOS
from memos.backends.sqlite.keys import Keys, read_key
from memos.operation.memoperator.analysis import analyse
from memos.operation.memoperator.vectors import Codes

LETTERS = "abcdefghijklmnopqrstuvwxyz"
HEAD, LENGTH = 4, 12
OTHERS = ("the harbour closes at nine", "tea is better than coffee", "the ferry leaves from pier seven", "blue is the colour of the door")
"""What somebody else keeps, and what must still be found."""


def planted_words(count, seed):
    """Words no two of which begin alike."""
    chance, heads, words = random.Random(seed), set(), []
    while len(words) < count:
        word = "".join(chance.choices(LETTERS, k=LENGTH))
        if word[:HEAD] not in heads:
            heads.add(word[:HEAD])
            words.append(word)
    return words


@dataclass
class Planting:
    """A store in which the words stand, and what was read of it before they went."""

    directory: Path
    words: dict[str, str]
    """Word → the place it was put into."""
    backups: list[Path] = field(default_factory=list)
    elsewhere: list[Path] = field(default_factory=list)
    terms: dict[str, bytes] = field(default_factory=dict)
    """Word → the keyed hash under which the index has it."""
    vectors: list[bytes] = field(default_factory=list)
    codes: list[bytes] = field(default_factory=list)


def plant(directory, words, *, embedder="minilm"):
    """Alice's memories, with a word in each place in turn; Bob's, one of which Alice said."""
    put = {word: PLACES[number % len(PLACES)] for number, word in enumerate(words)}
    settings = {"forgotten_days": 0, "sweep_seconds": 0, "inline_vectors": 0}
    with MemOS.open(directory, embedder=embedder, worker="none", settings=settings, durability="process") as memory:
        early = [word for word, place in put.items() if place is purged]
        for word in early:
            purged(memory, word)
        memory.sweep()
    with MemOS.open(directory, worker="none", settings={"sweep_seconds": 0, "inline_vectors": 0}, durability="process") as memory:
        memory.as_user("bob").add(OTHERS)
        for word, place in put.items():
            if place not in {purged, discarded}:
                place(memory, word)
        memory.drain()
        memory.sweep()
        for word, place in put.items():
            if place is discarded:
                place(memory, word)
    return Planting(Path(directory), {word: place.__name__ for word, place in put.items()})


def alice(memory, **context):
    return memory.as_user("alice", **context)


def text(memory, word):
    alice(memory).add(f"I keep {word} in the drawer")


def unicode_text(memory, word):
    alice(memory).add(f"Ich mag {word.title()} — 日本 🧠")


def long_text(memory, word):
    alice(memory).add(" ".join([f"{word} is far away"] + ["and overflows"] * 900 + [f"as {word} does"]))


def tag_name(memory, word):
    alice(memory).add(f"tagged {len(word)} {word[0]}{word[-1]}", tags=[word])


def tag_value(memory, word):
    alice(memory).add(f"valued {word[:2]}", tags=[f"mood={word}"])


def metadata_key(memory, word):
    alice(memory).add(f"keyed {word[:3]}", metadata={word: 1})


def metadata_value(memory, word):
    alice(memory).add(f"held {word[:3]}", metadata={"note": {"deep": [word]}})


def link(memory, word):
    alice(memory).add(f"linked {word[:3]}", links=[f"https://example.org/{word}"])


def trigger(memory, word):
    alice(memory).add(f"triggered {word[:3]}", trigger=word)


def speaker(memory, word):
    alice(memory).add([{"role": "user", "name": word, "content": f"said by {word[:3]}"}], session="talk")


def session(memory, word):
    alice(memory).add([{"role": "user", "name": "Alice", "content": f"in a session {word[:3]}"}], session=word)


def context(memory, word):
    caller = alice(memory, session=word)
    caller.add(f"in a context {word[:3]}", namespace=f"context/alice/{word}")


def agent(memory, word):
    alice(memory, agent=word).add(f"by an agent {word[:3]}")


def purpose(memory, word):
    alice(memory, purpose=word, task=f"to {word}").add(f"for a purpose {word[:3]}")


def namespace(memory, word):
    alice(memory).add(f"below {word[:3]}", namespace=f"user/alice/{word}")


def label(memory, word):
    made = alice(memory).add(f"labelled {word[:3]}").cubes[0]
    alice(memory).update(made.id, label=word)


def version(memory, word):
    made = alice(memory).add(f"once it was {word}").cubes[0]
    alice(memory).update(made.id, f"now it is other {word[:3]}")


def frozen(memory, word):
    alice(memory).freeze(alice(memory).add(f"frozen {word}").cubes[0].id)


def branch(memory, word):
    made = alice(memory).add(f"on the trunk {word[:3]}").cubes[0]
    branch = alice(memory).branch(f"b{word[:HEAD]}")
    branch.update(made.id, f"on a branch {word}")
    branch.add(f"born there {word}")


def branch_name(memory, word):
    alice(memory).branch(word).search("anything")


def discarded(memory, word):
    branch = alice(memory).branch(f"d{word[:HEAD]}")
    branch.add(f"given up {word}")
    branch.discard()


def snapshot(memory, word):
    alice(memory).snapshot(word)


def archived(memory, word):
    alice(memory).archive(alice(memory).add(f"put aside {word}").cubes[0].id)


def deflated(memory, word):
    alice(memory).archive(alice(memory).add(f"{word} " + "is put aside and packed " * 100).cubes[0].id)


def forgotten(memory, word):
    alice(memory).forget(alice(memory).add(f"forgotten {word}", tags=[f"was{word}"]).cubes[0].id)


def purged(memory, word):
    alice(memory).forget(alice(memory).add(f"purged {word}", tags=[word], metadata={word: word}).cubes[0].id)


def composed(memory, word):
    parts = alice(memory).add([f"first part {word}", f"second part {word[:4]}"]).cubes
    alice(memory).compose([part.id for part in parts], tags=[f"sum{word}"])


def consolidated(memory, word):
    alice(memory).add(f"My locker number is {word}.", tags=["old"])
    memory.drain()
    alice(memory).add(f"my locker number is {word}", tags=["new"])


def repeated(memory, word):
    alice(memory).add(f"under a key {word}", idempotency_key=word)


def said_to_others(memory, word):
    memory.as_user("bob").add([{"role": "user", "name": "Alice", "content": f"I told Bob {word}"}], session="chat")


PLACES = (
    text, unicode_text, long_text, tag_name, tag_value, metadata_key, metadata_value, link, trigger, speaker, session, context, agent,
    purpose, namespace, label, version, frozen, branch, branch_name, discarded, snapshot, archived, deflated, forgotten, purged, composed,
    consolidated, repeated, said_to_others,
)  # fmt: skip
UNSEEN = {"purged", "deflated", "repeated"}
"""Places of whose words the bytes show nothing: they have gone, are packed, or stand there as a hash beside the text."""


def learn(planting):
    """Read what the indexes have of the words, and the vectors of the memories in which they stand."""
    keys = Keys(read_key(planting.directory)).tenant("default").terms
    for word in planting.words:
        (term,) = analyse(word, None, None).counts
        planting.terms[word] = keys[term].to_bytes(8, "little")
    connection = apsw.Connection(f"file:{planting.directory / 'memory.db'}?mode=ro", flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READONLY)
    hers = "SELECT x.body FROM vector x JOIN version v ON v.cid = x.cid WHERE v.owner = 'alice' OR v.speaker = 'Alice' GROUP BY x.cid"
    planting.vectors = [body for (body,) in connection.execute(hers) if body is not None]
    (width,) = next(connection.execute("SELECT value FROM meta WHERE key = 'dimensions'"))
    coded = Codes()
    coded.put(np.stack([np.frombuffer(body[: 4 * width], "<f4") for body in planting.vectors]))
    planting.codes = [row.tobytes() for row in coded.all()[0]]
    connection.close()


def inflated(directory):
    """The texts that are packed, as they are."""
    connection = apsw.Connection(f"file:{directory / 'memory.db'}?mode=ro", flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READONLY)
    bodies = [zlib.decompress(body) for (body,) in connection.execute("SELECT body FROM content WHERE packed = 1")]
    connection.close()
    return b"\n".join(bodies).lower()


def files_of(*places):
    """Every file there is, and what is in it, case folded."""
    paths = sorted(path for place in places for path in ([place] if place.is_file() else place.rglob("*")) if path.is_file())
    return {str(path): path.read_bytes() for path in paths}


def seen_from_outside(place, *places):
    """As `files_of` of files that this process has open: another one copies them, for to close one here drops all its locks."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    subprocess.run(["cp", "-r", *map(str, places), str(place)], check=True)
    return files_of(place)


def standing(planting, files):
    """What of the words stands in some files: (word or tail, place, file)."""
    found = []
    for path, body in files.items():
        folded = body.lower()
        for word, place in planting.words.items():
            found += [(part, place, path) for part in (word, word[HEAD:]) if part.encode() in folded]
    return found


def indexed(planting, files):
    """What of the indexes stands in some files: terms, vectors and their codes."""
    found = []
    for path, body in files.items():
        found += [("term", word, path) for word, term in planting.terms.items() if term in body]
        found += [("vector", number, path) for number, each in enumerate(planting.vectors) if each[:64] in body or each[-64:] in body]
        found += [("code", number, path) for number, each in enumerate(planting.codes) if each in body]
    return found


def decoded(planting):
    """The planted words whose terms an index has, read row by row as the lanes read it."""
    connection = apsw.Connection(f"file:{planting.directory / 'memory.db'}?mode=ro", flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READONLY)
    known = {int.from_bytes(term, "little"): word for word, term in planting.terms.items()}
    rows = connection.execute("SELECT hashes FROM term")
    found = {known[each] for (hashes,) in rows for each in np.frombuffer(hashes, "<u8").tolist() if each in known}
    connection.close()
    return found


def told(planting):
    """For a failure's message: how many of each place."""
    return json.dumps(sorted(planting.words.items()))
