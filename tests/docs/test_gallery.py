"""The gallery shows what its table says, in small files, and can be made again."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from doppelscan.generators import FAMILIES
from doppelscan.imagesets import ImageSet

from .pages import ROOT

GALLERY = ROOT / "docs/gallery"
ROWS = json.loads((GALLERY / "rows.json").read_text())


@pytest.fixture(scope="module")
def make() -> Iterator[ModuleType]:
    yield from _module("make")


@pytest.fixture(scope="module")
def pictures() -> Iterator[ModuleType]:
    yield from _module("pictures")


def _module(name: str) -> Iterator[ModuleType]:
    """A module that lies beside the page, imported as its script would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(GALLERY))
        spec = importlib.util.spec_from_file_location(name, GALLERY / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        yield module


def test_the_table_is_that_of_the_rows(make: ModuleType, tmp_path: Path) -> None:
    page = (GALLERY / "index.md").read_text()
    (tmp_path / "index.md").write_text(page)
    make.write_table(tmp_path / "index.md", ROWS.values())
    assert (tmp_path / "index.md").read_text() == page


def test_each_row_has_its_pictures_on_the_page_and_all_are_small() -> None:
    page = (GALLERY / "index.md").read_text()
    wanted = {f"{name}{kind}.png" for name in ROWS for kind in ("", "-curves")}
    sizes = {path.name: path.stat().st_size for path in GALLERY.glob("*.png")}
    assert set(sizes) == wanted
    assert all(f"({name})" in page for name in wanted)
    assert all(size < 150_000 for size in sizes.values())


def test_rows_are_of_families_and_sets_that_there_are(make: ModuleType) -> None:
    assert {plan.family for plan in make.PLANS} <= set(FAMILIES)
    assert {plan.data for plan in make.PLANS} == set(make.PREPARED)
    assert list(ROWS) == [plan.name for plan in make.PLANS if plan.name in ROWS]


def test_a_new_row_takes_its_place_and_the_rest_of_the_page_stays(make: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n\n| a |\n|---|\n| old |\n\nafter\n\n| another |\n|---|\n")
    make.write_table(page, [{"a": "1", "b": r"\1"}, {"a": "2", "b": "3"}])
    table = "| a | b |\n| --- | --- |\n| 1 | \\1 |\n| 2 | 3 |\n"
    assert page.read_text() == f"before\n\n{table}\nafter\n\n| another |\n|---|\n"


@pytest.mark.parametrize("shape", [(1, 6, 5), (1, 6, 8, 7)], ids=["images", "volumes"])
def test_a_grid_shows_the_first_samples_as_bright_as_they_are(
    pictures: ModuleType, shape: tuple[int, ...], tmp_path: Path
) -> None:
    pixels = np.full((30, *shape), 100, np.uint8)
    pixels[0] = 37
    samples, real = ImageSet.from_arrays(pixels), ImageSet.from_arrays(pixels + np.uint8(50))
    pictures.write_grid(tmp_path / "grid.png", samples, None)
    alone = _grey(tmp_path / "grid.png")
    assert alone[0, 0] == 37
    assert set(np.unique(alone)) == {0, 37, 100}  # 0 lies between images
    pictures.write_grid(tmp_path / "grid.png", samples, real)
    both = _grey(tmp_path / "grid.png")
    assert both[0, 0] == 87
    np.testing.assert_array_equal(both[-len(alone) :], alone)


def test_curves_are_drawn_of_a_gan_and_of_two_stages(pictures: ModuleType, tmp_path: Path) -> None:
    def width() -> int:
        with Image.open(tmp_path / "curves.png") as shown:
            return shown.width

    lines = [
        {"stage": "autoencoder", "seen": 8, "training loss": 0.5, "holdout loss": 0.6, "gap": 0.1},
        {"stage": "diffusion", "seen": 8, "training loss": 0.4, "holdout loss": 0.4, "gap": 0.0},
        {"stage": "gan", "seen": 8, "generator": 0.7, "discriminator": 1.4},
    ]
    widths = []
    for n in (1, 2, 3):
        (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines[:n]))
        pictures.write_curves(tmp_path / "curves.png", tmp_path / "metrics.jsonl")
        widths.append(width())
    assert widths == [widths[0], 2 * widths[0], 3 * widths[0]]


def _grey(path: Path) -> np.ndarray:
    with Image.open(path) as shown:
        return np.asarray(shown)
