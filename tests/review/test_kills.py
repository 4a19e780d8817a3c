"""A review that is killed at any moment has every verdict that it said was saved, and goes on."""

from __future__ import annotations

import contextlib
import http.client
import json
import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from doppelscan.review import open_desk
from doppelscan.seeds import stream
from reviewing import CHOSEN, answer

from .conftest import Site

LABELS = ["copy", "same_patient", "novel", "unsure"]
LOST = (OSError, http.client.HTTPException)


@contextlib.contextmanager
def begun(run: Path) -> Iterator[tuple[multiprocessing.process.BaseProcess, Site]]:
    """A review in a process of its own, which is killed at the end if it is not yet."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["reviewing", "doppelscan.review.app", "doppelscan.review.desk", "uvicorn"]
    )
    told, tell = context.Pipe(duplex=False)
    process = context.Process(target=answer, args=(str(run), tell))
    process.start()
    try:
        yield process, Site({"Ada": told.recv()})
    finally:
        process.kill()
        process.join()
        told.close()
        tell.close()


def judged_until_killed(run: Path, turn: int, said: dict[int, str]) -> int:
    """Judge pairs until the server is killed, a moment after some verdict; how many verdicts were lost by then.

    `said` is what the server acknowledged before, by place: it must still stand, and what is acknowledged now
    is added. Of the one request that is under way when it dies, nothing is said: it may stand or not.
    """
    chance = stream(0, "kills", turn)
    last, moment = int(chance.integers(0, 8)), float(chance.exponential(0.01))
    with begun(run) as (process, site):
        pairs = site.get("Ada", "/api/queue").json["pairs"]
        lost = sum(pairs[place]["label"] != label for place, label in said.items())
        headers = {"Cookie": site.cookie("Ada"), "Origin": site.origin, "Content-Type": "application/json"}
        killer = threading.Timer(moment, process.kill)
        with (
            contextlib.suppress(*LOST),
            contextlib.closing(http.client.HTTPConnection(site.host, timeout=60)) as connection,
        ):
            for step in range(10**6):
                if step == last:
                    killer.start()
                place, label = (7 * turn + step) % len(pairs), LABELS[(turn + step) % 4]
                said.pop(place, None)
                content = json.dumps({"pair": pairs[place]["id"], "label": label})
                connection.request("POST", "/api/verdicts", content, headers)
                told = connection.getresponse()
                told.read()
                assert told.status == 200
                said[place] = label
        killer.join()
    return lost


def killed(run: Path, times: int) -> tuple[int, int]:
    """How many verdicts were lost over so many kills, and how many pairs were judged in the end."""
    said = dict[int, str]()
    lost = sum(judged_until_killed(run, turn, said) for turn in range(times))
    desk = open_desk(run, CHOSEN)
    standing = [pair["label"] for pair in desk.progress("Ada")]
    desk.close()
    return lost + sum(standing[place] != label for place, label in said.items()), len(said)


def test_three_kills_lose_no_verdict(run: Path) -> None:
    lost, judged = killed(run, 3)
    assert lost == 0
    assert judged >= 3


@pytest.mark.slow
def test_a_hundred_kills_at_random_moments_lose_no_verdict(run: Path) -> None:
    lost, judged = killed(run, 100)
    assert lost == 0
    assert judged >= 10
