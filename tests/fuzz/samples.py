"""From which sound files does the damage begin? Small ones of every kind, our own where we write any."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import PIL.Image
import zarr
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from cohorts import films, joined, noisy_copies, pixels_of
from images.formats.made_files import dicom, png, sequence, tiff
from realdata import ROOT

__all__ = [
    "arrays",
    "dicoms",
    "image_set",
    "measured",
    "model",
    "niftis",
    "pairs",
    "parquets",
    "pictures",
    "plans",
    "recipes",
    "release",
    "run",
    "shards",
    "tables",
    "texts",
    "tiffs",
    "verdicts",
    "zarrs",
]

_RNG = np.random.default_rng(4)
_GREY = _RNG.integers(0, 256, (13, 9), dtype=np.uint8)
_COLOUR = _RNG.integers(0, 256, (11, 8, 3), dtype=np.uint8)
_SMALL = 8_000  # bytes: of real files, those that are damaged often enough where it matters


def pictures(folder: Path) -> None:
    """PNG, JPEG and BMP of all kinds."""
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        PIL.Image.fromarray(_COLOUR).convert(mode).save(folder / f"{mode}.png")
    png(folder / "grey16.png", _GREY[..., None].astype(np.uint16) * 257)
    png(folder / "rgba16.png", np.dstack([_COLOUR, _COLOUR[..., :1]]).astype(np.uint16) * 257)
    for mode in ("L", "RGB", "CMYK"):
        PIL.Image.fromarray(_COLOUR).convert(mode).save(folder / f"{mode}.jpg")
    PIL.Image.fromarray(_COLOUR).save(folder / "progressive.jpg", progressive=True)
    PIL.Image.fromarray(_GREY).save(folder / "L.bmp")
    PIL.Image.fromarray(_COLOUR).save(folder / "RGB.bmp")


def tiffs(folder: Path) -> None:
    """TIFF of several depths, packed in several ways, of one and of several pages."""
    for dtype in (np.uint8, np.uint16, np.int16, np.float32):
        tiff(folder / f"{np.dtype(dtype).name}.tif", _GREY[..., None].astype(dtype))
    tiff(folder / "wide-colour.tif", _COLOUR.astype(np.uint16) * 257)
    for packing in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "group4"):
        picture = PIL.Image.fromarray(_COLOUR)
        picture = picture.convert("1") if packing == "group4" else picture
        picture.save(folder / f"{packing}.tif", compression=packing)
    pages = [PIL.Image.fromarray(_GREY + k) for k in range(3)]
    pages[0].save(folder / "pages.tif", save_all=True, append_images=pages[1:])


def dicoms(folder: Path) -> None:
    """DICOM of several syntaxes and kinds, and the small ones of pydicom's own test data, where these are."""
    wide = _GREY.astype(np.int16)
    placed = {"ImagePositionPatient": [0, 0, 1], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
    placed |= {"SeriesInstanceUID": "1.2", "PixelSpacing": [1, 2], "RescaleSlope": 2, "PatientID": "P"}
    dicom(folder / "slice.dcm", wide, **placed)
    dicom(folder / "implicit.dcm", wide, syntax=ImplicitVRLittleEndian, **placed)
    dicom(folder / "big.dcm", wide, syntax=ExplicitVRBigEndian, **placed)
    dicom(folder / "colour.dcm", _COLOUR)
    dicom(folder / "frames.dcm", np.stack([wide] * 3), NumberOfFrames=3)
    shared = sequence(PlaneOrientationSequence=sequence(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]))
    own = [sequence(PlanePositionSequence=sequence(ImagePositionPatient=[0, 0, k]))[0] for k in range(2)]
    groups = {"SharedFunctionalGroupsSequence": shared, "PerFrameFunctionalGroupsSequence": own}
    dicom(folder / "volume.dcm", np.stack([wide] * 2), NumberOfFrames=2, **groups)
    for path in sorted((ROOT / "dicom_robustness").rglob("*")):
        if path.is_file() and 128 < path.stat().st_size <= _SMALL and path.suffix in {"", ".dcm"}:
            shutil.copyfile(path, folder / f"{path.stem}.dcm")


def niftis(folder: Path) -> None:
    """NIfTI of one and several channels, packed and plain."""
    affine = np.diag([-1.0, 2.0, 3.0, 1.0])
    for name, voxels in {"volume": _COLOUR, "channels": np.stack([_COLOUR] * 2, axis=-1)}.items():
        for end in (".nii", ".nii.gz"):
            nibabel.save(nibabel.Nifti1Image(voxels.astype(np.int16), affine), folder / f"{name}{end}")
    nibabel.save(nibabel.Nifti2Image(_COLOUR.astype(np.float32), affine), folder / "second.nii")


def arrays(folder: Path) -> None:
    """Arrays of NumPy, MedMNIST's layout among them."""
    images = np.stack([_COLOUR] * 3)
    np.save(folder / "pictures.npy", images)
    np.save(folder / "volume.npy", images.astype(np.float32)[0])
    np.savez(folder / "plain.npz", images=images)
    np.savez_compressed(folder / "packed.npz", train_images=images, train_labels=np.zeros((3, 1), np.int64))


def zarrs(folder: Path) -> None:
    """OME-Zarr of both versions, and a plain array in shards."""
    from images.formats.test_zarrs import ome

    for version in ("0.4", "0.5"):
        ome(
            folder / f"{version}.zarr",
            _RNG.integers(0, 999, (2, 1, 2, 2, 2)).astype(np.uint16),
            "tczyx",
            version,
        )
    options = {"chunks": (1, 4, 4, 3), "shards": (2, 12, 8, 3)}
    zarr.create_array(folder / "sharded.zarr", data=np.stack([_COLOUR] * 2), **options)


