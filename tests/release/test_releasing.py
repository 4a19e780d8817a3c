"""A release holds what passes and no more, is whole or not there, and says every reason when it is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr

from calling import bytes_of
from doppelscan.errors import InputError, ReleaseBlocked
from doppelscan.findings import read_run, write_run
from doppelscan.findings.provenance import described, pixels_fingerprint
from doppelscan.imagesets import open_images, save
from doppelscan.quality import QualitySettings, quality
from doppelscan.release import Limits, Released, ReleaseSettings, release
from doppelscan.release.record import Record
from doppelscan.release.sources import of_other_images

from .conftest import SAID, Audited

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "release-1.schema.json"
FILES = {"README.md", "SHA256SUMS", "audit.json", "croissant.json", "images.csv"}


def test_what_passes_is_there_by_its_seed_with_safe_columns_only(made: Released, audited: Audited) -> None:
    rows = pd.read_csv(made.folder / "images.csv")
    assert list(rows.columns) == ["file", "label", "seed"]
    assert list(rows["seed"]) == list(range(701, 722))
    source = open_images(audited.folders.synthetic)
    again = open_images(made.folder / "images.csv")
    for k, seed in enumerate(rows["seed"]):
        assert rows["file"][k] == f"images/seed-{seed:08d}.png"
        np.testing.assert_array_equal(again[k].pixels, source[seed - 700].pixels)
    assert list(again.table["label"]) == list(source.table["label"][1:22])
    names = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()}
    assert names == FILES | set(rows["file"]) | {"figures/scores.png", "figures/power.png"}


def test_the_record_tells_what_was_found_and_nobody_of_whom(made: Released) -> None:
    text = (made.folder / "audit.json").read_text()
    said = json.loads(text)
    assert said["audit"]["n_exposed"] == 3
    assert said["selection"] == {
        "n_synthetic": 25,
        "n_released": 21,
        "withheld": {"copied": 3, "readers": 0, "margin": 0, "unjudged": 1, "unaudited": 0},
        "margin": None,
    }
    assert said["leak_test"]["n_images"] == 60
    for page in ("audit.json", "README.md", "croissant.json"):
        assert "PAT-" not in (made.folder / page).read_text()


def test_the_published_schema_is_that_of_the_record(made: Released) -> None:
    import jsonschema

    schema = json.loads(SCHEMA.read_text())
    assert (
        schema == {"$schema": schema["$schema"], "$id": "release-1.schema.json"} | Record.model_json_schema()
    )
    jsonschema.validate(made.record.to_json(), schema)


def test_the_datasheet_says_what_was_found(made: Released) -> None:
    page = (made.folder / "README.md").read_text()
    for said in (
        "12.0% (3.0% to 31.0%)",
        "56.0% (50.0% to 62.0%)",
        "CC-BY-4.0",
        "Nothing: the release met its limits",
    ):
        assert said in page
    assert "No reader has looked at pairs." in page


@pytest.mark.usefixtures("undrawn")
def test_the_same_call_gives_the_same_bytes(
    audited: Audited, lenient: ReleaseSettings, tmp_path: Path
) -> None:
    folders = [release(audited.run, tmp_path / name, settings=lenient).folder for name in ("a", "b")]
    assert bytes_of(folders[0]) == bytes_of(folders[1])


@pytest.mark.usefixtures("undrawn")
def test_every_reason_is_told_at_once_and_nothing_is_left(audited: Audited, tmp_path: Path) -> None:
    run = read_run(audited.run)
    sets = {part: dict(about) for part, about in run.record["sets"].items()}
    sets["train"]["fingerprint"] = "another"
    sets["synthetic"]["unreadable"] = [["x.png", "truncated"]]
    worse = replace(run, findings=replace(run.findings, shift_controlled=False), record={"sets": sets})
    write_run(tmp_path / "run", worse)
    with pytest.raises(ReleaseBlocked) as blocked:
        release(tmp_path / "run", tmp_path / "out")
    assert blocked.value.names == (
        "copied_share",
        "patients_exposed",
        "no_holdout",
        "unreadable",
        "unreviewed",
        "licence",
        "training_licence",
        "stale_audit",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.usefixtures("undrawn")
def test_images_that_changed_after_the_audit_block_it(
    audited: Audited, lenient: ReleaseSettings, tmp_path: Path
) -> None:
    swapped = open_images(audited.folders.synthetic)
    order = [1, 0, *range(2, 25)]
    swapped = replace(swapped, pixels=swapped.pixels.take(np.array(order)))
    with pytest.raises(ReleaseBlocked) as blocked:
        release(audited.run, tmp_path / "out", settings=lenient, synthetic=swapped)
    assert "stale_audit" in blocked.value.names


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_pixels_of_a_saved_set_that_changed_after_the_audit_block_it(
    audited: Audited, lenient: ReleaseSettings, tmp_path: Path, when: str
) -> None:
    kept = save(open_images(audited.folders.synthetic), tmp_path / "set")
    run = read_run(audited.run)
    about = described(kept) | {"pixels": pixels_fingerprint(kept)}
    write_run(tmp_path / "run", replace(run, record={"sets": run.record["sets"] | {"synthetic": about}}))
    stored = zarr.open_array(tmp_path / "set" / "pixels.zarr", mode="r+")

    def spoil(*_work: object) -> None:
        stored[20] = np.asarray(stored[24])  # a copy that the audit flagged

    if when == "before":
        spoil()
    with pytest.raises(ReleaseBlocked) as blocked:
        release(tmp_path / "run", tmp_path / "out", settings=lenient, progress=spoil)
    assert blocked.value.names == ("stale_audit",)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("undrawn")
def test_measurements_of_the_audited_images_are_told_and_those_of_others_block_it(
    audited: Audited, lenient: ReleaseSettings, tmp_path: Path
) -> None:
    few = QualitySettings(encoder="pixels", n_draws=4, n_pairs=6)
    sets = audited.folders
    quality(real=sets.train, synthetic=sets.synthetic, settings=few, out=tmp_path / "these")
    quality(real=sets.train, synthetic=sets.holdout, settings=few, out=tmp_path / "others")
    with pytest.raises(ReleaseBlocked) as blocked:
        release(audited.run, tmp_path / "no", settings=lenient, quality=tmp_path / "others")
    assert blocked.value.names == ("other_images",)
    done = release(audited.run, tmp_path / "yes", settings=lenient, quality=tmp_path / "these")
    assert done.record.quality is not None
    assert done.record.quality.encoder == "pixels"


@pytest.mark.parametrize(
    ("saw", "blocked"),
    [
        ({"real": "a", "synthetic": "s"}, False),
        ({"real": "s", "synthetic": "a"}, True),
        ({"real": "a", "test": "b", "inpaint": "x", "text": "s"}, False),  # one of several arms
        ({"real": "a", "test": "b"}, False),  # generators trained anew
        ({"train": "a", "holdout": "b"}, False),  # the model was asked
        ({"train": "a", "synthetic": None}, True),  # an old record
    ],
)
def test_a_measurement_is_of_the_audited_images_if_it_saw_their_content(
    audited: Audited, saw: dict[str, str | None], *, blocked: bool
) -> None:
    run = replace(read_run(audited.run), record={"sets": {"synthetic": {"content": "s"}}})
    reasons = of_other_images(run, {"utility": {name: {"content": one} for name, one in saw.items()}})
    assert [reason.name for reason in reasons] == ["other_images"] * blocked


@pytest.mark.usefixtures("undrawn")
def test_what_is_let_pass_is_printed_with_its_why(audited: Audited, tmp_path: Path) -> None:
    settings = ReleaseSettings(
        about=SAID,
        limits=Limits(max_copied=0.5, max_exposed=5, min_power=0.9, review_top=0),
        allow={"power": "only exact | copies matter", "no_holdout": "does not occur"},
        groups=("site",),
    )
    done = release(audited.run, tmp_path / "out", settings=settings)
    (over,) = done.record.overridden
    assert (over.reason, over.why) == ("power", "only exact | copies matter")
    page = (done.folder / "README.md").read_text()
    assert "| `power` | the audit finds 56.0% (50.0% to 62.0%) of planted copies" in page
    assert r"| only exact \| copies matter |" in page
    assert set(pd.read_csv(done.folder / "images.csv")["site"]) == {"north", "south"}


@pytest.mark.usefixtures("undrawn")
def test_without_seeds_images_are_numbered_and_a_group_that_is_not_there_is_refused(
    audited: Audited, lenient: ReleaseSettings, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="there is no column 'age'"):
        release(audited.run, tmp_path / "out", settings=replace(lenient, groups=("age",)))
    synthetic = open_images(audited.folders.synthetic)
    bare = replace(synthetic, table=synthetic.table.drop(columns="seed"))
    allowed = replace(lenient, allow={"stale_audit": "the column of seeds was dropped"})
    done = release(audited.run, tmp_path / "out", settings=allowed, synthetic=bare)
    assert done.record.images[0].file == "images/number-000001.png"


@pytest.mark.usefixtures("undrawn")
def test_a_link_to_the_same_release_is_refused(
    audited: Audited, lenient: ReleaseSettings, tmp_path: Path
) -> None:
    release(audited.run, tmp_path / "real", settings=lenient)
    (tmp_path / "out").symlink_to(tmp_path / "real")
    with pytest.raises(InputError, match="exists already, and is not this release"):
        release(audited.run, tmp_path / "out", settings=lenient)


def test_a_folder_that_exists_is_not_touched(
    audited: Audited, lenient: ReleaseSettings, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="exists already"):
        release(audited.run, tmp_path / "out", settings=lenient)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.usefixtures("undrawn")
def test_a_release_that_is_there_already_is_found_to_be_the_same_or_refused(
    audited: Audited, lenient: ReleaseSettings, tmp_path: Path
) -> None:
    """Whoever kills a release at its very end gives the command again."""
    out = tmp_path / "out"
    first = release(audited.run, out, settings=lenient)
    whole = bytes_of(out)
    again = release(audited.run, out, settings=lenient)
    assert (again.folder, again.record) == (first.folder, first.record)
    assert bytes_of(out) == whole
    assert {path.name for path in tmp_path.iterdir() if "out" in path.name and path != out} == set()
    with pytest.raises(InputError, match="exists already, and is not this release"):
        release(audited.run, out, settings=replace(lenient, margin=0.1))
    assert bytes_of(out) == whole
    (out / "README.md").write_text("something else")
    with pytest.raises(InputError, match="exists already, and is not this release"):
        release(audited.run, out, settings=lenient)
    assert (out / "README.md").read_text() == "something else"


KILLED = """
import os, signal, sys
from pathlib import Path
from doppelscan.release import About, Limits, ReleaseSettings, release, releasing
def killed(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(releasing, sys.argv[3], killed)
about = About(licence="x", training_licence="x", published="2026-11-21")
limits = Limits(max_copied=1, max_exposed=9, min_power=0, review_top=0)
release(Path(sys.argv[1]), Path(sys.argv[2]), settings=ReleaseSettings(about=about, limits=limits))
"""


@pytest.mark.usefixtures("undrawn")
def test_a_killed_release_leaves_no_folder_and_the_next_one_is_whole(
    audited: Audited, lenient: ReleaseSettings, tmp_path: Path
) -> None:
    arguments = [sys.executable, "-c", KILLED, str(audited.run), str(tmp_path / "out"), "write_sums"]
    assert subprocess.run(arguments, check=False).returncode == -9
    assert not (tmp_path / "out").exists()
    assert (tmp_path / ".out.partial").exists()
    done = release(audited.run, tmp_path / "out", settings=lenient)
    assert len(done.record.images) == 21
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
