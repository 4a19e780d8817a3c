"""What the shell is told after the tab key: commands, options, and the names that they take."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doppelscan.cli.app import app
from doppelscan.cli.completing import PRESETS, STRATEGIES
from doppelscan.generators import FAMILIES, family_named
from doppelscan.generators.strategies.strategy import STRATEGIES as KNOWN


def completed(line: str, shell: str = "bash") -> list[str]:
    """What a shell is told to offer behind this line."""
    asked = {
        "_DOPPELSCAN_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    said = CliRunner().invoke(app, env=asked, prog_name="doppelscan").output
    return [
        line.partition("\t")[0] for line in said.split("\n") if line
    ]  # behind it fish is told what it means


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("doppelscan tr", ["train"]),
        ("doppelscan audit --fail", ["--fail-above"]),
        ("doppelscan audit --method ", ["registered", "pearson", "contrastive"]),
        ("doppelscan train ", list(PRESETS)),
        ("doppelscan train latent_diffusion --preset d", ["dar"]),
        ("doppelscan train nothing --preset ", []),
        ("doppelscan sample model --strategy in", ["inpaint", "in-then-outpaint"]),
        ("doppelscan study ", ["akbar", "dar", "sagers"]),
        ("doppelscan utility --refit ddpm:a", ["ddpm:akbar"]),
    ],
)
def test_names_are_offered_behind_what_was_typed(line: str, offered: list[str]) -> None:
    assert completed(line) == offered
    assert completed(line, "fish") == offered


def test_the_names_are_those_that_there_are() -> None:
    assert {name: tuple(family_named(name).presets) for name in FAMILIES} == PRESETS
    assert tuple(KNOWN) == STRATEGIES


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_its_script(shell: str) -> None:
    asked = {"_DOPPELSCAN_COMPLETE": f"source_{shell}"}
    done = CliRunner().invoke(app, env=asked, prog_name="doppelscan")
    assert f"_DOPPELSCAN_COMPLETE=complete_{shell}" in done.output


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_itself_completes_by_the_script(tmp_path: Path) -> None:
    asked = {"_DOPPELSCAN_COMPLETE": "source_bash"}
    script = CliRunner().invoke(app, env=asked, prog_name="doppelscan").output
    program = tmp_path / "doppelscan"
    program.write_text(f"#!{sys.executable}\nfrom doppelscan.cli import main\nmain()\n")
    program.chmod(0o755)
    typed = 'COMP_WORDS=(doppelscan train d); COMP_CWORD=2; _doppelscan_completion doppelscan; echo "${COMPREPLY[@]}"'
    where = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = ["bash", "--norc", "-c", f"{script}\n{typed}"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | where, check=False)
    assert done.stdout.split() == ["ddpm"], done.stderr