def tables(folder: Path) -> None:
    """A folder of three pictures and its table, as CSV."""
    (folder / "set").mkdir()
    for name in "abc":
        PIL.Image.fromarray(_GREY).save(folder / f"set/{name}.png")
    rows = {"file": ["a.png", "b.png"], "patient": ["P1", "7"], "label": ["x", ""], "sex": ["F", "M"]}
    pd.DataFrame(rows).to_csv(folder / "set/images.csv", index=False)


def parquets(folder: Path) -> None:
    """The same, its table as Parquet."""
    tables(folder)
    table = pd.read_csv(folder / "set/images.csv").assign(age=[40.0, None])
    (folder / "set/images.csv").unlink()
    table.to_parquet(folder / "set/images.parquet")


def image_set(folder: Path) -> None:
    """A set as `prepare` writes it."""
    from doppelscan.imagesets import save

    save(films(3, side=8), folder / "set")


def shards(folder: Path) -> None:
    """Two shards of one set."""
    from doppelscan.imagesets import save

    for number in (1, 2):
        part = folder / f"drawn/shard-{number}-of-2"
        save(films(2, first=number, side=8), part)
        (part / "samples.json").write_text(json.dumps({"plan": "this", "generator": "g", "n": 2}))


def run(folder: Path) -> None:
    """An audit of small films, three copies among them."""
    shutil.copytree(_audited(folder), folder, dirs_exist_ok=True)


def measured(folder: Path) -> None:
    """What measurements of power, quality and membership conclude."""
    from doppelscan.findings.membership import write_membership
    from doppelscan.findings.power import write_power
    from doppelscan.findings.quality import write_quality
    from findings.test_power import power, table
    from findings.test_quality import some_run as some_quality_run
    from report.membership_runs import inferred, scores

    write_power(folder / "power", power(), table())
    write_quality(folder / "quality", some_quality_run())
    write_membership(folder / "membership", inferred(), scores())


def recipes(folder: Path) -> None:
    """A recipe of a study."""
    from studying import RECIPE

    (folder / "recipe.toml").write_text(RECIPE)


def texts(folder: Path) -> None:
    """What is written on the command line."""
    (folder / "seeds.txt").write_text("0-99")
    (folder / "memory.txt").write_text("1.5GiB")


def plans(folder: Path) -> None:
    """What is to be drawn, in a plan, a recipe of utility and on the command line: to read it takes torch."""
    shutil.copyfile(Path(__file__).parents[2] / "recipes/sagers.toml", folder / "utility.toml")
    (folder / "plan.toml").write_text(
        'seed = 3\n[[quota]]\nn = 5\nstrategy = "inpaint"\nlabel = "nevus"\nskin_tone = "V"\n[[quota]]\nn = 2\n'
    )
    (folder / "plan.csv").write_text("n,strategy,label,skin_tone\n5,text,nevus,V\n2,inpaint,,I\n")
    (folder / "shard.txt").write_text("2/8")
    (folder / "settings.txt").write_text("batch=8\nlearning_rate=1e-4\nsteps=5")


def pairs(folder: Path) -> None:
    """Pairs that people labelled."""
    rows = {"first": ["a", "a", "b"], "second": ["x", "x", "y"], "label": ["copy", "novel", "1"]}
    more = {"reader": ["Ada", "Ben", "Ada"], "patient": ["P1", "P1", "P2"], "score": [0.9, 0.9, 0.2]}
    pd.DataFrame(rows | more).to_csv(folder / "pairs.csv", index=False)
    pd.DataFrame(rows | more).to_parquet(folder / "pairs.parquet")


def verdicts(folder: Path) -> None:
    """What two readers said."""
    from doppelscan.review.verdicts import PairKey, Verdicts

    review = Verdicts(folder)
    for reader in ("Ada", "Ben"):
        review.add(reader, PairKey("s1", "t1"), "copy", "ribs", "f1")
    review.close()


def model(folder: Path) -> None:
    """A generator of two small networks, hardly trained, and images that were made elsewhere."""
    shutil.copytree(_trained(folder), folder / "model", dirs_exist_ok=True)


def release(folder: Path) -> None:
    """A release of the audited films."""
    from doppelscan.release import About, Limits, ReleaseSettings
    from doppelscan.release import release as released

    audited = _audited(folder)
    about = About("Small films", ("A group",), "CC-BY-4.0", "CC BY 4.0", published="2026-11-21")
    limits = Limits(max_copied=1, max_exposed=1000, min_power=0, review_top=0)
    released(audited / "run", folder / "release", settings=ReleaseSettings(about=about, limits=limits))


@cache
def _audited(beside: Path) -> Path:
    from doppelscan.audit import AuditSettings, audit
    from doppelscan.imagesets import save

    folder = beside.parent / "audited"
    drawn = joined(pixels_of(films(12, first=300, side=16)), noisy_copies(films(30, side=16), [0, 1, 2]))
    sets = {"train": films(30, side=16), "synthetic": drawn, "holdout": films(30, first=100, side=16)}
    places = {name: save(images, folder / name) for name, images in sets.items()}
    audit(**places, out=folder / "run", settings=AuditSettings(method="pearson", n_controls=3))
    return folder


@cache
def _trained(beside: Path) -> Path:
    from doppelscan.generators import fit
    from generators.small import settings

    folder = beside.parent / "trained"
    fit(films(8, side=8), settings("ddpm", "n_images=8"), out=folder)
    return folder
