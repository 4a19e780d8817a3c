"""Every ending of a command reaches the user as one message and one exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from calling import call
from doppelscan import __version__
from doppelscan.errors import GateFailed, InputError, Problem

COMMANDS = ("demo", "prepare", "train", "sample", "audit", "dedupe", "report", "agreement", "power", "doctor")
TORCHLESS = """
import sys
from doppelscan.cli import main
sys.argv = ["doppelscan", *{arguments}]
try:
    main()
finally:
    print("torch" in sys.modules)
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help(command: str) -> None:
    done = call(command, "--help")  # typer reads every option of it
    assert done.code == 0
    assert command in done.out
    assert "--" in done.out
    assert done.err == ""


def test_the_help_names_every_command() -> None:
    done = call("--help")
    assert all(command in done.out for command in COMMANDS)
    assert call().code == 2


def test_the_version_is_that_of_the_package() -> None:
    assert call("--version").out == f"doppelscan {__version__}\n"


def test_help_imports_no_torch() -> None:
    assert _imports_torch("--help") == "False"


def test_help_waits_for_no_arrays_and_no_tables() -> None:
    said = (
        "import sys, doppelscan.cli.app; print({'numpy', 'pandas', 'scipy', 'pydantic'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_report_imports_no_torch(run_folder: Path) -> None:
    assert _imports_torch("report", run_folder) == "False"


def test_the_audit_does_so_the_check_can_fail() -> None:
    assert _imports_torch("audit", "--train", "a", "--synthetic", "b", "--out", "c") == "True"


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (GateFailed("copied is too high"), 1, "doppelscan: copied is too high\n"),
        (InputError([Problem("is bad", "a", "mend it"), Problem("is worse", "b")]), 2, "a: is bad (mend it)"),
        (InputError([Problem("is bad")] * 3), 2, "doppelscan: is bad\n"),
        (
            OSError(28, "No space left on device", "/full/disk"),
            2,
            "/full/disk: No space left on device (make room there, or ",
        ),
        (PermissionError(13, "Permission denied"), 2, "doppelscan: Permission denied (name another folder; "),
        (OSError(), 2, "doppelscan: OSError\n"),
        (MemoryError(), 2, "doppelscan: the memory is full (give less with --memory, "),
        (KeyboardInterrupt(), 130, "doppelscan: interrupted; the same command goes on where it stood\n"),
    ],
)
def test_errors_end_in_a_message_and_a_code(
    error: BaseException, code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doppelscan.report.write_report", _raising(error))
    done = call("report", "run")
    assert (done.code, done.out) == (code, "")
    assert done.err.count(message) == 1
    assert "Traceback" not in done.err


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("doppelscan.report.write_report", _raising(ZeroDivisionError("ours")))
    done = call("report", "run")
    assert (done.code, done.out) == (70, "")  # not 1, which a gate takes for a verdict
    assert "Traceback" in done.err
    assert "ZeroDivisionError: ours" in done.err


def test_a_wrong_command_or_option_is_told() -> None:
    assert call("audits").code == 2
    missing = call("prepare", "somewhere")
    assert missing.code == 2
    assert "--out" in missing.err


def _raising(error: BaseException) -> object:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def _imports_torch(*arguments: object) -> str:
    code = TORCHLESS.format(arguments=[str(one) for one in arguments])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[-1]
