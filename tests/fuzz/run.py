"""Attacks readers with damaged files: `python tests/fuzz/run.py dicom tiff --minutes 30 --keep fuzzing`.

Each target is attacked in a process of its own with little memory. A file that ends that process, keeps it busy for
more than ten seconds of its own, or is a finding in any other way, lies afterwards in `KEEP/TARGET/found`, beside
what happened. With atheris the damage is led by coverage, and what was learnt (`KEEP/TARGET/corpus`) serves the next
run; without it, or with `--plain`, it is random.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_HANG = 10.0  # seconds of processors over one file
_WAITING = 120.0  # seconds of the clock, for what only waits; a busy machine makes wait, too
_BEGIN = 600.0  # seconds in which the sound files must be made


@dataclass(frozen=True)
class Attacked:
    """What came of attacking one target."""

    target: str
    minutes: float
    executions: int
    found: tuple[str, ...]


def attacked(
    target: str, keep: Path, *, seconds: float, executions: int = 0, seed: int = 0, plain: bool = False
) -> Attacked:
    """What reading damaged files of one kind came to, for so many seconds or executions."""
    keep = keep.absolute() / target
    keep.mkdir(parents=True, exist_ok=True)
    begun, done = time.monotonic(), 0
    while True:
        left = seconds - (time.monotonic() - begun)
        end = _watched(target, keep, seconds=left, executions=executions, seed=seed + done, plain=plain)
        done += _executions(keep)
        if end is None or left < 1:
            break
        _keep_ending(keep, *end)
    minutes = round((time.monotonic() - begun) / 60, 2)
    return Attacked(
        target, minutes, done, tuple(sorted(path.stem for path in (keep / "found").glob("*.txt")))
    )


def _watched(
    target: str, keep: Path, *, seconds: float, executions: int, seed: int, plain: bool
) -> tuple[str, str] | None:
    """How a process ended that should not have: `hang` or `crash`, and its last words; None if it did not."""
    for name in ("current", "executions"):
        (keep / name).unlink(missing_ok=True)
    asked = [
        target,
        f"--keep={keep.parent}",
        f"--seconds={max(seconds, 1)}",
        f"--executions={executions}",
        f"--seed={seed}",
    ]
    command = [sys.executable, str(_HERE / "child.py"), *asked, *([] if plain else ["--guided"])]
    paths = [str(_HERE.parents[1] / "src"), str(_HERE.parent)]
    with (keep / "said").open("w") as said:
        child = subprocess.Popen(
            command, stdout=said, stderr=said, env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
        )
        patience = _Patience(child.pid, keep / "current")
        while child.poll() is None:
            time.sleep(0.2)
            if patience.is_over():
                child.kill()
                child.wait()
                return "hang", f"took more than {_HANG:.0f} seconds"
    last = (keep / "said").read_text(errors="replace").strip().splitlines()[-30:]
    return (
        None if child.returncode == 0 else ("crash", f"ended with {child.returncode}\n\n" + "\n".join(last))
    )


@dataclass
class _Patience:
    """How long a process has been reading the file that is its current one."""

    process: int
    current: Path
    file: float = 0.0
    begun: float = field(default_factory=time.monotonic)
    worked: float = 0.0

    def is_over(self) -> bool:
        """Whether it takes too long; to be asked often."""
        file = self.current.stat().st_mtime if self.current.exists() else 0.0
        if file != self.file:
            self.file, self.begun, self.worked = file, time.monotonic(), _worked(self.process)
        waited = time.monotonic() - self.begun
        return waited > _WAITING or _worked(self.process) - self.worked > _HANG if file else waited > _BEGIN


def _worked(process: int) -> float:
    """Seconds of processors of a process and its children that ended; those of the clock where nobody says."""
    try:
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")


def _keep_ending(keep: Path, kind: str, what: str) -> None:
    """Keep what was being read when the process ended."""
    if not (keep / "current").exists():
        raise SystemExit(f"the attack could not begin: {what}")
    name, _, content = (keep / "current").read_bytes().partition(b"\n")
    title = f"{kind}-{hashlib.sha256(content).hexdigest()[:8]}"
    place = keep / "found" / title / name.decode()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    (keep / "found" / f"{title}.txt").write_text(what)


def _executions(keep: Path) -> int:
    counted = keep / "executions"
    return int(counted.read_text() or 0) if counted.exists() else 0


def main() -> None:
    """Attack the targets that are named, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", help="such as dicom; all if none is named")
    parser.add_argument("--minutes", type=float, default=30, help="for each target")
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzzing"), help="where corpora and findings are kept"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain", action="store_true", help="random damage, even where atheris is installed")
    asked = parser.parse_args()
    sys.path[:0] = [str(_HERE.parents[1] / "src"), str(_HERE.parent)]
    from fuzz.targets import TARGETS

    for target in asked.targets or TARGETS:
        one = attacked(target, asked.keep, seconds=60 * asked.minutes, seed=asked.seed, plain=asked.plain)
        with (asked.keep / "attacked.jsonl").open("a") as log:
            log.write(json.dumps(asdict(one)) + "\n")
        print(  # noqa: T201
            f"{target}: {one.executions:,} files in {one.minutes} minutes, {len(one.found)} findings",
            flush=True,
        )


if __name__ == "__main__":
    main()
