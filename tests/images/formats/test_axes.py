"""Turning volumes towards right, anterior, superior."""

from __future__ import annotations

from itertools import permutations, product

import nibabel
import numpy as np

from doppelscan.images.formats import axes

RNG = np.random.default_rng(8)


def test_indices_grow_towards_right_anterior_superior_once_turned():
    for order, signs in product(permutations(range(3)), product([1.0, -1.0], repeat=3)):
        affine = np.eye(4)
        affine[:3, :3] = np.diag(signs)[:, order] + RNG.normal(0, 0.05, (3, 3))  # somewhat oblique
        turn = axes.towards_ras(affine)
        place = np.stack(np.meshgrid(*map(np.arange, (3, 4, 5)), indexing="ij"))
        mm = np.einsum("ij,jxyz->ixyz", affine[:3, :3], place)
        turned = np.stack([turn.volume(axis[None])[0] for axis in mm])
        for axis in range(3):
            assert (np.diff(turned[axis], axis=axis) > 0).all()
        assert turned.shape[1:] == turn.along((3, 4, 5))


def test_every_way_of_lying_straight_is_turned_as_nibabel_turns_it():
    voxels = RNG.integers(0, 99, (3, 4, 5))
    for order, signs in product(permutations(range(3)), product([1.0, -1.0], repeat=3)):
        affine = np.eye(4)
        affine[:3, :3] = np.diag(signs)[:, order] * [0.5, 2.0, 9.0]
        canonical = nibabel.as_closest_canonical(nibabel.Nifti1Image(voxels.astype(np.int16), affine))
        turned = axes.towards_ras(affine).volume(voxels[None])[0]
        np.testing.assert_array_equal(turned, np.asarray(canonical.dataobj))


def test_an_affine_that_says_nothing_turns_nothing():
    for affine in (np.zeros((4, 4)), np.full((4, 4), np.nan), np.diag([1.0, 0.0, 1.0, 1.0])):
        assert axes.towards_ras(affine) == axes.Turn((0, 1, 2), (False, False, False))
