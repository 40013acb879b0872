"""Planted words: a program that writes them into every place that a memory has, until it is killed, and the search for them in files.

Run as `python -m tests.security.hiding DIRECTORY ENCRYPTION SEED`; ENCRYPTION is `none` or a key's place. It prints the words of each
memory, as JSON, once it is acknowledged.
"""

import json
import os
import random
import string
import sys

from memos import MemOS

HOW = {"embedder": "hashing://16", "worker": "none"}
PLACES = ("text", "tag", "value", "metadata key", "metadata", "speaker", "session", "namespace", "label", "link")


def key_file(path):
    """A new key of a store in a file, and its place."""
    path.write_text(os.urandom(32).hex() + "\n")
    return f"file:{path}"


def words_of(seed, number):
    """The words of one memory, by place: lower-case letters that no text has by chance."""
    chance = random.Random(f"{seed} {number}")
    return {place: "".join(chance.choices(string.ascii_lowercase, k=12)) for place in PLACES}


def written(word, chance):
    """A word as somebody may write it."""
    return "".join(chance.choice((letter, letter.upper())) for letter in word)


def store(memory, seed, number):
    """Add one memory with its words, read it, and change it."""
    words, chance = words_of(seed, number), random.Random(number)
    said = {place: written(word, chance) for place, word in words.items()}
    user = memory.as_user(f"user-{words['namespace']}", session=words["session"])
    turn = {"role": "user", "name": said["speaker"], "content": f"Somebody said {said['text']} to them."}
    cube = user.add(
        [turn], session=said["session"], tags=[f"{said['tag']}={said['value']}"], metadata={said["metadata key"]: said["metadata"]},
        links=[f"https://example.org/{said['link']}"],
    ).cubes[0]  # fmt: skip
    user.update(cube.id, f"Once more: {said['text']}.", label=said["label"])
    user.search(said["text"])
    return words


def standing(folder, words):
    """Which of some words stand, folded in case, in any file below a folder, or in its name."""
    found = set()
    for path in folder.rglob("*"):
        body = str(path.relative_to(folder)).lower().encode() + b"\0" + (path.read_bytes().lower() if path.is_file() else b"")
        found |= {word for word in words if word.encode() in body}
    return found


def main(directory, encryption, seed):
    with MemOS.open(directory, settings={} if encryption == "none" else {"encryption": encryption}, **HOW) as memory:
        number = 0
        while True:
            print(json.dumps(store(memory, seed, number)), flush=True)
            number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
