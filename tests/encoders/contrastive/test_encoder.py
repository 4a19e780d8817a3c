"""Is an image's vector its own: in any company, of any type, after saving, for its mirror image too?"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from doppelscan.encoders.contrastive import ContrastiveEncoder, ContrastiveSettings, fit
from doppelscan.errors import FormatError, InputError
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources

SHAPES = [(1, 40, 28), (3, 30, 30), (1, 12, 20, 16)]
TYPES = (np.bool_, np.uint8, np.uint16, np.int32, np.float16, np.float32, np.float64)


def pixels_of(n: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, *shape)).astype(np.uint8)


@cache
def encoder_of(shape: tuple[int, ...], preset: str = "default") -> ContrastiveEncoder:
    settings = ContrastiveSettings(preset=preset, side=32, epochs=1)
    return fit(ImageSet.from_arrays(pixels_of(6, shape)), settings)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_vector_is_the_same_to_the_bit_in_any_company_and_order(shape: tuple[int, ...]) -> None:
    encoder, pixels = encoder_of(shape), pixels_of(40, shape)
    together = encoder.vectors(pixels)
    assert (together.shape, together.dtype) == ((40, 128), np.float32)
    assert np.array_equal(np.concatenate([encoder.vectors(pixels[i : i + 1]) for i in range(40)]), together)
    order = np.random.default_rng(1).permutation(40)
    assert np.array_equal(encoder.vectors(pixels[order]), together[order])


def test_a_set_is_encoded_as_its_arrays_are_however_little_memory_there_is() -> None:
    pixels, seen = pixels_of(40, (1, 20, 20)), []
    encoder = encoder_of((1, 20, 20))
    tight = Resources(memory=8 * 20 * 20 * 8 * 7, workers=1)
    found = encoder.encoded(
        ImageSet.from_arrays(pixels), resources=tight, progress=lambda *step: seen.append(step)
    )
    assert np.array_equal(found, encoder.vectors(pixels))
    assert seen == [("encoding", done, 40) for done in (0, 7, 14, 21, 28, 35, 40)]
    assert encoder.encoded(ImageSet.from_arrays(pixels[:0])).shape == (0, 128)


@pytest.mark.parametrize("dtype", TYPES)
def test_pixels_of_every_type_are_taken_and_constant_images_are_finite(dtype: type) -> None:
    pixels = (pixels_of(4, (1, 20, 20)) // 2).astype(dtype)
    pixels[1] = 0
    assert np.isfinite(encoder_of((1, 20, 20)).vectors(pixels)).all()


def test_type_offset_and_scale_of_an_image_change_nothing() -> None:
    encoder, pixels = encoder_of((1, 20, 20)), pixels_of(5, (1, 20, 20))
    expected = encoder.vectors(pixels)
    for other in (pixels.astype(np.uint16) * 257, pixels / 255 - 3, pixels.astype(np.float32) * 1e6):
        assert encoder.vectors(other) == pytest.approx(expected, abs=1e-4)


def test_an_image_and_its_mirror_image_have_one_vector() -> None:
    for shape in SHAPES:
        encoder, pixels = encoder_of(shape), pixels_of(5, shape)
        if len(shape) == 3:
            assert encoder.vectors(np.flip(pixels, 3)) == pytest.approx(encoder.vectors(pixels), abs=1e-5)
    paper = encoder_of((1, 32, 32), "dar")
    pixels = pixels_of(3, (1, 32, 32))
    assert paper.vectors(np.flip(pixels, 3)) != pytest.approx(paper.vectors(pixels), abs=1e-5)


@pytest.mark.parametrize("preset", ["default", "dar"])
@pytest.mark.parametrize("shape", [(2, 24, 24), (1, 8, 9, 10)])
def test_what_was_saved_encodes_alike(tmp_path: Path, preset: str, shape: tuple[int, ...]) -> None:
    encoder = encoder_of(shape, preset)
    encoder.save(tmp_path / "encoder")
    assert {path.name for path in (tmp_path / "encoder").iterdir()} == {"encoder.json", "weights.safetensors"}
    loaded = ContrastiveEncoder.load(tmp_path / "encoder")
    assert (loaded.recipe, loaded.shape) == (encoder.recipe, encoder.shape)
    assert np.array_equal(loaded.vectors(pixels_of(3, shape)), encoder.vectors(pixels_of(3, shape)))


def test_what_is_damaged_or_of_another_version_is_refused(tmp_path: Path) -> None:
    encoder_of((1, 20, 20)).save(tmp_path)
    about = tmp_path / "encoder.json"
    content = json.loads(about.read_text())
    about.write_text(json.dumps(content | {"format": "doppelscan-encoder/2"}))
    with pytest.raises(FormatError, match="newer doppelscan"):
        ContrastiveEncoder.load(tmp_path)
    about.write_text(json.dumps(content | {"recipe": {"depth": 3}}))
    with pytest.raises(FormatError, match="is damaged"):
        ContrastiveEncoder.load(tmp_path)
    about.write_text(json.dumps(content | {"shape": [2, 20, 20]}))
    with pytest.raises(FormatError, match="holds no weights of this network"):
        ContrastiveEncoder.load(tmp_path)


@pytest.mark.parametrize("shape", [(3, 20, 20), (1, 20, 20, 20)])
def test_images_of_other_channels_or_axes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"but the encoder was trained on 1 channels and 2 spatial axes"):
        encoder_of((1, 20, 20)).vectors(pixels_of(2, shape))


def test_images_of_another_size_are_encoded() -> None:
    encoder, small = encoder_of((1, 32, 32)), pixels_of(4, (1, 32, 32))
    enlarged = small.repeat(3, axis=2).repeat(3, axis=3)
    assert encoder.vectors(enlarged) == pytest.approx(encoder.vectors(small), abs=1e-5)
