"""What is written of a measurement of quality is read again; what is damaged is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from doppelscan.errors import FormatError, InputError
from doppelscan.estimates import Estimate
from doppelscan.findings.quality import (
    SAMPLES,
    Measured,
    Quality,
    QualityRun,
    TwoSample,
    read_quality,
    write_quality,
)

SCHEMA = Path(__file__).parents[2] / "docs/schemas/quality-1.schema.json"
UNKNOWN = Estimate(math.nan, -math.inf, math.inf, 0)


def some_quality() -> Quality:
    fid = Measured(
        "fid", Estimate(3.0, 2.0, 4.0, 9), Estimate(3.5, 2.5, 4.5, 5), Estimate(2.0, 1.0, math.inf, 5)
    )
    absent = Measured("is", UNKNOWN, UNKNOWN, UNKNOWN, "Needs the weights.")
    share = Estimate(0.5, 0.3, 0.7, 9)
    return Quality(
        encoder="pixels",
        n_numbers=64,
        n_real=10,
        n_real_patients=8,
        n_synthetic=9,
        n_holdout=6,
        n_holdout_patients=6,
        patients_known=True,
        fidelity=(fid, absent),
        memorization=(Measured("ct", UNKNOWN, UNKNOWN, UNKNOWN, "Needs held-out images."),),
        two_sample=(
            TwoSample("pixels", share, 0.4, 0.6, 0.5),
            TwoSample("pixels", Estimate.unknown(), 1, 1, 1),
        ),
        notes=("Mind this.",),
    )


def some_run() -> QualityRun:
    samples = pd.DataFrame(
        {
            "synthetic_id": ["a", "b"],
            "realism": [1.5, math.nan],
            "density": [0.8, 0.0],
            "real_like": [True, False],
            "authentic": [False, True],
            "nearest_id": ["x", "y"],
            "nearest_patient": ["p", None],
            "distance": [0.5, 0.7],
        }
    )
    return QualityRun(some_quality(), samples, {"settings": {"seed": 0}})


def test_quality_comes_back_from_json_with_limits_that_are_not_finite() -> None:
    plain = json.loads(json.dumps(some_quality().to_json(), allow_nan=False))
    again = Quality.from_json(plain)
    assert again.to_json() == plain
    assert again["fid"] == some_quality()["fid"]
    assert again["is"].absent
    assert not again["is"].value.known
    assert again["fid"].perfect.high == math.inf


def test_quality_is_what_the_published_schema_says() -> None:
    schema = json.loads(SCHEMA.read_text())
    plain = some_quality().to_json()
    jsonschema.validate(plain, schema)
    assert set(schema["properties"]) == set(plain) == set(schema["required"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain | {"n_real": "many"}, schema)


def test_a_run_comes_back(tmp_path: Path) -> None:
    write_quality(tmp_path / "run", some_run())
    again = read_quality(tmp_path / "run")
    assert again.quality.to_json() == some_quality().to_json()
    assert again.record["settings"] == {"seed": 0}
    pd.testing.assert_frame_equal(again.samples, some_run().samples[SAMPLES.names])


def test_a_run_that_is_cut_off_while_it_replaces_another_is_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_quality(tmp_path, some_run())
    (tmp_path / "report.html").write_text("of the earlier run")
    monkeypatch.setattr("doppelscan.findings.quality.write_json", None)
    with pytest.raises(TypeError):
        write_quality(tmp_path, some_run())
    assert not (tmp_path / "report.html").exists()
    with pytest.raises(InputError, match="run doppelscan quality"):
        read_quality(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        {"fidelity": [{"name": "fid"}]},
        {"fidelity": 3},
        {"two_sample": [{}]},
        {"notes": None},
        {"format": "other/1"},
    ],
)
def test_damaged_files_are_refused(damage: dict[str, object], tmp_path: Path) -> None:
    write_quality(tmp_path, some_run())
    (tmp_path / "quality.json").write_text(json.dumps(some_quality().to_json() | damage))
    with pytest.raises(FormatError):
        read_quality(tmp_path)


def test_a_file_without_a_field_is_refused() -> None:
    plain = some_quality().to_json()
    del plain["encoder"]
    with pytest.raises(FormatError, match="encoder"):
        Quality.from_json(plain)
