"""What is attacked? Each target: files that are sound, which of them are damaged, and what reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fuzz import samples

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True)
class Target:
    """What reads files of a stranger.

    Attributes
    ----------
    make
        Writes sound files into an empty folder; all of them are there whenever one of them is damaged.
    read
        Reads the folder; the name of the damaged file, relative to it, is told.
    """

    make: Callable[[Path], object]
    read: Callable[[Path, str], object]


def _image(folder: Path, name: str) -> None:
    from doppelscan.images.formats import entries, read

    for entry in entries(folder / name)[:20]:
        assert read(entry).stored.shape == entry.shape


def _zarr(folder: Path, name: str) -> None:
    _image(folder, name.partition("/")[0])


def _set(folder: Path, _name: str) -> None:
    from doppelscan.imagesets import open_images

    images = open_images(folder / "set")
    assert len(images.fingerprint) == 64
    assert len(images.patients) == len(images)
    for position in range(min(len(images), 5)):
        assert images[position].pixels.shape == images.pixels.shapes[position]


def _shards(folder: Path, _name: str) -> None:
    from doppelscan.imagesets import open_images

    assert open_images(folder / "drawn").read(0, 2).ndim == 4


def _run(folder: Path, _name: str) -> None:
    from doppelscan.findings import read_run
    from doppelscan.report import write_report

    read_run(folder / "run")
    write_report(folder / "run")


def _measured(folder: Path, name: str) -> None:
    from doppelscan.findings.membership import read_membership
    from doppelscan.findings.power import read_power
    from doppelscan.findings.quality import read_quality

    {"membership": read_membership, "power": read_power, "quality": read_quality}[name.partition("/")[0]](
        folder / name.partition("/")[0]
    )


def _recipe(folder: Path, name: str) -> None:
    from doppelscan.studies.recipe import read_recipe

    read_recipe(folder / name)


def _text(folder: Path, name: str) -> None:
    from doppelscan.seeds import parse_seeds
    from doppelscan.settings import parse_memory

    {"memory.txt": parse_memory, "seeds.txt": parse_seeds}[name](_line(folder / name))


def _plan(folder: Path, name: str) -> None:
    from doppelscan.generators import changed, family_named
    from doppelscan.generators.strategies.plan import parse_shard, read_plan
    from doppelscan.studies.utilities import read_utility_recipe

    if name == "shard.txt":
        parse_shard(_line(folder / name))
    elif name == "settings.txt":
        for family in ("ddpm", "stylegan2"):
            changed(family_named(family).presets["tiny"], _line(folder / name).split("\n"))
    else:
        read = read_utility_recipe if name == "utility.toml" else read_plan
        read(folder / name)


def _line(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace").rstrip("\n")


def _pairs(folder: Path, name: str) -> None:
    from doppelscan.audit.labelled import read_pairs

    read_pairs(folder / name)


def _verdicts(folder: Path, _name: str) -> None:
    from doppelscan.review import verdicts_of

    verdicts_of(folder)


def _model(folder: Path, _name: str) -> None:
    from doppelscan.generators import open_generator

    open_generator(folder / "model", device="cpu")


def _release(folder: Path, _name: str) -> None:
    from doppelscan.release import check

    assert check(folder / "release").n_files > 0


TARGETS: Mapping[str, Target] = {
    "picture": Target(samples.pictures, _image),
    "tiff": Target(samples.tiffs, _image),
    "dicom": Target(samples.dicoms, _image),
    "nifti": Target(samples.niftis, _image),
    "array": Target(samples.arrays, _image),
    "zarr": Target(samples.zarrs, _zarr),
    "table": Target(samples.tables, _set),
    "parquet": Target(samples.parquets, _set),
    "set": Target(samples.image_set, _set),
    "shards": Target(samples.shards, _shards),
    "run": Target(samples.run, _run),
    "measured": Target(samples.measured, _measured),
    "recipe": Target(samples.recipes, _recipe),
    "text": Target(samples.texts, _text),
    "plan": Target(samples.plans, _plan),
    "pairs": Target(samples.pairs, _pairs),
    "verdicts": Target(samples.verdicts, _verdicts),
    "model": Target(samples.model, _model),
    "release": Target(samples.release, _release),
}
