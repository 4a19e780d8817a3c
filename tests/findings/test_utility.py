"""A measurement of utility comes back from disk as it was, and is what the published schema says."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from doppelscan.errors import FormatError, InputError
from doppelscan.estimates import Estimate
from doppelscan.findings.utility import (
    CELLS,
    EMBEDDING,
    Arm,
    Contrast,
    Outcome,
    Parents,
    Saturation,
    Seeds,
    Utility,
    UtilityRun,
    Worth,
    read_utility,
    write_utility,
)

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/utility-1.schema.json").read_text())
SOME = Estimate(0.5, 0.4, 0.6, 100)
OPEN = Estimate(12.0, 8.0, math.inf, 200)


def some_utility() -> Utility:
    cell = ("ddpm", 8.0, 2)
    return Utility(
        classifier="probe",
        encoder="random",
        outcome="balanced_accuracy",
        classes=("melanoma", "nevus"),
        n_seeds=3,
        n_real=60,
        n_real_patients=60,
        n_test=40,
        n_test_patients=40,
        patients_known=True,
        arms=(Arm("duplicated", "control", refitted=True), Arm("ddpm", "generator", refitted=False)),
        outcomes=(
            Outcome("real", "joined", 8.0, 0, {"balanced_accuracy": SOME}, {"class=nevus": SOME}),
            Outcome("ddpm", "joined", 8.0, 2, {"balanced_accuracy": SOME}, {}),
        ),
        contrasts=(Contrast("ddpm", "real", "all", 8.0, 2, Estimate(0.1, -0.1, 0.3, 40), 0.2, 0.4),),
        worths=(Worth(*cell, 16.0, OPEN, replace(OPEN, value=0.75, low=0.5), beyond=True),),
        saturations=(Saturation("ddpm", 8.0, Estimate(math.nan, 0.0, 5.0, 0), Estimate(0.0, 0.0, 0.1, 40)),),
        seeds=(Seeds(*cell, 0.01, None), Seeds(*cell, 0.05, 7)),
        parents=(Parents("ddpm", 40, SOME, Estimate(math.nan, 0.0, math.inf, 0), SOME, SOME),),
        declared=("ddpm saw more",),
    )


def some_run() -> UtilityRun:
    cells = pd.DataFrame(columns=CELLS.names)
    return UtilityRun(some_utility(), cells, pd.DataFrame(columns=EMBEDDING.names), {"seed": 0})


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_utility(tmp_path, some_run())
    assert read_utility(tmp_path).utility.to_json() == some_utility().to_json()


def test_it_is_what_the_published_schema_says() -> None:
    jsonschema.validate(some_utility().to_json(), SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(some_utility().to_json() | {"n_seeds": "three"}, SCHEMA)


def test_what_is_no_measurement_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run doppelscan utility"):
        read_utility(tmp_path)
    write_utility(tmp_path, some_run())
    damaged = some_utility().to_json() | {"worths": [{"arm": "ddpm"}]}
    (tmp_path / "utility.json").write_text(json.dumps(damaged))
    with pytest.raises(FormatError, match="damaged"):
        read_utility(tmp_path)


def test_worth_is_said_with_its_interval() -> None:
    said = some_utility().worths[0].sentence
    assert said == (
        "ddpm: 16 synthetic images per class are worth at least 12 [8, more than there are] real ones, "
        "beside 8 real ones."
    )
