"""Does what is built work where nothing else is? It is built, installed into a fresh environment, and used there.

    python tests/packages/trial.py [--each] [FOLDER]

tries the wheel without extras; `--each` then every extra alone, and prints what works with which.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from requirements import EXTRAS, FOR_USERS, ROOT

AUDITING = (  # what works without any extra
    "doctor",
    "demo --planted --out demo",
    "report demo/run",
)
SETS = "--train sets/train --synthetic drawn --holdout sets/holdout"
WORTH = (
    "utility --real sets/train --test others/train --synthetic others/holdout --real-per-class 8 --seeds 2"
)
REST = (
    "prepare demo/train --size 32 --holdout .2 --out sets",
    "prepare demo/synthetic --size 32 --out drawn",
    "prepare demo/holdout --size 32 --holdout .5 --out others",
    f"audit {SETS} --effort quick --out registered",
    f"audit {SETS} --method contrastive --effort quick --out contrastive",
    "quality --real sets/train --synthetic drawn --encoder pixels --draws 10 --out quality",
    "power --train sets/train --holdout sets/holdout --method pearson --out power",
    "dedupe sets/train",
    f"{WORTH} --out probe",
)


@dataclass(frozen=True)
class Probe:
    """A command that needs an extra, and what it says where that is installed; NEW is a folder of its own."""

    extra: str
    command: str
    answer: str


PROBES = (
    Probe("generate", "train ddpm --images sets/train --set n_images=8 --out NEW", "ddpm after"),
    Probe(
        "text", f"audit {SETS} --method contrastive --encoder dinov2 --out NEW", "preprocessor_config.json"
    ),
    Probe("utility", f"{WORTH} --classifier densenet --steps 1 --out NEW", "Report:"),
    Probe("ray", f"audit {SETS} --ray 127.0.0.1:9 --out NEW", "there is no Ray cluster"),
    Probe("s3", "audit --train s3://nobody/films --synthetic drawn --out NEW", "does not answer"),
    Probe("review", "review demo/run", "pairs to read"),
)


@dataclass(frozen=True)
class Environment:
    """A fresh environment, and the folder that commands run in."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "env/bin/python"

    def install(self, what: str) -> set[str]:
        """Install, with constraints; which packages have come."""
        before = self.packages()
        self._pip("install", "--constraint", str(ROOT / "constraints.txt"), what)
        return self.packages() - before

    def remove(self, packages: set[str]) -> None:
        if packages:
            self._pip("uninstall", "--yes", *sorted(packages))

    def packages(self) -> set[str]:
        frozen = subprocess.run(
            [self.python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True
        )
        return {line.partition("==")[0].partition(" @")[0] for line in frozen.stdout.splitlines()}

    @contextlib.contextmanager
    def running(self, command: str) -> Iterator[subprocess.Popen[str]]:
        """A command of doppelscan, ended if it has not ended itself."""
        own = {"DOPPELSCAN_CACHE": str(self.folder / "cache"), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
        with subprocess.Popen(
            [self.python.with_name("doppelscan"), *shlex.split(command)],
            cwd=self.folder, env=os.environ | own, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            yield process
            process.terminate()

    def _pip(self, *arguments: str) -> None:
        subprocess.run([self.python, "-m", "pip", "--quiet", *arguments], check=True)


def main() -> None:
    """Build, install, use; exit 1 at the first thing that is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("folder", type=Path, nargs="?")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        folder = (given.folder or Path(own)).resolve()
        wheel = built(folder / "dist")
        venv.create(folder / "env", with_pip=True, clear=True)
        environment = Environment(folder)
        environment.install(str(wheel))
        for command in AUDITING:
            must_work(environment, command)
        if given.each:
            for command in REST:
                must_work(environment, command)
            (folder / "dinov2").mkdir(exist_ok=True)
            (folder / "dinov2/config.json").write_text('{"model_type": "dinov2"}')
            for extra in ("", *FOR_USERS):
                print(row(environment, wheel, extra), flush=True)


def built(folder: Path) -> Path:
    """The wheel, made from the source distribution; both hold what they should."""
    pins = os.environ | {"PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", folder, ROOT],
        check=True,
        env=pins,
        stdout=subprocess.DEVNULL,
    )
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    mine = {path.relative_to(ROOT / "src").as_posix() for path in files_of("src/doppelscan")}
    recipes = {f"doppelscan/studies/{path.relative_to(ROOT).as_posix()}" for path in files_of("recipes")}
    packed = zipfile.ZipFile(wheel)
    (about,) = (name for name in packed.namelist() if name.endswith(".dist-info/METADATA"))
    inside = {name for name in packed.namelist() if ".dist-info/" not in name}
    assert inside == mine | recipes, f"the wheel differs by {sorted(inside ^ (mine | recipes))}"
    nowhere = re.findall(r"\]\((?!\w+:|#).*?\)", packed.read(about).decode())
    assert not nowhere, f"an index would show links that lead nowhere: {nowhere}"
    with tarfile.open(source) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    whole = [files_of(part) for part in ("src", "tests", "docs", "recipes", "benchmarks")]
    lacking = {path.relative_to(ROOT).as_posix() for part in whole for path in part} - held
    assert not lacking | ({"LICENSE", "constraints.txt", "Makefile"} - held), (
        f"the sdist lacks {sorted(lacking)}"
    )
    return wheel


def files_of(part: str) -> list[Path]:
    """What git keeps of a folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", part],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [ROOT / line for line in listed.stdout.splitlines()]


def must_work(environment: Environment, command: str) -> None:
    with environment.running(command) as process:
        said, _ = process.communicate()
    assert process.returncode == 0, f"doppelscan {command}: exit code {process.returncode}\n{said}"
    print(f"doppelscan {command}: works", flush=True)


def row(environment: Environment, wheel: Path, extra: str) -> str:
    """What works with one extra alone; whatever does not must name the extra that it lacks."""
    brought = environment.install(f"{wheel}[{extra}]") if extra else set()
    cells = [f"{probe.extra} {outcome(environment, probe, extra)}" for probe in PROBES]
    environment.remove(brought)
    return f"{extra or 'none':<10}{len(brought):>4} packages: {', '.join(cells)}"


def outcome(environment: Environment, probe: Probe, extra: str) -> str:
    there = bool(extra) and set(EXTRAS[probe.extra]) <= set(EXTRAS[extra])
    wanted = probe.answer if there else f"pip install 'doppelscan[{probe.extra}]'"
    with environment.running(probe.command.replace("NEW", f"{probe.extra}-with-{extra}")) as process:
        assert process.stdout is not None
        said = ""
        while wanted not in " ".join(said.split()) and (line := process.stdout.readline()):
            said += line
    found = wanted in " ".join(said.split())
    assert found, f"with {extra or 'no extra'} doppelscan {probe.command} says\n{said}\nand not {wanted}"
    return "works" if there else "asks"


if __name__ == "__main__":
    main()
