"""Entries: plain values that survive JSON."""

from __future__ import annotations

import json

from doppelscan.images.formats import Entry, Frame, SliceOf

FRAME = Frame((1.0, 2.0, 3.5), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), None, 2.0, -1024.0)
SLICE = SliceOf("1.2", "1.2.3", ("ORIGINAL", 0.0, 3.0), FRAME)


def test_json_gives_back_every_field():
    full = Entry("/a.dcm", 3, (1, 4, 5), "int16", "P", "S", "benign", ("/a.dcm", "/b.dcm"), SLICE, "train")
    for entry in (full, Entry("/a.png", None, (3, 4, 5), "uint8")):
        assert Entry.from_json(json.loads(json.dumps(entry.to_json()))) == entry


def test_entries_can_be_keys():
    assert (
        len({Entry("/a", None, (1, 2, 3), "uint8", series=SLICE), Entry("/a", None, (1, 2, 3), "uint8")}) == 2
    )
