"""Samples are as large as what was learnt: they have its spacing, where it has one."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from doppelscan.generators import fit
from doppelscan.imagesets import ImageSet, open_images, save

from .small import QUIET, pictures, settings


def volumes(folder: Path, *spacings: tuple[float, float, float]) -> ImageSet:
    """Four small volumes as NIfTI files, with these spacings in turn."""
    folder.mkdir()
    for number, voxels in enumerate(pictures((1, 6, 5, 8), 4).read(0, 4)):
        affine = np.diag([*spacings[number % len(spacings)], 1.0])
        nibabel.save(nibabel.Nifti1Image(voxels[0], affine), folder / f"{number}.nii.gz")
    return open_images(folder)


def sampled(images: ImageSet, out: Path) -> ImageSet:
    """Two samples of a model of these images, written and opened again."""
    model = fit(images, settings("vae", "n_images=8"), out=out / "model", keeping=QUIET)
    model.sample_to([0, 1], out / "samples")
    return open_images(out / "samples")


@pytest.mark.parametrize("written", [False, True], ids=["files", "set"])
def test_samples_have_the_spacing_of_all_images(written: bool, tmp_path: Path) -> None:
    images = volumes(tmp_path / "volumes", (2.0, 1.5, 1.0))
    if written:
        images = save(images, tmp_path / "set")
    assert [image.spacing_mm for image in sampled(images, tmp_path)] == [(2.0, 1.5, 1.0)] * 2


def test_samples_have_none_where_images_differ(tmp_path: Path) -> None:
    images = volumes(tmp_path / "volumes", (2.0, 1.5, 1.0), (2.0, 1.5, 1.1))
    assert [image.spacing_mm for image in sampled(images, tmp_path)] == [None, None]


def test_samples_have_none_where_images_have_none(tmp_path: Path) -> None:
    assert [image.spacing_mm for image in sampled(pictures((1, 6, 5, 8), 4), tmp_path)] == [None, None]
