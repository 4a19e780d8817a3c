"""How does a JSON schema read as a page? A table of its fields, and one for each part that it names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]


def schema_page(schema: Schema, file: str) -> str:
    """The page of the schema that lies beside it as `file`."""
    name = file.removesuffix(".schema.json")
    parts = [
        f"# {name}",
        f"For programs: [{file}]({file}).",
        *_section({"description": schema["title"]} | schema),
    ]
    for name, part in schema.get("$defs", {}).items():
        parts += [f"## {name}", *_section(part)]
    return "\n\n".join(parts) + "\n"


def _section(schema: Schema) -> Iterator[str]:
    if said := schema.get("description"):
        yield said
    rows = "\n".join(_rows(schema))
    yield f"| field | is | holds |\n|---|---|---|\n{rows}" if rows else f"Is {_kind(schema)}."


def _rows(schema: Schema, before: str = "") -> Iterator[str]:
    """A row for each field, below it those of the fields that it has itself, as `field.inner` and `list[].inner`."""
    required = schema.get("required", [])
    for name, field, always in [
        *((name, field, name in required) for name, field in schema.get("properties", {}).items()),
        *(("*", field, True) for field in _of_any_name(schema)),
    ]:
        kind = _kind(field) + ("" if always else "; may be absent")
        yield f"| `{before}{name}` | {_cell(kind)} | {_cell(field.get('description', ''))} |"
        inner = field.get("items", field)
        yield from _rows(inner, f"{before}{name}{'' if inner is field else '[]'}.")


def _of_any_name(schema: Schema) -> Iterator[Schema]:
    """What an object holds under names that the schema does not list."""
    others = schema.get("additionalProperties")
    yield from schema.get("patternProperties", {}).values()
    if isinstance(others, dict):
        yield others


def _kind(schema: Schema) -> str:
    """What a value is, in words; a part that the schema names is a link to its table."""
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return _either(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "$ref" in schema:
        part = schema["$ref"].removeprefix("#/$defs/")
        return f"[{part}](#{part.lower()})"
    if several := schema.get("oneOf", schema.get("anyOf")):
        return _either(map(_kind, several))
    kinds = schema.get("type", "anything")
    named = kinds if isinstance(kinds, str) else _either(kinds)
    return ", ".join([_array(schema) if named == "array" else named, *_limits(schema)])


def _array(schema: Schema) -> str:
    items = schema.get("items", {})
    if each := items.get("prefixItems"):
        return f"array of ({', '.join(map(_kind, each))})"
    return f"array of {_kind(items)}" if items else "array"


def _limits(schema: Schema) -> Iterator[str]:
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    yield from (f"{sign} {schema[word]}" for word, sign in words.items() if word in schema)
    if "pattern" in schema:
        yield f"as `{schema['pattern']}`"
    if least := schema.get("minItems"):
        yield f"{least} to {schema['maxItems']}" if "maxItems" in schema else f"{least} or more"
    if "default" in schema:
        yield f"by default `{json.dumps(schema['default'])}`"


def _either(kinds: Iterator[str] | list[str]) -> str:
    return " or ".join(kinds)


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")
