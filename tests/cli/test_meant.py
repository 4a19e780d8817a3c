"""A slip on the command line is answered with what was probably meant."""

from __future__ import annotations

import pytest

from calling import call

AUDIT = ("audit", "--train", "x", "--synthetic", "y", "--out", "z")


def said(*arguments: str) -> str:
    """The error without the frame around it, in one line."""
    done = call(*arguments)
    assert done.code == 2
    return " ".join(done.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("slip", "answer"),
    [
        (
            ("--method", "pearsn"),
            "'pearsn' is not one of 'registered', 'pearson', 'contrastive'. Did you mean 'pearson'?",
        ),
        (("--effort", "fast"), "'fast' is not one of 'quick', 'standard', 'thorough'."),
        (("--synth", "y"), "(Possible options: --synthetic)"),
        (("--patient-patern", "y"), "(Possible options: --patient-pattern)"),
        (("--fit", "pad"), "--fit belongs to doppelscan prepare, not to audit."),
        (("--nonsense", "1"), "No such option: --nonsense"),
    ],
)
def test_what_was_probably_meant_is_said(slip: tuple[str, ...], answer: str) -> None:
    told = said(*AUDIT, *slip)
    assert answer in told
    assert "Value error" not in told
    assert ("Did you mean" in told) == ("Did you mean" in answer)
    assert ("Possible" in told) == ("Possible" in answer)


def test_an_option_of_several_commands_names_them_all() -> None:
    assert "--readers belongs to" not in said("doctor", "--nonsense", "1")
    told = said("doctor", "--fdr", "0.1")
    assert "doppelscan audit" in told
    assert "not to doctor" in told
