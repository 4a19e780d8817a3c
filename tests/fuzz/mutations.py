"""How is a file damaged? Byte by byte, word by word, or in its structure; the same seed damages it alike."""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["mutated"]

_NUMBERS = (
    0,
    1,
    2,
    127,
    128,
    255,
    256,
    32767,
    32768,
    65535,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**64 - 1,
)
_WORDS = (
    "-1", "0", "1e999", "-1e-999", "NaN", "nan", "Infinity", "null", "true", "9" * 30, "9" * 5000, '""', "[]", "{}",
    '"\\ud800"', '"\\u0000"', '"a\\nb"', '"\\u001b]0;owned\\u0007"', "../../../etc/passwd", "/dev/zero", "/etc/passwd",
    '"' + "x" * 3000 + '"', "[" * 3000, '{"a":' * 3000, "<script>alert(1)</script>", "{{7*7}}", "%s%n", "\x00", "\r\n",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 0.5, 10**15, 10**400, -(2**63), 1e308, float("nan"), float("-inf"), "", "\ud800", "\x00",
    "a\nb", "\x1b[2J\x1b]0;owned\x07", "../../../etc/passwd", "/dev/zero", "x" * 5000, "<img src=x onerror=alert(1)>",
    [], {}, [[]], [None], [1, 2], [-1, 0], ["a", "a"], {"a": 1}, {"": None}, {"name": "../evil", "configuration": {}},
    [10**9] * 5, [0] * 2000, "NaN", "Infinity", "0x1p99999", "object", "|O8", "<M8[ns]", "float128", "uint8",
)  # fmt: skip


def mutated(content: bytes, other: bytes, name: str, seed: int) -> bytes:
    """The content of a file with this name after a few changes; `other` is one that it may take parts of."""
    chance = random.Random(seed)  # noqa: S311
    ways: list[Callable[[bytes, bytes, random.Random], bytes]] = [_bytes, _bytes, _numbers, _spliced]
    if name.endswith((".json", ".jsonl", ".zarray", ".zattrs", ".zgroup")):
        ways += [_json] * 6 + [_words]
    elif name.endswith(".parquet"):
        ways += [_parquet] * 3
    elif name.endswith((".csv", ".toml", ".txt", ".md")):
        ways += [_words] * 5
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        content = chance.choice(ways)(content, other, chance)
    return content


def _bytes(content: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A byte changed, a stretch cut out, doubled, or all behind it cut off."""
    damaged = bytearray(content or b"\0")
    place = chance.randrange(len(damaged))
    stretch = slice(place, place + 1 + int(chance.paretovariate(0.8)))
    way = chance.randrange(6)
    if way < 2:
        damaged[place] ^= 1 << chance.randrange(8)
    elif way == 2:
        damaged[place] = chance.choice((0, 1, 127, 128, 255))
    elif way == 3:
        del damaged[stretch]
    elif way == 4:
        damaged[place:place] = damaged[stretch] * chance.choice((1, 2, 50))
    else:
        del damaged[place:]
    return bytes(damaged)


def _numbers(content: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A number written over what is there, of either order of bytes; mostly near the beginning, where headers are."""
    width = chance.choice((1, 2, 4, 8))
    number = chance.choice([one for one in _NUMBERS if one < 256**width])
    end = chance.choice((64, 512, len(content)))
    place = chance.randrange(max(1, min(end, len(content))))
    return (
        content[:place] + number.to_bytes(width, chance.choice(("little", "big"))) + content[place + width :]
    )


def _spliced(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """The beginning of one and the end of the other."""
    return content[: chance.randrange(len(content) + 1)] + other[chance.randrange(len(other) + 1) :]


def _words(content: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A word, number or text replaced."""
    found = list(re.finditer(rb'"[^"\n]*"|[\w.+-]+|[,;=\n]', content))
    if not found:
        return content
    one = chance.choice(found)
    word = chance.choice([*_WORDS, chance.choice(found)[0].decode("latin1")])
    return content[: one.start()] + word.encode("utf-8", "surrogatepass") + content[one.end() :]


def _json(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """A value replaced, removed, doubled or wrapped, anywhere."""
    try:
        root = [json.loads(content)]
    except (ValueError, RecursionError):
        return _words(content, other, chance)
    inside, key = chance.choice(_places(root))
    way = chance.randrange(6)
    if way == 0 and inside is not root:
        del inside[key]
    elif way == 1 and isinstance(inside, dict):
        inside[str(chance.choice(_VALUES))] = inside.pop(key)
    elif way == 2:
        inside[key] = [inside[key]] * chance.choice((1, 2, 1000))
    else:
        inside[key] = chance.choice(_VALUES)
    return _written(root[0])


def _written(value: Any) -> bytes:
    try:
        return json.dumps(value).encode()
    except (ValueError, RecursionError):  # a number of more digits than Python writes
        return b"[" * 100_000


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Where in lists and objects there is a value."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    found = [(value, key) for key in keys]
    return found + [
        place for _, key in found if isinstance(value[key], dict | list) for place in _places(value[key])
    ]


def _parquet(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """A column gone, of another name, type or content; rows gone or doubled; no metadata."""
    try:
        table = pq.read_table(io.BytesIO(content))
        changed = _table(table, chance)
        stream = io.BytesIO()
        pq.write_table(changed, stream)
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError):
        return _bytes(content, other, chance)
    return stream.getvalue()


def _table(table: pa.Table, chance: random.Random) -> pa.Table:  # noqa: PLR0911 - one a way
    way = chance.randrange(7)
    if way == 0:
        return table.slice(0, chance.choice((0, 1, 2)))
    if way == 1:
        return pa.concat_tables([table] * 3)
    if way == 2:
        return table.replace_schema_metadata(
            chance.choice((None, {b"format": b"\xff\xfe"}, {b"pandas": b"{}"}))
        )
    place = chance.randrange(max(1, table.num_columns))
    name = table.column_names[place]
    if way == 3:
        return table.remove_column(place)
    if way == 4:
        names = list(table.column_names)
        names[place] = chance.choice([*names, "", "file", "id", "\x1b[2J"])
        return table.rename_columns(names)
    value = chance.choice(
        [one for one in _VALUES if not isinstance(one, dict)] + ["../../x.png", "/etc/passwd"]
    )
    if way == 5:
        column = table.column(place).to_pylist()
        if column:
            column[chance.randrange(len(column))] = value
        return table.set_column(place, name, pa.array(column))
    return table.set_column(place, name, pa.array([value] * table.num_rows))
