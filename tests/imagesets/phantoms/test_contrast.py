"""What the scanner records."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.imagesets.phantoms.contrast import CHANNELS, Scan, Sight, draw_protocol, draw_scan
from doppelscan.imagesets.phantoms.tissues import Tissue
from doppelscan.seeds import stream

SILENT = Scan((0.0,) * 6, (100.0,) * 4, 0.0)


def one_of_each() -> Sight:
    """A row of pixels, each of one tissue alone, and one pixel far from the head."""
    near = np.append(np.ones(len(Tissue), bool), False)
    return Sight(near, np.zeros((3, len(Tissue)), np.float32), np.eye(len(Tissue), dtype=np.float32))


def test_a_pure_pixel_has_its_tissues_brightness() -> None:
    protocol = draw_protocol(stream(0))
    recorded = SILENT.record(one_of_each(), protocol, CHANNELS[:4], stream(1))
    np.testing.assert_array_equal(recorded[:, :-1], np.floor(np.clip(100 * protocol + 0.5, 0, 255)))
    np.testing.assert_array_equal(recorded[:, -1], recorded[:, Tissue.AIR])


def test_the_segmentation_names_core_oedema_and_rim() -> None:
    labels = SILENT.record(one_of_each(), draw_protocol(stream(0)), ["seg"], stream(1))[0]
    found = {Tissue(int(place)).name: int(labels[place]) for place in np.flatnonzero(labels)}
    assert found == {"CORE": 1, "OEDEMA": 2, "RIM": 3}


def test_noise_in_air_is_rician_and_so_never_averages_out() -> None:
    n = 20_000
    air = np.zeros((len(Tissue), n), np.float32)
    sight = Sight(np.ones(n, bool), np.zeros((3, n), np.float32), air)
    noisy = Scan((0.0,) * 6, (200.0,) * 4, 0.1).record(sight, draw_protocol(stream(0)), ["t1"], stream(1))
    assert noisy.mean() == pytest.approx(200 * 0.1 * np.sqrt(np.pi / 2), rel=0.03)  # Rayleigh's mean


def test_shading_is_smooth_and_near_one() -> None:
    points = np.random.default_rng(0).uniform(-90, 90, (3, 500)).astype(np.float32)
    white = np.zeros((len(Tissue), 500), np.float32)
    white[Tissue.WHITE] = 1
    protocol = draw_protocol(stream(0))
    for k in range(10):
        scan = draw_scan(stream(0, "scan", k))
        shaded = Scan(scan.shading, (100.0,) * 4, 0.0)
        seen = shaded.record(Sight(np.ones(500, bool), points, white), protocol, ["t1"], stream(1))
        assert 0.6 < seen.min() / seen.max() < 1
