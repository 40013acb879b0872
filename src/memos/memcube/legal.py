"""What may stand in a memory: the limits, and the checks that turn what a user gives into legal values or InvalidCall."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import islice
from typing import Any

from pydantic import ValidationError

from memos.errors import InvalidCall
from memos.memcube.cube import Tag
from memos.memcube.namespace import encode_step, normalise
from memos.memcube.normal import normalised
from memos.memcube.value import Metadata, aware_utc, holds_at_most, invalid, legal_text, read_moment

TEXT_BYTES = 4 * 1024 * 1024
"""The longest text of one memory, in bytes of UTF-8."""
QUESTION_BYTES = 64 * 1024
"""The longest text of one query."""
METADATA_BYTES = 64 * 1024
METADATA_LEVELS = 32
METADATA_NODES = 10_000
"""The most values that metadata may hold, in all its levels."""
TAGS = 256
LINKS = 256
ACL_ENTRIES = 100
LINK_BYTES = 2048
NAME_BYTES = 256
TRIGGER_BYTES = 1024
STEP_BYTES = NAME_BYTES - len("concept=")
"""The longest topic, concept or fact of a path: it is the value of a tag of that name."""
INTEGER_LIMIT = 2**63
CUBE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def legal_tag(tag: Any) -> Tag:
    """A Tag from `name`, `name=value` or a Tag; InvalidCall when a name is empty or too long."""
    if isinstance(tag, str):
        name, _, value = tag.partition("=")
        tag = Tag(name=name.strip(), value=value.strip() or None)
    if isinstance(tag, dict):
        tag = read_tag(tag)
    if not isinstance(tag, Tag):
        raise InvalidCall(f"a tag must be a text such as 'home' or 'mood=calm', not {type(tag).__name__}")
    if not tag.name or "=" in tag.name or len(legal_text(tag.key).encode()) > NAME_BYTES:
        raise InvalidCall(f"the tag {tag.key[:40]!r} must have a name without '=' and at most {NAME_BYTES} bytes")
    return tag


def legal_tag_key(tag: Any) -> str:
    """A tag as filters name it, `name` or `name=value`; InvalidCall for what is none."""
    return legal_tag(tag).key


def read_tag(given: dict[Any, Any]) -> Tag:
    """A Tag of an object such as {"name": "mood", "value": "calm"}."""
    try:
        return Tag.model_validate(given)
    except ValidationError as error:
        message = invalid(error).message
    raise InvalidCall(f'a tag as an object is {{"name": …, "value": …}}; {message}')


def legal_links(links: Any) -> tuple[str, ...]:
    """At most 256 links of at most 2 KiB each; InvalidCall otherwise."""
    if not isinstance(links, Iterable) or isinstance(links, str | Mapping):
        raise InvalidCall(f"links must be a list of texts, not {type(links).__name__}")
    given = tuple(islice(links, LINKS + 1))
    if len(given) > LINKS or not all(isinstance(link, str) and len(legal_text(link).encode()) <= LINK_BYTES for link in given):
        raise InvalidCall(f"a memory has at most {LINKS} links, each a text of at most {LINK_BYTES:,} bytes")
    return given


def legal_tags(tags: Any) -> tuple[Tag, ...]:
    """Distinct tags, in the order given; a single text is one tag."""
    given = (tags,) if isinstance(tags, str | Tag) else tags or ()
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        raise InvalidCall(f"tags must be a list of texts such as 'home' or 'mood=calm', not {type(given).__name__}")
    found = tuple({tag.key: tag for tag in map(legal_tag, given)}.values())
    if len(found) > TAGS:
        raise InvalidCall(f"a memory has at most {TAGS} tags, not {len(found):,}; put more into its text or its metadata")
    return found


def legal_name(name: Any) -> str | None:
    """A speaker, role, session or label, or None: 1 to 256 bytes of valid text; InvalidCall otherwise."""
    if name is None:
        return None
    if not isinstance(name, str) or not 1 <= len(legal_text(name).encode()) <= NAME_BYTES:
        raise InvalidCall(f"a name, role, session or label must be a text of 1 to {NAME_BYTES} bytes")
    return name


def legal_acl(given: Any) -> tuple[dict[str, Any], ...]:
    """An access list as entries: `{"user:bob": ["read"]}`, or a list of `{"principal", "rights"}`; InvalidCall otherwise."""
    if isinstance(given, Mapping):
        given = [{"principal": who, "rights": (rights,) if isinstance(rights, str) else rights} for who, rights in given.items()]
    if given is None:
        return ()
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidCall('an access list is an object such as {"user:bob": ["read"], "role:nurse": ["read", "write"]}')
    entries = [each if isinstance(each, Mapping) else each.model_dump() if hasattr(each, "model_dump") else None for each in given]
    if any(each is None for each in entries):
        raise InvalidCall('an entry of an access list is an object such as {"principal": "user:bob", "rights": ["read"]}')
    if any("review" in (each.get("rights") or ()) for each in entries if each is not None):
        raise InvalidCall("the right 'review' is not given by hand: what untrusted writers write has it, until it is released")
    if len(entries) > ACL_ENTRIES:
        raise InvalidCall(f"an access list has at most {ACL_ENTRIES} entries, not {len(entries):,}; give a role and share with that")
    return tuple(dict(each) for each in entries if each is not None)


def legal_trigger(trigger: Any) -> str | None:
    """What made somebody write, or None: a text of at most 1,024 bytes; InvalidCall otherwise."""
    if trigger is not None and (not isinstance(trigger, str) or len(legal_text(trigger).encode()) > TRIGGER_BYTES):
        raise InvalidCall(f"a trigger must be a text of at most {TRIGGER_BYTES:,} bytes")
    return trigger


def legal_moment(moment: Any) -> int | str | None:
    """A commit's number, or a text that names a snapshot or a time; a time is written as one. InvalidCall for anything else."""
    if moment is None or (isinstance(moment, int) and not isinstance(moment, bool) and 0 <= moment < INTEGER_LIMIT):
        return moment
    if isinstance(moment, date):
        return aware_utc(read_moment(moment)).isoformat()
    if not isinstance(moment, str) or not 1 <= len(legal_text(moment).encode()) <= NAME_BYTES:
        raise InvalidCall("at: a snapshot's name, a time with its zone, or the number of a commit is wanted")
    return moment


