"""What happens where a file from a stranger means harm: a model, a recipe, a run, a set, a name, a lock."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image as Pillow

from calling import Folders, call
from cohorts import films
from doppelscan.errors import UnreadableImage
from doppelscan.imagesets import save
from doppelscan.review.images import Images
from studying import RECIPE

HARM = "[2J\x1b]0;owned\x07"


def altered(path: Path, **changes: object) -> None:
    """Change values of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture
def borrowed(model: Path, tmp_path: Path) -> Path:
    """A copy of the model, to be tampered with."""
    return Path(shutil.copytree(model, tmp_path / "model"))


@pytest.mark.parametrize("family", ["antigravity", "doppelscan.generators.vae", ["vae"]])
def test_a_model_that_names_other_code_is_refused_and_nothing_is_loaded(
    borrowed: Path, tmp_path: Path, family: object
) -> None:
    altered(borrowed / "model.json", family=family)
    done = call("sample", borrowed, "--seeds", "0-1", "--out", tmp_path / "out")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "model.json" in done.err
    assert "antigravity" not in sys.modules
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("settings", ["os.system", None, {"autoencoder": "os.system"}])
def test_a_model_of_wild_settings_is_refused(borrowed: Path, tmp_path: Path, settings: object) -> None:
    altered(borrowed / "model.json", settings=settings)
    done = call("sample", borrowed, "--seeds", "0-1", "--out", tmp_path / "out")
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert "no settings" in done.err or "autoencoder" in done.err


@pytest.mark.parametrize(("longer", "why"), [(0, "cannot be the weights"), (2**24, "cannot be read")])
def test_weights_that_are_a_pickle_are_refused_and_not_opened(
    borrowed: Path, tmp_path: Path, longer: int, why: str
) -> None:
    weights = max(borrowed.glob("checkpoints/*/weights.safetensors"))
    pickled = b"cos\nsystem\n(S'touch " + str(tmp_path / "owned").encode() + b"'\ntR."
    weights.write_bytes(pickled + bytes(longer))
    done = call("sample", borrowed, "--seeds", "0-1", "--out", tmp_path / "out")
    assert (done.code, why in done.err) == (2, True)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("images", ["../secret", "films/../../secret", "/etc", "//etc"])
def test_a_recipe_whose_images_lie_elsewhere_is_refused(tmp_path: Path, images: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "recipe.toml").write_text(RECIPE.replace('phantoms = "chest"', f'images = "{images}"'))
    done = call("study", tmp_path / "recipe.toml", "--data", tmp_path / "data", "--out", tmp_path / "out")
    assert (done.code, "leads out of the folder that --data names" in done.err) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../../owned", "/owned", "..", ".owned", "a/b", "", "n" * 300])
def test_a_recipe_whose_names_are_paths_is_refused(tmp_path: Path, name: str) -> None:
    text = RECIPE.replace("[sources.chest]", f'[sources."{name}"]').replace('"chest"\nfam', f'"{name}"\nfam')
    (tmp_path / "recipe.toml").write_text(text)
    done = call("study", tmp_path / "recipe.toml", "--out", tmp_path / "deep" / "out")
    assert (done.code, "folders are called by it" in done.err) == (2, True)
    assert {path.name for path in tmp_path.iterdir()} == {"recipe.toml"}


def test_a_recipe_of_utility_whose_names_are_paths_is_refused(tmp_path: Path) -> None:
    text = 'format = "doppelscan-utility-recipe/1"\ntitle = "t"\n[sources."../owned"]\nphantoms = "skin"\n'
    (tmp_path / "recipe.toml").write_text(f'{text}[generators.vae]\nfamily = "vae"\n')
    done = call("study", tmp_path / "recipe.toml", "--out", tmp_path / "deep" / "out")
    assert (done.code, "folders are called by it" in done.err) == (2, True)
    assert {path.name for path in tmp_path.iterdir()} == {"recipe.toml"}


def test_a_recipe_that_nests_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("a = " + "[" * 100_000)
    done = call("study", tmp_path / "recipe.toml", "--out", tmp_path / "out")
    assert (done.code, done.err.count("\n")) == (2, 1)


@pytest.mark.parametrize("elsewhere", ["/etc/ssl", "secrets"])
def test_a_run_that_points_elsewhere_shows_nothing_but_images(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "000000").write_text("the password is swordfish")
    copied = Path(shutil.copytree(run, tmp_path / "run"))
    record = json.loads((copied / "run.json").read_text())
    for part in record["sets"].values():
        part["path"] = elsewhere
    altered(copied / "run.json", sets=record["sets"])
    done = call("report", copied)
    assert done.code == 0, done.err
    page = (copied / "report.html").read_text()
    assert "The images cannot be opened" in page
    assert "swordfish" not in page


def test_a_run_that_names_other_images_shows_none_of_them(sets: Folders, run: Path, tmp_path: Path) -> None:
    """They are of the same ids and shape as those that were audited, and whoever sent the run does not know them."""
    private = Path(shutil.copytree(sets.train, tmp_path / "private"))
    save(films(300, first=700), tmp_path / "others")
    copied = Path(shutil.copytree(run, tmp_path / "run"))
    shown = {}
    for named in (private, tmp_path / "others"):
        record = json.loads((copied / "run.json").read_text())
        record["sets"]["train"]["path"] = str(named)
        altered(copied / "run.json", sets=record["sets"])
        assert call("report", copied).code == 0
        page = (copied / "report.html").read_text()
        shown[named.name] = page.count("data:image/png"), "Withheld: the images where the record says" in page
        desk = Images.of(json.loads((copied / "run.json").read_text()), {})
        if named != private:
            with pytest.raises(UnreadableImage, match="Withheld"):
                desk.train("p700-0.png")
    assert shown["private"][0] > shown["others"][0]
    assert (shown["private"][1], shown["others"][1]) == (False, True)


def test_names_of_files_cannot_speak_to_the_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / f"{HARM}.png").write_bytes(b"no image")
    Pillow.new("L", (8, 8)).save(folder / "a.png")
    done = call("prepare", folder, "--out", tmp_path / "out")
    assert "\\u001b]0;owned" in done.err
    assert not {"\x1b", "\x07"} & set(done.out + done.err)


def test_a_set_that_is_prepared_does_not_run_its_metadata(sets: Folders, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(sets.holdout, tmp_path / "set"))
    about = json.loads((copied / "pixels.zarr" / "zarr.json").read_text())
    about["codecs"] = [{"name": "numcodecs.pickle", "configuration": {}}]
    (copied / "pixels.zarr" / "zarr.json").write_text(json.dumps(about))
    done = call("dedupe", copied)
    assert done.code == 2, done.err
