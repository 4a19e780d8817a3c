"""`doppelscan audit` as a user calls it: findings, gates, refusals, and what is left on disk."""

from __future__ import annotations

import json
import time
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image as Pillow

from calling import Folders, bytes_of, call, start, write_films
from cohorts import films
from doppelscan.audit import AuditSettings
from doppelscan.errors import InputError, Problem
from doppelscan.findings import read_run

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "findings-1.schema.json"
QUICKLY = ("--method", "pearson")
TABLES = (
    "findings.json",
    "matches.parquet",
    "nulls.parquet",
    "controls.parquet",
    "alignments.parquet",
    "derived.parquet",
)


def test_an_audit_finds_the_copies_and_writes_all_of_its_run(run_folder: Path) -> None:
    matches = read_run(run_folder).matches
    flagged = (
        matches.loc[matches["copied"] & (matches["rank"] == 1), ["synthetic_id", "train_id"]]
        .to_numpy()
        .tolist()
    )
    assert sorted(flagged) == [[f"0000{22 + i}.png", f"p{i}-0.png"] for i in range(3)]
    assert {path.name for path in run_folder.iterdir()} == {*TABLES, "run.json", "run.log", "report.html"}


def test_the_report_shows_the_sets_as_the_audit_had_them_and_opens_none_again(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doppelscan.report.sources.open_images", lambda path: pytest.fail(f"{path} again"))
    assert call("audit", *folders.options, *QUICKLY, "--out", tmp_path / "run").code == 0
    assert (tmp_path / "run" / "report.html").read_text().count("<img ") >= 3 * 3


@pytest.mark.parametrize(
    ("options", "method"),
    [
        ((), "registered"),
        (("--calibration", "dar"), "pearson"),
        (("--calibration", "fixed", "--threshold", 0.9), "pearson"),
        (("--method", "contrastive", "--calibration", "dar"), "contrastive"),
    ],
)
def test_all_kinds_of_evidence_are_heard_unless_a_threshold_on_correlation_decides(
    folders: Folders,
    tmp_path: Path,
    options: tuple[object, ...],
    method: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*, settings: AuditSettings, **sets: object) -> None:
        raise InputError(Problem(f"asked for {settings.method}"))

    monkeypatch.setattr("doppelscan.audit.audited", refused)
    assert f"asked for {method}" in call("audit", *folders.options, "--out", tmp_path / "run", *options).err


def test_json_is_all_of_stdout_and_keeps_the_schema(folders: Folders, tmp_path: Path) -> None:
    done = call(
        "audit", *folders.options, *QUICKLY, "--out", tmp_path / "run", "--json", "--fail-above", 0.01
    )
    findings = json.loads(done.out)
    jsonschema.validate(findings, json.loads(SCHEMA.read_text()))
    assert findings == json.loads((tmp_path / "run" / "findings.json").read_text())
    assert done.code == 1
    assert done.err.startswith("doppelscan: copied is 12.0%")
    assert "at least 368" in done.err or "takes 368 synthetic images" in done.err


def test_a_gate_that_holds_exits_with_0(folders: Folders, tmp_path: Path) -> None:
    done = call("audit", *folders.options, *QUICKLY, "--out", tmp_path / "run", "--fail-above", 0.5)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == f"Report: {tmp_path / 'run' / 'report.html'}"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fdr", 2), "--fdr"),
        (("--threshold", 0.5), "--threshold"),
        (("--calibration", "fixed"), "--threshold"),
        (("--fail-above", 1.5), "--fail-above"),
        (("--size", "big"), "--size: 'big'"),
        (("--memory", "lots"), "--memory: 'lots'"),
        (("--channels", "purple"), "channels cannot be 'purple'"),
        (("--patient-pattern", "("), "--patient-pattern: '('"),
        (("--device", "quantum"), "quantum"),
        (("--method", "magic"), "magic"),
    ],
)
def test_wrong_options_are_refused_and_nothing_is_written(
    folders: Folders, tmp_path: Path, options: tuple[object, ...], message: str
) -> None:
    done = call("audit", *folders.options, *QUICKLY, "--out", tmp_path / "run", *options)
    assert done.code == 2
    assert message in done.err
    assert not (tmp_path / "run").exists()


