"""Results go to stdout, everything else to stderr."""

from __future__ import annotations

import json

import pytest

from doppelscan.cli import display
from doppelscan.cli.display import say, say_error, shown_progress


def test_results_and_errors_go_apart(capsys: pytest.CaptureFixture[str]) -> None:
    say("5 images")
    say_error("first\nsecond\nfirst")
    said = capsys.readouterr()
    assert said.out == "5 images\n"
    assert said.err == "doppelscan: first\ndoppelscan: second\n"


def test_what_a_terminal_obeys_is_said_and_not_done(capsys: pytest.CaptureFixture[str]) -> None:
    say(json.dumps({"id": "\x1b[2J\x9b0m\u202egnp.x"}, ensure_ascii=False))
    say_error("\x1b]0;owned\x07\r\nüñí 胸部")
    said = capsys.readouterr()
    assert json.loads(said.out) == {"id": "\x1b[2J\x9b0m\u202egnp.x"}
    assert not {"\x1b", "\x9b", "\x07", "\r", "\u202e"} & set(said.out + said.err)
    assert said.err == "doppelscan: \\u001b]0;owned\\u0007\\u000d\ndoppelscan: üñí 胸部\n"


def test_without_a_terminal_short_work_is_silent_and_long_work_says_where_it_stands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 30.0, 60.0, 61.0, 90.0, 3600.0, 3700.0, 3800.0, 4000.0, 4100.0])
    monkeypatch.setattr(display, "monotonic", lambda: next(clock))
    with shown_progress() as progress:
        for done in (1_000, 1_500, 2_000, 2_001):
            progress("reading", done, 5_000)
        progress("searching", 0, 2)
        progress("searching", 0, 2)
        progress("searching", 1, 2)
        progress("reading", 5_000, 5_000)
        progress("reading", 0, 8)
        progress("reading", 4, 8)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "doppelscan: reading: 2,000 of 5,000, about 3 min left",
        "doppelscan: searching: 0 of 2",
        "doppelscan: searching: 1 of 2, about 60 min left",
        "doppelscan: reading: 5,000 of 5,000",
        "doppelscan: reading: 4 of 8, about 2 min left",
    ]


def test_what_a_terminal_would_obey_is_shown_instead(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "a\x1b]0;owned\x07b\x9b2J\u202egnp.exe\tc\nd"
    say(hostile)
    say_error(hostile)
    out, err = capsys.readouterr()
    shown = "a\\u001b]0;owned\\u0007b\\u009b2J\\u202egnp.exe\tc"
    assert out == f"{shown}\nd\n"
    assert err == f"doppelscan: {shown}\ndoppelscan: d\n"


def test_json_says_the_same_with_and_without_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    said = {"id": "a\x9b\u202e\x1b[2J"}
    say(json.dumps(said, ensure_ascii=False))
    assert json.loads(capsys.readouterr().out) == said
