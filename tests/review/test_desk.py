"""A desk knows pairs by ids that say nothing, readers apart, and verdicts by what was seen."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from doppelscan.errors import FormatError, InputError, UnreadableImage
from doppelscan.review import QueueSettings, open_desk, verdicts_of
from doppelscan.review.desk import NoSuchPair
from doppelscan.review.verdicts import FILE, PairKey, Verdicts

from .conftest import MakeDesk


def ids(desk) -> list[str]:
    return [pair["id"] for pair in desk.progress("Ada")]


def test_a_verdict_is_kept_with_the_fingerprint_of_what_was_seen(make_desk: MakeDesk, run: Path) -> None:
    desk = make_desk()
    name = ids(desk)[0]
    desk.say(name, "Ada", "copy", "ribs")
    (told,) = verdicts_of(run).to_dict("records")
    assert (told["reader"], told["label"], told["comment"]) == ("Ada", "copy", "ribs")
    assert told["fingerprint"] == desk.view(name).fingerprint
    assert [pair["label"] for pair in desk.progress("Ada")][:2] == ["copy", None]


def test_readers_do_not_see_each_others_verdicts(make_desk: MakeDesk) -> None:
    desk = make_desk()
    name = ids(desk)[0]
    desk.say(name, "Ada", "copy", "")
    assert desk.verdict(name, "Ben") is None
    assert {pair["label"] for pair in desk.progress("Ben")} == {None}
    assert desk.undo("Ben") is None
    assert desk.verdict(name, "Ada") is not None


def test_undo_goes_back_one_verdict_at_a_time(make_desk: MakeDesk) -> None:
    desk = make_desk()
    names = ids(desk)[:3]
    for name in names:
        desk.say(name, "Ada", "novel", "")
    desk.say(names[0], "Ada", "copy", "second thoughts")
    assert [desk.undo("Ada") for _ in range(4)] == [names[0], names[2], names[1], None]


def test_a_review_goes_on_where_it_stood_in_the_same_order(make_desk: MakeDesk) -> None:
    first = make_desk()
    names = ids(first)
    first.say(names[4], "Ada", "unsure", "")
    first.close()
    again = make_desk()
    assert set(names).isdisjoint(ids(again))
    assert [pair["label"] for pair in again.progress("Ada")].index("unsure") == 4
    assert [pair.key for pair in first._pairs.values()] == [pair.key for pair in again._pairs.values()]


def test_a_verdict_on_other_pixels_does_not_count_once_they_are_seen(make_desk: MakeDesk, run: Path) -> None:
    desk = make_desk()
    name = ids(desk)[0]
    key = desk._pairs[name].key
    Verdicts(run).add("Ada", key, "copy", "", "of other pixels")
    assert desk.progress("Ada")[0]["label"] == "copy"
    desk.view(name)
    assert desk.verdict(name, "Ada") is None
    assert desk.progress("Ada")[0]["label"] is None


def test_a_name_that_is_no_pair_is_refused(make_desk: MakeDesk) -> None:
    desk = make_desk()
    for name in ("", "../matches.parquet", "000000.png", "0" * 16):
        with pytest.raises(NoSuchPair):
            desk.view(name)
        with pytest.raises(NoSuchPair):
            desk.say(name, "Ada", "copy", "")


def test_a_pair_that_cannot_be_seen_cannot_be_judged(run: Path, make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk._images = lambda pair: (_ for _ in ()).throw(UnreadableImage("gone"))
    with pytest.raises(UnreadableImage, match="gone"):
        desk.say(ids(desk)[0], "Ada", "copy", "")
    assert verdicts_of(run).empty


def test_few_pairs_are_held_and_all_can_be_had_again(make_desk: MakeDesk) -> None:
    desk = make_desk()
    seen = [desk.view(name).fingerprint for name in ids(desk)]
    assert len(desk._views) <= 6 < len(seen)
    assert [desk.view(name).fingerprint for name in ids(desk)] == seen


def test_what_is_no_run_or_has_nothing_to_read_is_refused(tmp_path: Path, run: Path) -> None:
    with pytest.raises(InputError, match="holds no audit"):
        open_desk(tmp_path / "nothing", QueueSettings())
    (run / FILE).write_text("no database")
    with pytest.raises(FormatError, match="not a database"):
        open_desk(run, QueueSettings())


def test_every_verdict_given_stays_on_record(make_desk: MakeDesk, run: Path) -> None:
    desk = make_desk()
    name = ids(desk)[0]
    desk.say(name, "Ada", "copy", "")
    desk.undo("Ada")
    desk.say(name, "Ada", "novel", "")
    with sqlite3.connect(run / FILE) as connection:
        rows = connection.execute("SELECT label FROM verdicts ORDER BY number").fetchall()
    connection.close()
    assert rows == [("copy",), (None,), ("novel",)]
    assert isinstance(desk._pairs[name].key, PairKey)
