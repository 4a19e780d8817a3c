"""Results go to stdout, everything else to stderr."""

from __future__ import annotations

import json

import pytest

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


def test_progress_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress() as progress:
        progress("reading", 0, 2)
        progress("reading", 2, 2)
    said = capsys.readouterr()
    assert (said.out, said.err.strip()) == ("", "")


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
