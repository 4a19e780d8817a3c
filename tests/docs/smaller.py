"""How a command that takes minutes, GPUs or several machines is typed in the tests: with fewer of everything.

Blocks of a page that are marked `fewer` are typed so; all others as they stand there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np

from demos import PLANTED, TRAINED, WORDED
from doppelscan.mitigation.watching import Watching
from doppelscan.review import QueueSettings, open_desk
from doppelscan.workers.places import taken_by
from loopback import Loopback

from .pages import ROOT

__all__ = ["props", "says_other_numbers", "shrunk", "smaller", "stand_in"]

INSTEAD = {
    r"^(accelerate launch|torchrun|python -m torch.distributed.run) .*-m doppelscan": "doppelscan",
    r"--seeds 0-\d+": "--seeds 0-5",
    r"--size \d+": "--size 16",
    r"--device cuda:\d": "--device cpu",
    r" --method contrastive --method registered": "",
    r"s3://archive": "archive",
    r"--out /shared/": "--out ",
    r"(?m)^n = \d+$": "n = 3",
}
LITTLE = ("n_images=8", "batch=4", "at_once=4", "sampler_steps=2")
FEWER = {
    "prepare films": "--size 16",
    "train ddpm ": "--preset tiny --device cpu " + " ".join(f"--set {one}" for one in LITTLE),
    "train text_to_image ": "--preset tiny --size 32 --set n_images=8 --set batch=4 --device cpu "
    "--set weights=models/stable-diffusion-inpainting",
    "sample model ": "--steps 2",
    "sample .*--avoid-copies": "--method pearson",
    r"study (?!.*sagers)": "--scale smoke --dry-run",
    "utility ": "--real-per-class 4 --per-real 1 --seeds 2",
    "utility .*--refit": "--set n_images=8 --set batch=4",
    "train ddpm .*--images films": "--size 16",
    "membership ": "--effort quick --patients 20",
    "membership .*--model": "--size 16",
    r"audit (?!.*--method)": "--method pearson",
    "power ": "--patients 10 --transforms exact",
}
SAGERS = {
    "patients = 720": "patients = 120",
    "held_out = 360": "held_out = 60",
    "n_images=1500": "n_images=8",
    "sampler_steps=8": "sampler_steps=2",
    "real_per_class = [8, 32]": "real_per_class = [4]",
    "synthetic_per_real = [1, 5]": "synthetic_per_real = [1]",
    "n_seeds = 3": "n_seeds = 2",
    "n_draws = 200": "n_draws = 20",
}


def _in_this_process(address: str | None) -> AbstractContextManager[None]:
    """What stands for a Ray cluster: this process, as two machines."""
    return taken_by(Loopback(2)) if address else nullcontext()


LESS: dict[str, object] = {
    **TRAINED,
    **PLANTED,
    **WORDED,
    "doppelscan.cli.options.on_ray": _in_this_process,
    "doppelscan.cli.sample.on_ray": _in_this_process,
    "doppelscan.mitigation.Watching": partial(Watching, samples=8),
    "doppelscan.studies.forecast._seconds": lambda *_: (60.0, 0.1),  # of a training, and of a sample
}


@contextmanager
def shrunk(line: str) -> Iterator[str]:
    """A command that asks for less; meanwhile what it cannot ask for, such as the sets of the demo, is less, too."""
    with ExitStack() as patches:
        for name, value in LESS.items():
            patches.enter_context(mock.patch(name, value))
        yield smaller(line)


def says_other_numbers(line: str) -> bool:
    """Whether the command, when it is shrunk, prints other numbers than the page shows."""
    return smaller(line) != line or line.startswith("doppelscan demo")


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


def props(folder: Path, text: str) -> None:
    """What the text of a page takes for granted and no page makes."""
    for name, make in PROPS.items():
        if name in text:
            make(folder)


def _encoder(folder: Path) -> None:
    """Weights of others that see: TorchScript."""
    import torch

    (folder / "weights").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        network = torch.jit.script(torch.nn.Sequential(torch.nn.AvgPool2d(20), torch.nn.Flatten()))
        torch.jit.save(network, str(folder / "weights/sscd_disc_mixup.torchscript.pt"))


def _inpainter(folder: Path) -> None:
    """Weights of others that draw."""
    from doppelscan.generators.text_to_image.tiny import write_tiny_model

    write_tiny_model(folder / "models/stable-diffusion-inpainting", inpaints=True)


def _downloads(folder: Path) -> None:
    """Images of others."""
    shutil.copytree(folder / "films/synthetic", folder / "downloads/knees")


def _archive(folder: Path) -> None:
    """What an object store has, and what other pages made."""
    from doppelscan.generators import changed, family_named, fit
    from doppelscan.imagesets import ImageSet, save
    from doppelscan.imagesets.phantoms import chest

    shutil.copytree(folder / "films/train", folder / "archive/films")
    films = chest(8, size=16)
    images = save(ImageSet.from_arrays(films.pixels, films.table), folder / "sets/train")
    fit(images, changed(family_named("ddpm").presets["tiny"], LITTLE), out=folder / "model")


def _data(folder: Path) -> None:
    """Phantoms in the places of the public sets that recipes name, as many as recipes hold out and some more."""
    from PIL import Image

    from doppelscan.imagesets.phantoms import chest, skin

    made = {"chest_xray": chest(440, size=16), "skin": skin(140, size=16, classes=("melanoma", "nevus"))}
    for name, cohort in made.items():
        place = folder / "DATA" / name
        place.mkdir(parents=True)
        table = cohort.table.assign(file=cohort.table["id"] + ".png")
        table[["file", "patient", "label"]].to_csv(place / "images.csv", index=False)
        for picture, file in zip(cohort.pixels, table["file"], strict=True):
            Image.fromarray(picture[0] if len(picture) == 1 else np.moveaxis(picture, 0, -1)).save(
                place / file
            )


def _recipes(folder: Path) -> None:
    """The recipes; of the one that cannot be rehearsed by `--dry-run` the smoke scale is smaller still."""
    shutil.copytree(ROOT / "recipes", folder / "recipes")
    path = folder / "recipes/sagers.toml"
    text = path.read_text()
    for shown, typed in SAGERS.items():
        assert shown in text
        text = text.replace(shown, typed)
    path.write_text(text)


def _certificate(folder: Path) -> None:
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ward-7.example.org"
    subprocess.run(
        ["openssl", *made.split(), "-out", folder / "cert.pem", "-keyout", folder / "key.pem"],
        check=True,
        capture_output=True,
    )


PROPS: dict[str, Callable[[Path], None]] = {
    "weights/sscd": _encoder,
    "train text_to_image": _inpainter,
    "downloads/knees": _downloads,
    "s3://archive": _archive,
    "--data DATA": _data,
    "recipes/": _recipes,
    "cert.pem": _certificate,
}


def _read(run: Path) -> None:
    """Two readers who say the truth of 100 pairs of the invented films; one of them is unsure of one."""
    desk = open_desk(run, QueueSettings(n_controls=0))
    for reader, doubts in {"Ada": set(), "Ben": {"0050.png"}}.items():
        for name, pair in desk._pairs.items():
            copied = pair.key.synthetic_id < "0006" or pair.key.synthetic_id in doubts
            desk.say(name, reader, "copy" if copied else "novel", "")
    desk.close()
