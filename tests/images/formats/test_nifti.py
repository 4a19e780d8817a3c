"""NIfTI volumes of every orientation, scaling and number of axes, written by nibabel and read back."""

from __future__ import annotations

import gzip
from itertools import permutations, product
from pathlib import Path

import nibabel
import numpy as np
import pytest

from doppelscan.errors import UnreadableImage
from doppelscan.images import Image
from doppelscan.images.formats import entries, read
from realdata import real_data

RNG = np.random.default_rng(2)
VOXELS = RNG.integers(-999, 999, (3, 4, 5), dtype=np.int16)


def only(path: Path) -> Image:
    (entry,) = entries(path)
    return read(entry)


def saved(path: Path, voxels: np.ndarray, affine: np.ndarray | None = None) -> Path:
    nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4) if affine is None else affine), path)
    return path


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_volume_is_read_as_stored(tmp_path, suffix):
    image = only(saved(tmp_path / f"a{suffix}", VOXELS, np.diag([1.0, 2.0, 3.0, 1.0])))
    np.testing.assert_array_equal(image.stored, VOXELS[None])
    assert (image.stored.dtype, image.spacing_mm) == (np.int16, (1.0, 2.0, 3.0))
    assert (image.slope, image.intercept) == (1, 0)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_every_orientation_is_turned_towards_right_anterior_superior(tmp_path, order):
    for signs in product([1, -1], repeat=3):
        affine = np.zeros((4, 4))
        for axis, (towards, sign) in enumerate(zip(order, signs, strict=True)):
            affine[towards, axis] = sign * (axis + 1.0)
        affine[3, 3] = 1
        path = saved(tmp_path / "a.nii", VOXELS, affine)
        canonical = nibabel.as_closest_canonical(nibabel.load(path))
        image = only(path)
        np.testing.assert_array_equal(image.stored[0], np.asarray(canonical.dataobj))
        assert image.spacing_mm == tuple(map(float, canonical.header.get_zooms()))


def test_further_axes_become_channels(tmp_path):
    voxels = RNG.normal(size=(3, 4, 5, 2, 3)).astype(np.float32)
    image = only(saved(tmp_path / "a.nii", voxels))
    assert image.stored.shape == (6, 3, 4, 5)
    np.testing.assert_array_equal(image.stored[4], voxels[..., 1, 1])


def test_a_single_slice_stays_a_volume(tmp_path):
    assert only(saved(tmp_path / "a.nii", VOXELS[..., :1])).stored.shape == (1, 3, 4, 1)
    assert only(saved(tmp_path / "b.nii", VOXELS[..., 0])).stored.shape == (1, 3, 4, 1)


def test_scaling_is_kept_beside_the_stored_voxels(tmp_path):
    nifti = nibabel.Nifti1Image(VOXELS, np.eye(4))
    nifti.header.set_slope_inter(0.5, -7)
    nibabel.save(nifti, tmp_path / "a.nii")
    image = only(tmp_path / "a.nii")
    assert (image.stored.dtype, image.slope, image.intercept) == (np.int16, 0.5, -7.0)
    np.testing.assert_allclose(image.pixels[0], nibabel.load(tmp_path / "a.nii").get_fdata())


def test_big_endian_voxels_become_the_machines_own(tmp_path):
    nifti = nibabel.Nifti1Image(VOXELS, np.eye(4), nibabel.Nifti1Header(endianness=">"))
    nibabel.save(nifti, tmp_path / "a.nii")
    image = only(tmp_path / "a.nii")
    assert image.stored.dtype.isnative
    np.testing.assert_array_equal(image.stored[0], VOXELS)


def test_colours_become_channels(tmp_path):
    colours = np.zeros((3, 4, 5), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours["G"] = RNG.integers(0, 256, (3, 4, 5))
    image = only(saved(tmp_path / "a.nii", colours))
    assert image.stored.shape == (3, 3, 4, 5)
    np.testing.assert_array_equal(image.stored[1], colours["G"])


def test_spacing_in_other_units_is_given_in_mm(tmp_path):
    nifti = nibabel.Nifti1Image(VOXELS, np.diag([500.0, 500, 500, 1]))
    nifti.header.set_xyzt_units("micron")
    nibabel.save(nifti, tmp_path / "a.nii")
    assert only(tmp_path / "a.nii").spacing_mm == (0.5, 0.5, 0.5)


def test_complex_voxels_are_refused(tmp_path):
    with pytest.raises(UnreadableImage, match="complex64"):
        entries(saved(tmp_path / "a.nii", VOXELS.astype(np.complex64)))


def test_a_truncated_volume_is_refused(tmp_path):
    path = saved(tmp_path / "a.nii.gz", RNG.integers(0, 999, (20, 20, 20), dtype=np.int16))
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(UnreadableImage):
        only(path)


def test_a_header_that_promises_a_monstrous_volume_is_refused(tmp_path):
    content = bytearray(saved(tmp_path / "a.nii", VOXELS).read_bytes())
    content[42:48] = np.array([32767] * 3, "<i2").tobytes()
    (tmp_path / "b.nii.gz").write_bytes(gzip.compress(content))
    with pytest.raises(UnreadableImage, match="too large"):
        entries(tmp_path / "b.nii.gz")


def test_real_volumes_equal_nibabels_canonical_ones():
    for path in sorted(real_data("hippocampus").glob("*.nii.gz"))[:8]:
        canonical = nibabel.as_closest_canonical(nibabel.load(path))
        np.testing.assert_allclose(only(path).pixels[0], canonical.get_fdata(), rtol=1e-6)
