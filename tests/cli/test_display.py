"""Results go to stdout, everything else to stderr."""

from __future__ import annotations

import pytest

from doppelscan.cli.display import say, say_error, shown_progress


def test_results_and_errors_go_apart(capsys: pytest.CaptureFixture[str]) -> None:
    say("5 images")
    say_error("first\nsecond\nfirst")
    said = capsys.readouterr()
    assert said.out == "5 images\n"
    assert said.err == "doppelscan: first\ndoppelscan: second\n"


def test_progress_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress() as progress:
        progress("reading", 0, 2)
        progress("reading", 2, 2)
    said = capsys.readouterr()
    assert (said.out, said.err.strip()) == ("", "")
