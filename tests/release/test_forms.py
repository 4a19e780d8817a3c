"""What is written in any form is read back as it was, and holds nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from doppelscan.errors import InputError
from doppelscan.images import Image
from doppelscan.imagesets import open_images
from doppelscan.release.forms import Labelled, kept, pixels_of, refused, smuggled, written
from doppelscan.release.forms import png as png_form
from doppelscan.release.settings import Form

films = arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)
volumes = arrays.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=6)
KINDS = {
    "png": (films, ["uint8", "bool"], [1, 3]),
    "png16": (films, ["uint8", "uint16"], [1, 3]),
    "nifti": (films | volumes, ["uint8", "int16", "uint16", "float32", "float64"], [1, 2, 3, 5]),
    "npz": (
        films | volumes.map(lambda shape: (*shape[:2], shape[2] + 4)),
        ["uint8", "uint16", "float32"],
        [1, 3, 4],
    ),
}


@st.composite
def some_images(draw: st.DrawFn) -> tuple[Form, np.ndarray]:
    form = draw(st.sampled_from(sorted(KINDS)))
    shapes, dtypes, channels = KINDS[form]
    shape = (draw(st.integers(1, 3)), draw(st.sampled_from(channels)), *draw(shapes))
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    values = rng.integers(0, 2 if dtype.kind == "b" else 250, shape)
    return form, values.astype(dtype)  # type: ignore[return-value]


def wrote(form: Form, folder: Path, images: list[Labelled]) -> list[tuple[str, np.ndarray]]:
    """The name of each image's file, and its pixels as they are kept."""
    pixels, ready = zip(*(kept(form, one) for one in images), strict=True)
    return list(zip(written(form, folder, ready, len(images)), pixels, strict=True))


@given(some_images())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_images_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, some: tuple[Form, np.ndarray]
) -> None:
    form, pixels = some
    folder = tmp_path_factory.mktemp("form")
    done = wrote(form, folder, [Labelled(f"number-{k}", Image(one), k) for k, one in enumerate(pixels)])
    back = list(pixels_of(form, folder, [name for name, _ in done]))
    for (name, one), found, original in zip(done, back, pixels, strict=True):
        assert not isinstance(found, str), found
        assert found.dtype == one.dtype
        np.testing.assert_array_equal(found, one)
        scale = 255 if original.dtype.kind == "b" and form == "png" else 1
        np.testing.assert_array_equal(found.ravel(), original.astype(one.dtype).ravel() * scale)
        assert smuggled(folder / name.partition("#")[0]) == []


@pytest.mark.parametrize("form", ["png", "png16", "nifti", "npz"])
def test_the_same_images_give_the_same_bytes(form: Form, tmp_path: Path) -> None:
    pixels = np.arange(2 * 7 * 5, dtype=np.uint8).reshape(2, 1, 7, 5)
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        wrote(form, tmp_path / name, [Labelled(f"n{k}", Image(one), k) for k, one in enumerate(pixels)])
        contents.append([path.read_bytes() for path in sorted((tmp_path / name).rglob("*.*"))])
    assert contents[0] == contents[1]


def test_an_npz_opens_as_medmnist_does_with_its_labels(tmp_path: Path) -> None:
    pixels = np.arange(3 * 6 * 6, dtype=np.uint8).reshape(3, 1, 6, 6)
    wrote("npz", tmp_path, [Labelled("x", Image(one), k % 2) for k, one in enumerate(pixels)])
    with np.load(tmp_path / "images.npz") as arrays_in:
        assert {name: array.shape for name, array in arrays_in.items()} == {
            "train_images": (3, 6, 6),
            "train_labels": (3, 1),
        }
    opened = open_images(f"{tmp_path / 'images.npz'}:train")
    assert list(opened.table["label"]) == ["0", "1", "0"]
    np.testing.assert_array_equal(opened[1].pixels, pixels[1])


def test_spacing_is_kept_in_nifti(tmp_path: Path) -> None:
    volume = Image(np.zeros((1, 4, 5, 6), np.int16), (0.5, 0.75, 2.0))
    ((name, _),) = wrote("nifti", tmp_path, [Labelled("v", volume)])
    assert open_images(tmp_path / name)[0].spacing_mm == (0.5, 0.75, 2.0)
    assert smuggled(tmp_path / name) == []


@pytest.mark.parametrize(
    ("form", "pixels", "cure"),
    [
        ("png", np.zeros((1, 4, 4), np.uint16), "nifti"),
        ("png", np.zeros((2, 4, 4), np.uint8), "nifti"),
        ("png16", np.zeros((1, 4, 4), np.float32), "nifti"),
        ("png", np.zeros((1, 4, 4, 4), np.uint8), "nifti"),
        ("npz", np.zeros((7, 4, 4), np.uint8), "nifti"),
        ("npz", np.zeros((1, 8, 8, 3), np.uint8), "nifti"),
    ],
)
def test_what_a_form_cannot_keep_is_refused_with_one_that_can(
    form: Form, pixels: np.ndarray, cure: str
) -> None:
    (problem,) = refused(form, Image(pixels))
    assert cure in problem.cure


def test_an_image_unlike_the_others_is_refused_by_name(tmp_path: Path) -> None:
    images = [Labelled("a", Image(np.zeros((1, 4, 4), np.uint8))), Labelled("b", Image(np.zeros((1, 4, 4))))]
    with pytest.raises(InputError, match=r"^b: "):
        wrote("png", tmp_path, images)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_examination_of_a_png_fail(noise: bytes) -> None:
    whole = png_form.packed(np.zeros((1, 3, 3), np.uint8))
    for content in (noise, png_form.SIGNATURE + noise, whole[:33] + noise, whole + noise):
        found = list(png_form.smuggled(content))
        assert found or content == whole


@pytest.mark.parametrize("form", ["png", "nifti", "npz"])
def test_of_a_damaged_file_the_reason_comes_back_and_no_error_escapes(form: Form, tmp_path: Path) -> None:
    ramp = (np.add.outer(np.arange(16), np.arange(16)) * 7 % 256).astype(np.uint8)[None]
    ((name, kept_as),) = wrote(form, tmp_path, [Labelled("number-1", Image(ramp), 0)])
    path = tmp_path / name.partition("#")[0]
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
        (found,) = pixels_of(form, tmp_path, [name])
        assert isinstance(found, str) or found.shape == kept_as.shape, at
