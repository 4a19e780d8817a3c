"""The brain is made of what a brain is made of, in the proportions known."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.imagesets.phantoms.cerebrum import cerebrum
from doppelscan.imagesets.phantoms.heads import Head, draw_head
from doppelscan.imagesets.phantoms.poses import FIELD_OF_VIEW_MM, grid
from doppelscan.imagesets.phantoms.tissues import Tissue, shares
from doppelscan.imagesets.phantoms.views import look
from doppelscan.seeds import stream

N = 60


def litres(head: Head) -> dict[Tissue, float]:
    """How much of each tissue is within the skull."""
    share = shares(cerebrum(look(head, head.own(grid((N, N, N))), FIELD_OF_VIEW_MM / N)))
    voxel = (FIELD_OF_VIEW_MM / N / 100) ** 3
    return {tissue: float(share[tissue].sum()) * voxel for tissue in Tissue}


@pytest.mark.parametrize("number", range(4))
def test_volumes_of_tissue_are_those_of_adults(number: int) -> None:
    volume = litres(draw_head(stream(3, "head", number)))
    brain = volume[Tissue.GREY] + volume[Tissue.WHITE] + volume[Tissue.NUCLEUS]
    assert 0.8 < brain < 1.9
    assert 0.05 < volume[Tissue.FLUID] < 0.7
    assert 0.5 < volume[Tissue.GREY] / volume[Tissue.WHITE] < 2.2


def test_wider_ventricles_hold_more_fluid() -> None:
    heads = sorted((draw_head(stream(5, "head", k)) for k in range(12)), key=lambda head: head.ventricles)
    points = np.zeros((3, 40), np.float32)
    points[:, :] = [[12], [-36], [10]]
    points[0] = np.linspace(0, 40, 40)
    fluid = [shares(cerebrum(look(head, points, 1.0)))[Tissue.FLUID].sum() for head in (heads[0], heads[-1])]
    assert fluid[1] > fluid[0]
