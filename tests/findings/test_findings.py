"""Findings come back from disk as they were, and are what the published schema says."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

from doppelscan.errors import FormatError, InputError
from doppelscan.estimates import Estimate
from doppelscan.findings import (
    CONTROLS,
    MATCHES,
    NULLS,
    Findings,
    IdentityError,
    RatesByTransform,
    Run,
    read_run,
    write_run,
)
from doppelscan.findings.quality import QUALITY_FILES
from doppelscan.findings.run import check_folder

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "findings-1.schema.json").read_text())
RATE = Estimate(0.1, 0.05, 0.2, 40)
RATES = RatesByTransform(RATE, {"noise": RATE, "flip": Estimate.unknown()})


def some_findings() -> Findings:
    counts = dict.fromkeys(("n_synthetic", "n_train", "n_holdout", "n_patients", "n_null_patients"), 7)
    rates = dict.fromkeys(
        (
            "copied",
            "copied_with_identity_errors",
            "copies_left",
            "excess_copied",
            "memorized",
            "patients_exposed",
        ),
        RATE,
    )
    return Findings(
        method="pearson",
        calibration="conformal",
        statistic="margin",
        **counts,
        patients_known=True,
        shift_controlled=True,
        fdr=0.05,
        threshold=None,
        p_floor=0.01,
        least_detectable_copies=3,
        identity_errors=(IdentityError("a", "p", "b", "q", "calibration", 1.0, 9.0, "same pixels"),),
        **rates,
        exposed=("p",),
        power=RATES,
        false_alarms=RATES,
        same_patient_alarms=RATES,
        notes=("mind this",),
    )


def some_run() -> Run:
    tables = [pd.DataFrame(columns=schema.names) for schema in (MATCHES, NULLS, CONTROLS)]
    return Run(some_findings(), *tables, record={"seed": 0})


def test_findings_come_back_from_json_as_they_were() -> None:
    back = Findings.from_json(json.loads(json.dumps(some_findings().to_json(), allow_nan=False)))
    assert json.dumps(back.to_json()) == json.dumps(some_findings().to_json())
    assert not back.power.by_transform["flip"].known


def test_findings_are_what_the_published_schema_says() -> None:
    jsonschema.validate(some_findings().to_json(), SCHEMA)
    newer = {"derived"}  # absent from the findings of older audits
    assert set(SCHEMA["required"]) == {field.name for field in fields(Findings)} - newer
    assert newer <= set(SCHEMA["properties"])
    wrong = some_findings().to_json() | {"copied": {"value": 2, "low": 0, "high": 1, "n": 1}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


@pytest.mark.parametrize(
    "damage",
    [
        {"format": "doppelscan-findings/2"},
        {"copied": None},
        {"power": {"overall": 1}},
        {"identity_errors": [{}]},
        {"threshold": [[1]]},
        {"n_train": "many"},
        {"notes": "none"},
        {"exposed": [1]},
    ],
)
def test_damaged_findings_are_refused_as_such(damage: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        Findings.from_json(some_findings().to_json() | damage)


def test_findings_without_a_field_are_refused() -> None:
    content = some_findings().to_json()
    del content["copied"]
    with pytest.raises(FormatError, match="copied"):
        Findings.from_json(content)


def test_a_run_comes_back(tmp_path: Path) -> None:
    write_run(tmp_path, some_run())
    back = read_run(tmp_path)
    assert back.findings.to_json() == some_findings().to_json()
    assert list(back.matches.columns) == MATCHES.names
    assert back.record["seed"] == 0


def test_a_run_cut_off_while_it_replaces_another_is_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path, some_run())
    (tmp_path / "report.html").write_text("of the earlier run")
    monkeypatch.setattr("doppelscan.findings.run.write_json", None)  # cut off after the tables
    with pytest.raises(TypeError):
        write_run(tmp_path, some_run())
    with pytest.raises(InputError, match=r"no findings\.json"):
        read_run(tmp_path)
    assert not (tmp_path / "report.html").exists()
    check_folder(tmp_path)


def test_a_folder_of_something_else_takes_no_run(tmp_path: Path) -> None:
    check_folder(tmp_path / "new")
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(InputError, match="something else than an audit"):
        check_folder(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        check_folder(tmp_path / "thesis.doc")


def test_a_folder_of_another_kind_of_run_takes_no_run_though_files_of_both_have_one_name(
    tmp_path: Path,
) -> None:
    write_run(tmp_path, some_run())
    check_folder(tmp_path)
    with pytest.raises(InputError, match="something else than a measurement of quality"):
        check_folder(tmp_path, QUALITY_FILES, "a measurement of quality")
    assert read_run(tmp_path).record  # which that measurement would have written over


def test_every_damaged_file_of_a_run_is_named_at_once(tmp_path: Path) -> None:
    write_run(tmp_path, some_run())
    (tmp_path / "matches.parquet").write_bytes(b"no")
    (tmp_path / "run.json").unlink()
    with pytest.raises(FormatError) as caught:
        read_run(tmp_path)
    assert {Path(problem.where).name for problem in caught.value.problems} == {"matches.parquet", "run.json"}


@pytest.mark.parametrize(
    "odd",
    [{"sets": []}, {"sets": {"train": 3}}, {"sets": {"train": {"unreadable": [[]]}}}, {"settings": "none"}],
)
def test_a_record_that_holds_something_else_than_records_do_is_damaged(
    tmp_path: Path, odd: dict[str, Any]
) -> None:
    run = some_run()
    write_run(tmp_path, replace(run, record=dict(run.record) | odd))
    with pytest.raises(FormatError, match="something else where tables belong"):
        read_run(tmp_path)


def test_a_folder_without_a_run_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no audit"):
        read_run(tmp_path)


def test_an_estimate_whose_limits_cross_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        replace(RATE, low=0.5)
