"""A review that is killed at any moment has every verdict that it said was saved, and goes on."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import doppelscan
from calling import start
from doppelscan.review import QueueSettings, open_desk
from doppelscan.seeds import stream

from .conftest import Site

LABELS = ["copy", "same_patient", "novel", "unsure"]
LOST = (OSError, http.client.HTTPException)


@contextlib.contextmanager
def begun(run: Path) -> Iterator[tuple[Any, Site]]:
    """The command, and the site that it prints; killed at the end, if it is not yet."""
    where = str(Path(doppelscan.__file__).parents[1])
    process = start("review", run, "--reader", "Ada", "--controls", 3, PYTHONPATH=where)
    try:
        printed = (re.match(r"Ada: (http://\S+)", line) for line in process.stdout or ())
        yield process, Site({"Ada": next(found[1] for found in printed if found)})
    finally:
        process.kill()
        process.communicate()


def judged_until_killed(run: Path, seconds: float, turn: int, said: dict[int, str]) -> int:
    """Judge pairs until the server is killed, after so many seconds; how many verdicts were lost.

    `said` is what the server acknowledged before, by place: it must still stand, and what is acknowledged now
    is added. Of the one request that was under way when it died, nothing was said: it may stand or not.
    """
    with begun(run) as (process, site):
        pairs = site.get("Ada", "/api/queue").json["pairs"]
        labels = {place: pair["label"] for place, pair in enumerate(pairs)}
        lost = sum(labels[place] != label for place, label in said.items())
        said.update({place: label for place, label in labels.items() if label})
        headers = {"Cookie": site.cookie("Ada"), "Origin": site.origin, "Content-Type": "application/json"}
        killer = threading.Timer(seconds, process.kill)
        killer.start()
        with (
            contextlib.suppress(*LOST),
            contextlib.closing(http.client.HTTPConnection(site.host)) as connection,
        ):
            for step in range(10**6):
                place, label = (7 * turn + step) % len(pairs), LABELS[(turn + step) % 4]
                before = said.pop(place, None)
                content = json.dumps({"pair": pairs[place]["id"], "label": label})
                connection.request("POST", "/api/verdicts", content, headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200, before
                said[place] = label
        killer.join()
    return lost


def killed(run: Path, times: int) -> tuple[int, int]:
    """How many verdicts were lost over so many kills, and how many had been given."""
    chance, said = stream(0, "kills"), dict[int, str]()
    lost = sum(
        judged_until_killed(run, float(chance.uniform(0.01, 0.6)), turn, said) for turn in range(times)
    )
    desk = open_desk(run, QueueSettings(n_controls=3))
    standing = [pair["label"] for pair in desk.progress("Ada")]
    desk.close()
    return lost + sum(standing[place] != label for place, label in said.items()), len(said)


def test_two_kills_lose_no_verdict(run: Path) -> None:
    lost, given = killed(run, 2)
    assert lost == 0
    assert given > 0


@pytest.mark.slow
def test_a_hundred_kills_at_random_moments_lose_no_verdict(run: Path) -> None:
    lost, given = killed(run, 100)
    assert lost == 0
    assert given > 10
