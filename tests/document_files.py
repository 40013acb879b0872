"""Documents for tests, written by hand: PDF, DOCX and the exports of chats, as the programs that make them write them."""

import io
import json
import random
import zipfile
import zlib
from collections.abc import Sequence
from xml.sax.saxutils import escape

Line = tuple[float, str]
"""The size of a line's letters, and its words; "" leaves a gap."""


def pdf(pages: Sequence[Sequence[Line]], *, title: str = "", author: str = "", stream: bytes | None = None) -> bytes:
    """A PDF of lines in Helvetica, compressed, with a table of references. `stream` is the compressed content of the first page instead."""
    objects: list[bytes] = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    kids = []
    for number, lines in enumerate(pages):
        packed = stream if stream is not None and number == 0 else zlib.compress(_drawn(lines))
        objects.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(packed) + packed + b"\nendstream")
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>"
            % len(objects)
        )
        kids.append(len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))
    objects.append(b"<< /Title (%s) /Author (%s) /CreationDate (D:20240305101500Z) >>" % (_string(title), _string(author)))
    return _assembled(objects)


def _assembled(objects: list[bytes]) -> bytes:
    made, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(
        made + b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(objects), table)
    )


def _string(text: str) -> bytes:
    return text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _drawn(lines: Sequence[Line]) -> bytes:
    height, drawn = 800.0, [b"BT"]
    for size, words in lines:
        height -= size * 1.2 if words else 10
        if words:
            drawn.append(b"/F1 %g Tf 1 0 0 1 60 %g Tm (%s) Tj" % (size, height, _string(words)))
    return b"\n".join([*drawn, b"ET"])


STYLES = {"Title": "Title", "Heading1": "heading 1", "Heading2": "heading 2", "Code": "Code"}


def paragraph(text: str, style: str = "", *, inside: str = "") -> str:
    """A paragraph of Word; `inside` is XML after its text."""
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>{inside}</w:p>'


def item(text: str) -> str:
    """An item of a list of Word."""
    return f'<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>{escape(text)}</w:t></w:r></w:p>'


def table(rows: Sequence[Sequence[str]]) -> str:
    """A table of Word whose first row names the columns."""
    drawn = []
    for number, row in enumerate(rows):
        cells = "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row)
        drawn.append(f"<w:tr>{'<w:trPr><w:tblHeader/></w:trPr>' if number == 0 else ''}{cells}</w:tr>")
    return f"<w:tbl>{''.join(drawn)}</w:tbl>"


def docx(body: str, *, title: str = "", author: str = "", more: dict[str, bytes] | None = None, before: str = "") -> bytes:
    """A DOCX with this body. `more` are further parts or others in the place of its own; `before` stands before the root of its text."""
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    styles = "".join(f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/></w:style>' for key, name in STYLES.items())
    parts = {
        "[Content_Types].xml": f'{head}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'{head}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'{head}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="s1" Type="{office}/styles" Target="styles.xml"/>'
        f'<Relationship Id="n1" Type="{office}/numbering" Target="numbering.xml"/></Relationships>',
        "word/styles.xml": f"{head}<w:styles {space}>{styles}</w:styles>",
        "word/numbering.xml": f'{head}<w:numbering {space}><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/>'
        '</w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>',
        "word/document.xml": f"{head}{before}<w:document {space}><w:body>{body}</w:body></w:document>",
        "docProps/core.xml": f'{head}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>{escape(author)}</dc:creator>"
        "<dcterms:created>2024-03-05T10:15:00Z</dcterms:created></cp:coreProperties>",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in ({name: text.encode() for name, text in parts.items()} | (more or {})).items():
            package.writestr(name, content)
    return made.getvalue()


def chatgpt(turns: Sequence[tuple[str, str]], *, key: str = "c-1", title: str = "Boats") -> bytes:
    """ChatGPT's conversations.json with one conversation, an answer that was given up, and what the program itself wrote."""
    mapping: dict = {"root": {"id": "root", "message": None, "parent": None, "children": ["m0"]}}
    for number, (role, text) in enumerate(turns):
        mapping[f"m{number}"] = {
            "id": f"m{number}",
            "message": {
                "id": f"m{number}", "author": {"role": role, "name": None}, "create_time": 1_709_632_800.5 + number,
                "content": {"content_type": "text", "parts": [text]}, "metadata": {},
            },
            "parent": f"m{number - 1}" if number else "root",
            "children": [f"m{number + 1}"],
        }  # fmt: skip
    mapping["given-up"] = {
        "id": "given-up", "parent": "m0", "children": [],
        "message": {"id": "given-up", "author": {"role": "assistant"}, "content": {"parts": ["an answer that was given up"]}},
    }  # fmt: skip
    last = f"m{len(turns) - 1}"
    return json.dumps([{"conversation_id": key, "title": title, "current_node": last, "mapping": mapping}]).encode()


def claude(turns: Sequence[tuple[str, str]], *, key: str = "0a-1") -> bytes:
    """Claude's conversations.json."""
    messages = [
        {"uuid": f"u{number}", "sender": role, "text": text, "created_at": f"2024-03-05T10:{number:02}:00.000000Z", "content": []}
        for number, (role, text) in enumerate(turns)
    ]
    return json.dumps([{"uuid": key, "name": "Boats", "created_at": "2024-03-05T10:00:00Z", "chat_messages": messages}]).encode()


def slack(turns: Sequence[tuple[str, str]]) -> bytes:
    """A day of a channel, as Slack exports it: not in order, with what Slack itself wrote."""
    rows = [
        {
            "type": "message",
            "user": f"U{number}",
            "text": text,
            "ts": f"{1_709_632_800 + number}.000100",
            "user_profile": {"real_name": name},
        }
        for number, (name, text) in enumerate(turns)
    ]
    rows.append(
        {"type": "message", "subtype": "channel_join", "user": "U9", "text": "<@U9> has joined the channel", "ts": "1709632799.0001"}
    )
    return json.dumps(rows[::-1]).encode()


WORDS = [
    *("harbour", "lantern", "varnish", "kettle", "ledger", "orchard", "granite", "whistle", "saffron", "timber", "anchor", "velvet"),
    *("copper", "meadow", "thunder", "pebble", "ribbon", "walnut", "cellar", "compass", "feather", "marble", "thicket", "bramble"),
    *("canyon", "ember", "furnace", "glacier", "hollow", "ivory"),
]


def sentence(rng: random.Random) -> str:
    """A sentence of ordinary length."""
    words = [rng.choice(WORDS) for _ in range(rng.randint(4, 18))]
    return " ".join(words).capitalize() + rng.choice(".!?")


def prose(rng: random.Random, sentences: int) -> str:
    """A paragraph."""
    return " ".join(sentence(rng) for _ in range(sentences))
