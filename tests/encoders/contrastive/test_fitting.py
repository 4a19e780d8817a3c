"""Is training the same whatever interrupts it, kept by what it depends on, and does it learn?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import doppelscan
from doppelscan.encoders.contrastive import ContrastiveEncoder, ContrastiveSettings, fit, fitted, fitting
from doppelscan.encoders.contrastive.checkpoints import weights_of
from doppelscan.errors import FormatError, InputError
from doppelscan.imagesets import ImageSet, open_images
from doppelscan.settings import Resources
from realdata import real_data

SETTINGS = ContrastiveSettings(side=16, epochs=4, batch=4)

KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from doppelscan.encoders.contrastive import ContrastiveSettings, fit, fitting
from doppelscan.imagesets import ImageSet
fitting._SECONDS_BETWEEN = 0.0
def die(work, done, total):
    if work == "training the encoder" and done == 5:
        os.kill(os.getpid(), signal.SIGKILL)
settings = ContrastiveSettings(side=16, epochs=4, batch=4)
fit(ImageSet.from_arrays(np.load(sys.argv[1])), settings, seed=3, folder=Path(sys.argv[2]), progress=die)
"""


def pixels_of(n: int, shape: tuple[int, ...] = (1, 20, 20)) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, *shape)).astype(np.uint8)


def same_weights(a: ContrastiveEncoder, b: ContrastiveEncoder) -> bool:
    mine, yours = weights_of(a.network), weights_of(b.network)
    return mine.keys() == yours.keys() and all(np.array_equal(mine[name], yours[name]) for name in mine)


def test_a_killed_training_goes_on_to_the_weights_of_an_uninterrupted_one(tmp_path: Path) -> None:
    pixels = pixels_of(8)
    np.save(tmp_path / "pixels.npy", pixels)
    arguments = [str(tmp_path / "pixels.npy"), str(tmp_path / "cut")]
    source = {"PYTHONPATH": str(Path(doppelscan.__file__).parents[1])}
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, env=os.environ | source)
    assert killed.returncode == -signal.SIGKILL
    steps: list[int] = []
    images = ImageSet.from_arrays(pixels)
    resumed = fit(
        images,
        SETTINGS,
        seed=3,
        folder=tmp_path / "cut",
        progress=lambda work, done, _: steps.append(done) if work.startswith("training") else None,
    )
    assert steps == [4, 5, 6, 7, 8]  # the fifth step was done but not yet kept
    assert same_weights(resumed, fit(images, SETTINGS, seed=3))
    assert not (tmp_path / "cut" / "checkpoint.safetensors").exists()


def test_seed_settings_and_patients_decide_and_nothing_else_does() -> None:
    images = ImageSet.from_arrays(pixels_of(9))
    first = fit(images, SETTINGS, seed=1)
    np.random.seed(5)  # noqa: NPY002 - the global generator must not matter
    assert same_weights(first, fit(images, SETTINGS, seed=1, resources=Resources(memory=2**16, workers=1)))
    assert not same_weights(first, fit(images, SETTINGS, seed=2))
    of_one = ImageSet.from_arrays(pixels_of(9), pd.DataFrame({"patient": ["a"] * 5 + ["b"] * 4}))
    assert not same_weights(first, fit(of_one, SETTINGS, seed=1))


def test_progress_counts_images_read_then_steps() -> None:
    seen: list[tuple[str, int, int]] = []
    fit(ImageSet.from_arrays(pixels_of(6)), SETTINGS, progress=lambda *step: seen.append(step))
    assert seen[:2] == [("reading for the encoder", 0, 6), ("reading for the encoder", 6, 6)]
    assert seen[2:] == [("training the encoder", done, 8) for done in range(9)]


def test_a_finished_training_is_loaded_and_another_ones_folder_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = ImageSet.from_arrays(pixels_of(6))
    first = fit(images, SETTINGS, folder=tmp_path)
    monkeypatch.setattr(fitting, "training", None)  # nothing is trained again
    assert same_weights(first, fit(images, SETTINGS, folder=tmp_path))
    for other in (
        {"images": images, "seed": 1},
        {"images": ImageSet.from_arrays(pixels_of(7)), "seed": 0},
    ):
        with pytest.raises(InputError, match="holds an encoder of other images, settings or seed"):
            fit(other["images"], SETTINGS, seed=other["seed"], folder=tmp_path)


def test_the_cache_keeps_encoders_by_content_settings_seed_and_patients(own_cache: Path) -> None:
    images = ImageSet.from_arrays(pixels_of(5), name="here")
    first = fitted(images, SETTINGS)
    again = fitted(ImageSet.from_arrays(pixels_of(5).copy(), name="there"), SETTINGS)
    assert same_weights(first, again)
    assert len(list((own_cache / "encoders").glob("*/encoder.json"))) == 1
    of_one = ImageSet.from_arrays(pixels_of(5), pd.DataFrame({"patient": ["a"] * 5}))
    fitted(of_one, SETTINGS)
    fitted(images, SETTINGS, seed=1)
    fitted(images, ContrastiveSettings(side=16, epochs=1, batch=4))
    assert len(list((own_cache / "encoders").glob("*/encoder.json"))) == 4


def test_a_damaged_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.safetensors").write_bytes(b"damaged")
    with pytest.raises(FormatError, match=r"checkpoint.safetensors: cannot be read"):
        fit(ImageSet.from_arrays(pixels_of(4)), SETTINGS, folder=tmp_path)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("shape", [(1, 20, 20), (3, 9, 30), (1, 6, 7, 8)])
def test_the_fewest_images_and_constant_ones_train_without_harm(n: int, shape: tuple[int, ...]) -> None:
    for pixels in (pixels_of(n, shape), np.full((n, *shape), 0.1)):
        encoder = fit(ImageSet.from_arrays(pixels), SETTINGS)
        assert np.isfinite(encoder.vectors(pixels)).all()


def test_no_images_several_shapes_and_too_little_memory_are_refused() -> None:
    with pytest.raises(InputError, match="holds no image"):
        fit(ImageSet.from_arrays(pixels_of(0)), SETTINGS)
    with pytest.raises(InputError, match=r"200 images of 1x16x16 need .* GB of memory \(allow more"):
        fit(ImageSet.from_arrays(pixels_of(200)), SETTINGS, resources=Resources(memory=2**16, workers=1))
    with pytest.raises(InputError, match="NaN"):
        fit(ImageSet.from_arrays(np.full((3, 1, 8, 8), np.nan)), SETTINGS)


def shifted_and_mirrored(pixels: np.ndarray) -> np.ndarray:
    return np.flip(np.roll(pixels, (3, -2), axis=(2, 3)), 3)


@pytest.mark.slow
def test_training_finds_moved_copies_of_real_films_where_pixels_do_not() -> None:
    folder = real_data("chest_xray_64")
    films = open_images(folder).take(range(0, 900, 15))
    pixels = np.stack([image.pixels[:1] for image in films])
    images = ImageSet.from_arrays(pixels, films.table)
    encoder = fit(images, ContrastiveSettings(side=32, epochs=60, batch=20))
    queries = shifted_and_mirrored(pixels)
    as_pixels = np.corrcoef(queries.reshape(60, -1), pixels.reshape(60, -1))[:60, 60:]
    as_vectors = np.corrcoef(encoder.vectors(queries), encoder.vectors(pixels))[:60, 60:]
    among_5 = [
        np.mean([own in np.argsort(-row)[:5] for own, row in enumerate(scores)])
        for scores in (as_pixels, as_vectors)
    ]
    assert among_5[0] < 0.5
    assert among_5[1] > among_5[0] + 0.3
