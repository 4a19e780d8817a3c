"""`doppelscan review` and `doppelscan agreement RUN`, as a user calls them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import urllib.request
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import doppelscan
from calling import Folders, call, start
from doppelscan.findings import read_run
from doppelscan.review import QueueSettings
from doppelscan.review.queue import queue_of
from doppelscan.review.verdicts import Control, Label, Verdicts

SOURCE = str(Path(doppelscan.__file__).parents[1])
_RATES = ("known copies found", "held-out images called a copy")
COPIES = {"000022.png", "000023.png", "000024.png"}


@pytest.fixture
def run(run_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run_folder, tmp_path / "run"))


@pytest.fixture
def read(run: Path) -> Path:
    """The run, read by two readers: Ada is right throughout, Ben misses one copy."""
    verdicts = Verdicts(run)
    for pair in queue_of(read_run(run), QueueSettings()):
        true = pair.key.control == "copy" or (not pair.key.control and pair.key.synthetic_id in COPIES)
        for reader, missed in (("Ada", ""), ("Ben", "000022.png")):
            copy = true and pair.key.synthetic_id != missed
            verdicts.add(reader, pair.key, "copy" if copy else "novel", "", "f")
    verdicts.close()
    return run


def test_it_prints_an_address_for_each_reader_and_ends_at_ctrl_c(run: Path) -> None:
    process = start("review", run, "--reader", "Ada", "--reader", "Ben", PYTHONPATH=SOURCE)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    assert lines[0] == "45 pairs to read. Press Ctrl-C to end; verdicts are kept.\n"
    assert [line.split(": ")[0] for line in lines[1:]] == ["Ada", "Ben"]
    urls = [line.split(": ")[1].strip() for line in lines[1:]]
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(urls[0], timeout=60) as page:
        assert b"<title>Review - doppelscan</title>" in page.read()
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("", 0)
    assert "Traceback" not in err
    assert not (run / "review.sqlite-wal").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--bind", "192.0.2.7"], "--insecure"),
        (["--bind", "elsewhere"], "no IP address"),
        (["--tls-cert", "none.pem"], "go together"),
        (["--reader", ""], "a reader needs a name"),
        (["--reader", "x" * 200], "100 characters"),
        (["--train", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_listens(
    run: Path, options: list[str], said: str
) -> None:
    outcome = call("review", run, *options)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.out == ""


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    assert "holds no audit" in call("review", tmp_path).err
    assert "holds no audit" in call("agreement", tmp_path).err


def test_sets_that_have_moved_are_named(run: Path, folders: Folders, tmp_path: Path) -> None:
    outcome = call("review", run, "--train", folders.train, "--synthetic", tmp_path / "lost")
    assert outcome.code == 2
    assert "lost" in outcome.err


def test_agreement_says_of_how_many_controls_a_rate_is(read: Path) -> None:
    said = call("agreement", read).out
    found, called = (re.findall(rf"  {name} +.*, (\d+) of (\d+)\n", said) for name in _RATES)
    assert found
    assert all(0 < int(n) == int(hits) for hits, n in found)
    assert all(int(hits) == 0 < int(n) for hits, n in called)


def test_agreement_tells_of_the_audit_the_readers_and_the_threshold(read: Path) -> None:
    said = call("agreement", read)
    assert said.code == 0
    assert said.out.startswith(
        "25 pairs read by 2 readers, 1 of them undecided.\nThe audit against most readers (2 copies"
    )
    for line in (
        "The audit against Ben (2 copies, 23 others):",
        "Ada on pairs whose truth is known:",
        "  known copies found              100.0%",
        "  held-out images called a copy   0.0%",
        "Between Ada and Ben: kappa 0.7",
        "Between all readers: Fleiss' kappa 0.7",
        "on the statistic would suit them best",
        "Note: all this is among the pairs that were read",
        "Note: controls, the pairs whose truth is known, are not among the pairs read.",
    ):
        assert line in said.out


def test_agreement_gives_the_same_to_machines_and_as_a_table(read: Path, tmp_path: Path) -> None:
    told = json.loads(call("agreement", read, "--json", "--out", tmp_path / "verdicts.csv").out)
    assert (told["n_pairs"], told["n_tied"], told["by_reader"]["Ada"]["n_copies"]) == (25, 1, 3)
    assert told["cohen"][0]["readers"] == ["Ada", "Ben"]
    table = pd.read_csv(tmp_path / "verdicts.csv")
    assert len(table) == 50
    again = json.loads(call("agreement", "--pairs", tmp_path / "verdicts.csv", "--json").out)
    assert again["overall"]["sensitivity"] == told["overall"]["sensitivity"]
    assert again["n_tied"] == 1


def test_agreement_is_of_a_run_or_of_a_table(read: Path, tmp_path: Path) -> None:
    assert "RUN, or a table with --pairs" in call("agreement").err
    assert "RUN, or a table with --pairs" in call("agreement", read, "--pairs", tmp_path / "x.csv").err
    assert "--out" in call("agreement", "--pairs", tmp_path / "x.csv", "--out", tmp_path / "y.csv").err
    assert "belong to --pairs" in call("agreement", read, "--threshold", 0.5).err


def test_a_run_that_nobody_read_says_how_to_read_it(run: Path) -> None:
    outcome = call("agreement", run)
    assert outcome.code == 2
    assert f"nobody has read its pairs (run doppelscan review {run})" in outcome.err


@pytest.mark.parametrize(
    ("label", "control", "shown"),
    [("copy", "", -1), ("same_patient", "", -1), ("unsure", "", -1), ("novel", "", 0), ("copy", "novel", 0)],
)
def test_a_redacted_report_withholds_what_a_reader_did_not_call_novel(
    run: Path, label: Label, control: Control, shown: int
) -> None:
    def pictures(*options: str) -> int:
        assert call("report", run, *options).code == 0
        return (run / "report.html").read_text().count("data:image/png;base64,")

    matches = read_run(run).matches
    flagged = set(matches.loc[matches["copied"].astype(bool), "synthetic_id"])
    let_pass = next(
        pair.key
        for pair in queue_of(read_run(run), QueueSettings())
        if not pair.key.control and pair.key.synthetic_id not in flagged
    )
    before, redacted = pictures(), pictures("--redact-training")
    with contextlib.closing(Verdicts(run)) as verdicts:
        verdicts.add("Ada", replace(let_pass, control=control), label, "", "f")
    assert pictures("--redact-training") == redacted + shown
    assert pictures() == before
