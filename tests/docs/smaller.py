"""How a command that takes hours, GPUs or several machines is typed in the tests: with fewer of everything.

Blocks of a page that are marked `slow` are typed so by `make test-all`; all others as they stand there.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import warnings
from pathlib import Path

from doppelscan.review import QueueSettings, open_desk

from .pages import ROOT

__all__ = ["props", "smaller", "stand_in"]

INSTEAD = {
    r"--seeds 0-\d+": "--seeds 0-5",
    r"--device cuda:\d": "--device cpu",
    r"--nnodes 2 --nproc-per-node 4": "--nnodes 1 --nproc-per-node 2",
    r"\bHEAD\b": "127.0.0.1",
    r"--data DATA": f"--data {shlex.quote(os.environ.get('DOPPELSCAN_DATA', '.'))}",
    r"(?m)^n = \d+$": "n = 3",
}
FEWER = {
    "train ddpm ": "--preset tiny --set n_images=32 --set batch=4 --set at_once=4 --set sampler_steps=2 --device cpu",
    "train text_to_image ": "--preset tiny --size 32 --set n_images=8 --set batch=4 --device cpu "
    "--set weights=models/stable-diffusion-inpainting",
    "sample model ": "--steps 2",
    "sample .*--avoid-copies": "--method pearson",
    "study ": "--scale smoke --dry-run",
    "utility ": "--real-per-class 4 --per-real 1 --seeds 2",
    "utility .*--refit": "--set n_images=32 --set batch=4",
    "membership ": "--effort quick --patients 20",
    r"audit (?!.*--(method|effort))": "--method pearson",
    "power ": "--patients 10 --transforms exact",
}


def smaller(line: str) -> str:
    """A command, or the content of a file, that asks for less."""
    for shown, typed in INSTEAD.items():
        line = re.sub(shown, typed, line)
    return line + "".join(f" {few}" for name, few in FEWER.items() if re.search(f"doppelscan {name}", line))


def stand_in(line: str) -> bool:
    """Do in the place of a command what it would have done, if it is one that fetches or starts things."""
    if line.startswith("npm install "):
        module = Path("node_modules/@niivue/niivue/dist/index.js")
        module.parent.mkdir(parents=True)
        module.write_text("export class Niivue {}\n")
        return True
    if line == "doppelscan agreement run":
        _read(Path("run"))
    return line.startswith("ray ")


def props(folder: Path) -> None:
    """What a page takes for granted and no page makes: weights of others, their images, a certificate, the recipes."""
    import torch

    from doppelscan.generators.text_to_image.tiny import write_tiny_model

    (folder / "weights").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        network = torch.jit.script(torch.nn.Sequential(torch.nn.AvgPool2d(20), torch.nn.Flatten()))
        torch.jit.save(network, str(folder / "weights/sscd_disc_mixup.torchscript.pt"))
    write_tiny_model(folder / "models/stable-diffusion-inpainting", inpaints=True)
    shutil.copytree(folder / "films/synthetic", folder / "downloads/knees")
    shutil.copytree(ROOT / "recipes", folder / "recipes")
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ward-7.example.org"
    subprocess.run(
        ["openssl", *made.split(), "-out", folder / "cert.pem", "-keyout", folder / "key.pem"],
        check=True,
        capture_output=True,
    )


def _read(run: Path) -> None:
    """Two readers who say the truth of 100 pairs of the invented films; one of them is unsure of one."""
    desk = open_desk(run, QueueSettings(n_controls=0))
    for reader, doubts in {"Ada": set(), "Ben": {"0050.png"}}.items():
        for name, pair in desk._pairs.items():
            copied = pair.key.synthetic_id < "0006" or pair.key.synthetic_id in doubts
            desk.say(name, reader, "copy" if copied else "novel", "")
    desk.close()