def legal_step(step: str | None) -> str | None:
    """A topic, a concept or a fact of a path, or None; InvalidCall when it cannot be the value of a tag."""
    if step is not None and not 1 <= len(legal_text(step).encode()) <= STEP_BYTES:
        raise InvalidCall(f"a step of a path must be a text of 1 to {STEP_BYTES} bytes")
    return step


def legal_principal(name: Any) -> str:
    """A user's or a tenant's name: a text that can be a step of a namespace; InvalidCall otherwise."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidCall("the name of a user or a tenant must be a text with at least one character")
    encode_step(legal_text(name))
    return normalised("NFC", name)


def legal_question(text: Any) -> str:
    """The text of a query: valid Unicode within the limit; InvalidCall otherwise."""
    if not isinstance(text, str):
        raise InvalidCall(f"the text to search for must be a str, not {type(text).__name__}")
    if len(text) * 4 > QUESTION_BYTES and (size := len(legal_text(text).encode())) > QUESTION_BYTES:
        raise InvalidCall(f"the text to search for has {size:,} bytes, the limit is {QUESTION_BYTES:,}; ask with what matters of it")
    return legal_text(text)


def legal_body(text: Any) -> str:
    """A memory's text: valid Unicode, not blank, within the limit; InvalidCall otherwise."""
    if not isinstance(text, str):
        raise InvalidCall(f"a memory's text must be a str, not {type(text).__name__}")
    if not legal_text(text).strip():
        raise InvalidCall("the text is empty; give at least one character that is not white space")
    if len(text) * 4 > TEXT_BYTES and (size := len(text.encode())) > TEXT_BYTES:
        raise InvalidCall(f"the text has {size:,} bytes, the limit is {TEXT_BYTES:,}; split it into several memories")
    return text


def legal_metadata(metadata: Any) -> Metadata:
    """Metadata that is a JSON object of at most 64 KiB and 32 levels, as a store gives it back; InvalidCall otherwise."""
    if not metadata and (metadata is None or isinstance(metadata, dict)):
        return {}
    if not isinstance(metadata, dict) or not all(isinstance(key, str) and key for key in metadata):
        raise InvalidCall("metadata must be a JSON object with non-empty string keys")
    if not holds_at_most(metadata, METADATA_NODES):
        raise InvalidCall(f"metadata may hold at most {METADATA_NODES:,} values; put larger things into the text")
    _refuse_what_stores_bend(metadata)
    try:
        written = json.dumps(metadata, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidCall(f"metadata must be JSON: {error}") from None
    if len(legal_text(written).encode()) > METADATA_BYTES:
        raise InvalidCall(f"metadata must have at most {METADATA_BYTES:,} bytes; put larger things into the text")
    return dict(json.loads(written))


def _refuse_what_stores_bend(value: Any, level: int = 1) -> None:
    if level > METADATA_LEVELS:
        raise InvalidCall(f"metadata must have at most {METADATA_LEVELS} levels; write what lies deeper as a text")
    if isinstance(value, str) and "\0" in value:
        raise InvalidCall("a text in metadata holds a NUL character; remove it")
    if isinstance(value, int) and not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
        raise InvalidCall("an integer in metadata must fit 64 bits; write a larger one as a text")
    for item in (*value, *value.values()) if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        _refuse_what_stores_bend(item, level + 1)
    if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
        raise InvalidCall("the keys of an object in metadata must be texts")


def legal_id(cube_id: Any) -> str:
    """A cube's id in canonical form; InvalidCall when it is no UUIDv7."""
    if not isinstance(cube_id, str) or not CUBE_ID.fullmatch(cube_id.lower()):
        raise InvalidCall(f"{str(cube_id)[:60]!r} is no memory id; ids are UUIDv7, as `reply.cubes[0].id` gives them")
    return cube_id.lower()


def legal_namespace(path: Any) -> str | None:
    """A namespace in canonical form, or None; InvalidCall otherwise."""
    if path is None:
        return None
    if not isinstance(path, str):
        raise InvalidCall(f"a namespace must be a path such as 'user/alice/notes', not {type(path).__name__}")
    return normalise(path)


def same_fact(text: str) -> str:
    """The form under which two texts are one fact: NFC, case and white space folded. Digits, names and negations all count."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(normalised("NFC", _folded(normalised("NFC", text))).split())


def _folded(text: str) -> str:
    """Simple case folding (Unicode, section 3.13, C + S): one character for one, so that "Maßen" and "Massen" stay two words."""
    folded = text.casefold()
    if len(folded) == len(text):
        return folded
    return "".join(one if len(one := each.casefold()) == 1 else each.lower() for each in text)
