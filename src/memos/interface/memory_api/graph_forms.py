"""Graph forms: a graph as JSON in node-link form, as d3 and networkx read it, and as GraphML (Brandes et al. 2002)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pydantic_core import to_json

NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_NODE = (
    "type", "label", "namespace", "state", "at", "valid_from", "valid_to", "speaker", "kind", "aliases", "by", "confidence", "evidence",
)  # fmt: skip
_EDGE = ("relation", "by", "confidence", "evidence")
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for."""


def node_link(value: Mapping[str, Any]) -> str:
    """A graph as a JSON text: `nodes` with an `id` each, `edges` with `source`, `target` and the relation as `key`."""
    edges = [{**edge, "key": edge["relation"]} for edge in value["edges"]]
    whole = {"directed": True, "multigraph": True, "graph": {"truncated": value["truncated"]}, "nodes": value["nodes"], "edges": edges}
    return to_json(whole).decode()


def graphml(value: Mapping[str, Any]) -> str:
    """A graph as a GraphML document; characters that XML cannot hold become U+FFFD, lists are joined by line feeds."""
    root = Element("graphml", xmlns=NAMESPACE)
    for domain, names in (("node", _NODE), ("edge", _EDGE)):
        for name in names:
            kind = "double" if name == "confidence" else "string"
            SubElement(root, "key", {"id": f"{domain}_{name}", "for": domain, "attr.name": name, "attr.type": kind})
    SubElement(root, "key", {"id": "graph_truncated", "for": "graph", "attr.name": "truncated", "attr.type": "boolean"})
    graph = SubElement(root, "graph", edgedefault="directed")
    SubElement(graph, "data", key="graph_truncated").text = str(value["truncated"]).lower()
    for node in value["nodes"]:
        _data(SubElement(graph, "node", id=_text(node["id"])), "node", _NODE, node)
    for number, edge in enumerate(value["edges"]):
        ends = {"id": f"e{number}", "source": _text(edge["source"]), "target": _text(edge["target"])}
        _data(SubElement(graph, "edge", ends), "edge", _EDGE, edge)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _data(parent: Element, domain: str, names: tuple[str, ...], given: Mapping[str, Any]) -> None:
    for name in names:
        found = given.get(name)
        if found is not None and found != []:
            SubElement(parent, "data", key=f"{domain}_{name}").text = _text(found)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return _ILLEGAL.sub("\ufffd", "\n".join(map(str, value)) if isinstance(value, list) else str(value))
