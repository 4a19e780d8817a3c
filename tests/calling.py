"""A command of doppelscan, called as a user calls it, and what came of it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pandas as pd
from PIL import Image as Pillow

from doppelscan.cli import main
from doppelscan.imagesets import ImageSet


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Folders:
    """Where the sets of one audit are."""

    train: Path
    synthetic: Path
    holdout: Path

    @property
    def options(self) -> tuple[object, ...]:
        return ("--train", self.train, "--synthetic", self.synthetic, "--holdout", self.holdout)


def call(*arguments: object) -> Outcome:
    """The command, in this process."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["doppelscan", *map(str, arguments)]
    with patch.object(sys, "argv", argv), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return Outcome(code, out.getvalue(), err.getvalue())


def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """The command, begun in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from doppelscan.cli import main; main()", *map(str, arguments)],
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def write_films(folder: Path, images: ImageSet, *, table: bool = True, rgb: bool = False) -> Path:
    """The images as PNG, with an images.csv that names their patients."""
    folder.mkdir(parents=True)
    for image, name in zip(images, images.table["id"], strict=True):
        film = Pillow.fromarray(image.pixels[0])
        (film.convert("RGB") if rgb else film).save(folder / str(name))
    if table:
        named = {"file": images.table["id"], "patient": images.table["patient"]}
        pd.DataFrame(named).to_csv(folder / "images.csv", index=False)
    return folder


def bytes_of(folder: Path) -> Mapping[str, bytes]:
    """Every file under a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
