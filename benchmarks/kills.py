"""Does a command that is killed end, run again, with the bytes of one that was not? A hundred kills tell.

Each long command is run on small phantoms, its whole process group is killed (`kill -9`) at a random share of the work
that it takes unbroken, and the same command is run again to its end. All files that it wrote are compared with those
of an unbroken run, hidden ones too; left out are the times and speeds that `killing/sameness.py` names.
Run: `python benchmarks/kills.py`. Needs the extras `generate` and `text`; an hour on two cores.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from doppelscan.seeds import stream
from killing.commands import Given, commands
from killing.runs import Ended, ran
from killing.sameness import differences, outcome

RESULTS = Path(__file__).parent / "results"
KILLS: Mapping[str, int] = {
    "prepare": 15,
    "train vae": 7,
    "train stylegan2": 5,
    "train ddpm": 8,
    "train latent_diffusion": 5,
    "train text_to_image": 3,
    "sample": 10,
    "audit pearson": 15,
    "audit registered": 3,
    "study": 5,
    "quality": 6,
    "membership": 5,
    "utility": 5,
    "release": 10,
    "power": 5,
}
"""A hundred and more, the commands that end sooner more often."""


@dataclass(frozen=True)
class Kill:
    """One command that was killed and run again."""

    share: float
    again: float
    different: tuple[str, ...]


@dataclass(frozen=True)
class Bench:
    """Where it is done: what the commands are given, and the cache of each run."""

    folder: Path
    given: Given

    def unbroken(self, name: str, words: Sequence[str]) -> float:
        """Seconds of processors that the command takes; what it writes is kept under its name with " whole"."""
        out = self.out(name)
        ended = self._ran(name, words)
        assert ended.code == 0, self.said.read_text()
        shutil.copytree(out, out.with_name(f"{name} whole"))
        return ended.cpu_seconds

    def killed(self, name: str, words: Sequence[str], share: float, seconds: float) -> Kill:
        """Kill the command at a share of its work, run it again, and compare."""
        out = self.out(name)
        shutil.rmtree(out)
        self._ran(name, words, at_most=share * seconds)
        again = self._ran(name, words, anew=False)
        assert again.code == 0, self.said.read_text()
        whole = outcome(out.with_name(f"{name} whole"))
        return Kill(
            share, again.cpu_seconds / seconds, tuple(differences(outcome(out), whole) + self._litter())
        )

    def out(self, name: str) -> Path:
        """Where the command writes."""
        return self.given.folder / name

    @property
    def said(self) -> Path:
        """What the commands print."""
        return self.folder / "said.txt"

    def _ran(
        self, name: str, words: Sequence[str], *, anew: bool = True, at_most: float = float("inf")
    ) -> Ended:
        cache = self.folder / "cache"
        if anew:
            shutil.rmtree(cache, ignore_errors=True)
        return ran([*words, "--out", str(self.out(name))], cache, self.said, at_most=at_most)

    def _litter(self) -> list[str]:
        """What lies hidden beside the output."""
        return sorted(path.name for path in self.given.folder.glob(".*"))


def main() -> None:
    """Kill, compare, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="commands, such as 'train vae'; nothing is written then")
    parser.add_argument("--times", type=int, help="kills of each command")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        given = Given(Path(folder) / "given")
        _apart(given.make)
        bench = Bench(Path(folder), given)
        rows = list(_table(bench, chosen.only, chosen.times))
    if not chosen.only:
        (RESULTS / "kills.md").write_text(_page(rows))


def _apart(work: Callable[[], object]) -> None:
    """Do it in a child process: this one must stay without threads, for it is forked."""
    if (child := os.fork()) == 0:
        work()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def _table(bench: Bench, only: Sequence[str] | None, times: int | None) -> Iterator[str]:
    """A line for each command."""
    from killing import loaded  # noqa: F401 - what the children would load

    for name, words in commands(bench.given).items():
        if only and name not in only and name not in NEEDED_BY.values():
            continue
        seconds = bench.unbroken(name, words)
        if only and name not in only:
            continue
        shares = sorted(stream(0, "kills", name).uniform(0, 1, times or KILLS[name]))
        kills = []
        for share in shares:
            kills.append(bench.killed(name, words, float(share), seconds))
            print(f"{name}: {kills[-1]}", flush=True)
        row = _row(name, seconds, kills)
        print(row, flush=True)
        yield row


NEEDED_BY = {"sample": "train ddpm", "release": "audit pearson"}


def _row(name: str, seconds: float, kills: Sequence[Kill]) -> str:
    same = sum(not kill.different for kill in kills)
    shares = f"{kills[0].share:.0%} to {kills[-1].share:.0%}"
    late = [kill.again for kill in kills if kill.share >= 0.5]
    again = f"{sum(late) / len(late):.0%}" if late else ""
    return f"| {name} | {seconds:.1f} | {len(kills)} | {shares} | {same} of {len(kills)} | {again} |"


def _page(rows: Sequence[str]) -> str:
    head = (__doc__ or "").partition("\n\n")[0]
    columns = "| command | unbroken, s | kills | at shares of its work | same bytes | second run after a late kill |"
    about = (
        "Seconds are of processors, without the loading of modules. A late kill comes after half of the work; of the "
        "second run the column says how much of an unbroken one it took: what is below 100% was not done again."
    )
    return "\n".join([f"# {head}", "", about, "", columns, "|---|---|---|---|---|---|", *rows, ""])


if __name__ == "__main__":
    main()
