"""A schema reads as a page: every field of it stands there, with what it is."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .pages import ROOT

SCHEMAS = sorted((ROOT / "docs/schemas").glob("*.json"))
SMALL = {
    "title": "A thing",
    "required": ["n", "parts"],
    "properties": {
        "n": {"type": "integer", "minimum": 0, "exclusiveMaximum": 9, "description": "How many | of all."},
        "kind": {"enum": ["a", None]},
        "parts": {
            "type": "array",
            "items": {"type": "object", "properties": {"at": {"$ref": "#/$defs/Place"}}},
        },
        "by_name": {"type": "object", "additionalProperties": {"type": ["number", "null"]}},
        "pair": {"type": "array", "items": {"prefixItems": [{"type": "string"}, {"const": 1}]}},
    },
    "$defs": {"Place": {"oneOf": [{"type": "string", "pattern": "^a|b$"}, {"type": "null"}]}},
}
PAGE = r"""# small

For programs: [small.schema.json](small.schema.json).

A thing

| field | is | holds |
|---|---|---|
| `n` | integer, ≥ 0, < 9 | How many \| of all. |
| `kind` | `"a"` or `null`; may be absent |  |
| `parts` | array of object |  |
| `parts[].at` | [Place](#place); may be absent |  |
| `by_name` | object; may be absent |  |
| `by_name.*` | number or null |  |
| `pair` | array of (string, `1`); may be absent |  |

## Place

Is string, as `^a|b$` or null.
"""


@pytest.fixture(scope="module")
def made() -> ModuleType:
    spec = importlib.util.spec_from_file_location("schema_pages", ROOT / "docs/schema_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_schema_reads_as_a_table_of_its_fields_and_one_for_each_part(made: ModuleType) -> None:
    assert made.schema_page(SMALL, "small.schema.json") == PAGE


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_every_field_and_every_sentence_of_a_schema_stands_on_its_page(made: ModuleType, path: Path) -> None:
    schema = json.loads(path.read_text())
    page = made.schema_page(schema, path.name)
    shown = re.findall(r"^\| `(?:[^`]*\.)?([^`.]+)` \|", page, flags=re.MULTILINE)
    assert sorted(name for name in shown if name != "*") == sorted(fields(schema))
    assert [said for said in sentences(schema) if said.replace("|", r"\|") not in page] == []


def fields(schema: Any) -> Iterator[str]:
    """The names of all fields, wherever they are."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
    yield from (name for part in within(schema) for name in fields(part))


def sentences(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict) and isinstance(said := schema.get("description"), str):
        yield said
    yield from (said for part in within(schema) for said in sentences(part))


def within(schema: Any) -> list[Any]:
    if isinstance(schema, dict):
        return list(schema.values())
    return schema if isinstance(schema, list) else []