def test_everything_wrong_is_said_at_once(folders: Folders, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = call(
        "audit", "--train", "nowhere", "--synthetic", tmp_path / "empty", "--holdout", folders.holdout,
        "--method", "pearson", "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.code == 2
    assert "nowhere: there is nothing here" in done.err
    assert "empty: holds no image" in done.err


def test_a_patient_on_both_sides_is_refused_by_name(folders: Folders, tmp_path: Path) -> None:
    done = call(
        "audit", "--train", folders.train, "--synthetic", folders.synthetic, "--holdout", folders.train,
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.code == 2
    assert "p0, p1, p10, p11, p12 and 55 more" in done.err


@pytest.mark.parametrize("kind", ["file", "below a file", "folder of others"])
def test_a_place_that_is_not_for_a_run_is_refused_before_any_work(
    folders: Folders, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doppelscan.audit.audit", None)
    (tmp_path / "thesis.doc").write_text("years of work")
    out = {"file": tmp_path / "thesis.doc", "below a file": tmp_path / "thesis.doc" / "run"}.get(
        kind, tmp_path
    )
    done = call("audit", *folders.options, *QUICKLY, "--out", out)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert bytes_of(tmp_path) == {"thesis.doc": b"years of work"}


def test_grey_and_rgb_sets_are_refused_with_a_cure_that_works(folders: Folders, tmp_path: Path) -> None:
    rgb = write_films(tmp_path / "rgb", films(22, first=200), rgb=True)
    asked = (
        "audit",
        "--train",
        folders.train,
        "--synthetic",
        rgb,
        "--holdout",
        folders.holdout,
        "--method",
        "pearson",
    )
    refused = call(*asked, "--out", tmp_path / "run")
    assert refused.code == 2
    assert "--channels grey" in refused.err
    assert call(*asked, "--out", tmp_path / "run", "--channels", "grey").code == 0


def test_what_cannot_be_read_is_named_under_its_own_set(folders: Folders, tmp_path: Path) -> None:
    for name in ("first", "second"):  # of the same images, so that the cache keeps them once
        folder = write_films(tmp_path / name, films(22, first=200), table=False)
        (folder / f"{name}.png").write_bytes(b"no image")
        done = call(
            "audit", "--train", folders.train, "--synthetic", folder, "--holdout", folders.holdout,
            "--method", "pearson", "--out", tmp_path / "run",
        )  # fmt: skip
        assert "1 file" in done.out
        listed = read_run(tmp_path / "run").record["sets"]["synthetic"]["unreadable"]
        assert [where for where, _ in listed] == [f"{name}.png"]


def test_constant_images_are_audited_and_said_to_be(folders: Folders, tmp_path: Path) -> None:
    flat = write_films(tmp_path / "flat", films(10, first=200), table=False)
    Pillow.fromarray(np.full((20, 20), 7, np.uint8)).save(flat / "flat.png")
    done = call(
        "audit", "--train", folders.train, "--synthetic", flat, "--holdout", folders.holdout,
        "--method", "pearson", "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.code == 0
    assert read_run(tmp_path / "run").findings.undefined_scores == 1


def test_a_cache_that_cannot_be_written_names_its_variable(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / "file"))
    done = call("audit", *folders.options, *QUICKLY, "--out", tmp_path / "run")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "set DOPPELSCAN_CACHE" in done.err


def test_an_audit_killed_at_any_moment_ends_in_the_same_bytes(
    folders: Folders, run_folder: Path, tmp_path: Path
) -> None:
    out, whole = tmp_path / "run", {name: (run_folder / name).read_bytes() for name in TABLES}
    for seconds in (1.0, 2.0, 3.0):
        with start("audit", *folders.options, *QUICKLY, "--out", out) as child:
            time.sleep(seconds)
            child.kill()
        if (out / "findings.json").exists():
            assert read_run(out).matches.equals(read_run(run_folder).matches)
    assert call("audit", *folders.options, *QUICKLY, "--out", out).code == 0
    assert {name: (out / name).read_bytes() for name in TABLES} == whole
    assert {path.name for path in out.iterdir()} == {*TABLES, "run.json", "run.log", "report.html"}
