"""Anyone finds what is wrong with a release, all of it, from its folder alone."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.release import Released, ReleaseSettings, check, release
from doppelscan.release.croissant import faults, faults_by_mlcroissant
from doppelscan.release.forms import npz
from doppelscan.release.forms.doors import NPZ
from doppelscan.release.sums import SUMS, write_sums

from .conftest import Audited


def checks(folder: Path) -> set[str]:
    return {fault.check for fault in check(folder).faults}


def rewrite(path: Path, **changes: Any) -> None:
    """The JSON with these fields, and every sum anew."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    write_sums(path.parent)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_croissant_is_valid_by_the_package_of_mlcommons_and_its_rows_can_be_read(made: Released) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    path = made.folder / "croissant.json"
    assert faults_by_mlcroissant(path) == []
    described = mlcroissant.Dataset(jsonld=str(path))
    assert described.metadata.name == "Small films"
    assert described.metadata.data_limitations
    rows = list(described.records("images"))
    assert len(rows) == 21
    assert rows[0]["images/seed"] == 701


@pytest.mark.usefixtures("our_croissant_only")
def test_a_sound_release_passes(made: Released, audited: Audited) -> None:
    found = check(made.folder, train=audited.folders.train)
    assert found.passed
    assert (found.n_images, found.n_files, found.for_leaks) == (21, 28, True)


@pytest.mark.usefixtures("our_croissant_only")
def test_a_file_that_is_tampered_with_is_found_by_its_sum_and_by_the_record(folder: Path) -> None:
    first, second, *_ = sorted((folder / "images").iterdir())
    first.write_bytes(second.read_bytes())
    assert checks(folder) == {"sums", "images"}
    write_sums(folder)
    (fault,) = check(folder).faults
    assert (fault.check, fault.where) == ("images", f"images/{first.name}")


@pytest.mark.usefixtures("our_croissant_only")
def test_a_file_that_is_missing_or_more_is_found_whatever_the_sums_say(folder: Path) -> None:
    sorted((folder / "images").iterdir())[0].unlink()
    (folder / "notes.txt").write_text("hello")
    write_sums(folder)
    told = {(fault.check, fault.what) for fault in check(folder).faults}
    assert {("files", "is missing"), ("files", "is no file of a release")} <= told


@pytest.mark.usefixtures("our_croissant_only")
@pytest.mark.parametrize(
    "changes",
    [
        {"format": "doppelscan-release/2"},
        {"exposed": ["PAT-00017"]},
        {"fingerprint": "0" * 64},
        {"images": []},
        {"title": 7},
        {"labels": {"class 0": 21}},
        {"published": "yesterday"},
    ],
)
def test_a_record_that_is_no_record_or_contradicts_itself_is_found(
    folder: Path, changes: dict[str, Any]
) -> None:
    rewrite(folder / "audit.json", **changes)
    assert "record" in checks(folder)


@pytest.mark.usefixtures("our_croissant_only")
def test_a_record_that_names_files_elsewhere_is_not_followed(folder: Path) -> None:
    content = json.loads((folder / "audit.json").read_text())
    content["images"][0]["file"] = "images/../../secret.png"
    rewrite(folder / "audit.json", images=content["images"])
    assert "names files outside of the folder" in {fault.what for fault in check(folder).faults}


@pytest.mark.usefixtures("our_croissant_only")
@pytest.mark.parametrize("name", ["audit.json", "croissant.json", "images.csv", "README.md", "images"])
def test_no_link_is_followed_wherever_it_stands(folder: Path, name: str) -> None:
    elsewhere = (folder / name).rename(folder.parent / "elsewhere")
    (folder / name).symlink_to(elsewhere)
    write_sums(folder)
    found = check(folder)
    assert ("files", name, "is a link") in {(one.check, one.where, one.what) for one in found.faults}
    assert found.n_images == 0  # nothing was read through it


@pytest.mark.usefixtures("our_croissant_only")
@pytest.mark.parametrize("name", ["audit.json", SUMS])
def test_a_pipe_is_not_waited_for(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert [(one.check, one.where, one.what) for one in check(folder).faults] == [
        ("files", name, "is no file")
    ]


@pytest.mark.usefixtures("our_croissant_only", "undrawn")
def test_labels_in_an_npz_that_are_not_those_of_the_table_are_found(
    audited: Audited, lenient: ReleaseSettings, tmp_path: Path
) -> None:
    folder = release(audited.run, tmp_path / "out", settings=replace(lenient, form="npz")).folder
    assert check(folder).passed
    with np.load(folder / NPZ) as arrays:
        images, labels = arrays["train_images"], arrays["train_labels"]
    for _ in npz.pack(folder / NPZ, images[:, None], len(images), (1, *images.shape[1:]), images.dtype):
        pass
    npz.add_labels(folder / NPZ, [17, *labels[1:, 0].tolist()])
    write_sums(folder)
    assert {fault.what for fault in check(folder).faults if fault.check == "record"} == {
        "its labels are not those of images.csv"
    }


@pytest.mark.usefixtures("our_croissant_only")
@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"license": None, "@type": "sc:Thing"}, "no data set of Croissant"),
        ({"@context": {}}, "another @context"),
        (
            {
                "distribution": [
                    {"@type": "cr:FileObject", "@id": "x", "contentUrl": "../x", "encodingFormat": "y"}
                ]
            },
            "x is not there",
        ),
        ({"recordSet": [{"field": [{"@id": "z"}]}]}, "cannot be read"),
        ({"name": "Others"}, "another name or day"),
    ],
)
def test_a_croissant_that_says_something_else_is_found(
    folder: Path, changes: dict[str, Any], what: str
) -> None:
    rewrite(folder / "croissant.json", **changes)
    told = [fault.what for fault in check(folder).faults if fault.check == "croissant"]
    assert any(what in one for one in told), told


def test_a_croissant_without_what_it_must_have_lacks_it(folder: Path) -> None:
    content = json.loads((folder / "croissant.json").read_text())
    for name in ("license", "distribution"):
        del content[name]
    told = [problem.what for problem in faults(content, folder)]
    assert {"lacks license", "lacks distribution"} <= set(told)


@pytest.mark.usefixtures("our_croissant_only")
def test_what_is_no_release_is_refused_in_one_line_and_one_of_nothing_lacks_everything(
    tmp_path: Path,
) -> None:
    (tmp_path / "findings.json").write_text("{}")
    with pytest.raises(InputError, match="is no release: it has no audit") as refused:
        check(tmp_path)
    assert len(refused.value.problems) == 1
    (tmp_path / "findings.json").unlink()
    (tmp_path / "croissant.json").write_text("{}")
    assert checks(tmp_path) == {"sums", "record", "files", "croissant"}
    with pytest.raises(InputError, match="is no folder"):
        check(tmp_path / "nowhere")
