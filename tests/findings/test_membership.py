"""What membership inference concludes comes back from disk as it was, and is what the published schema says."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from doppelscan.errors import FormatError
from doppelscan.estimates import Estimate
from doppelscan.findings.membership import (
    SCORES,
    Attack,
    Difference,
    Membership,
    Told,
    read_membership,
    write_membership,
)

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/membership-1.schema.json").read_text())


def some(p_value: float = 0.4) -> Membership:
    told = Told(Estimate(0.7, 0.6, 0.8, 90), Estimate(0.1, 0.0, 0.3, 50), Estimate.unknown())
    return Membership(
        n_train=50, n_train_patients=40, n_holdout=70, n_holdout_patients=60, n_members=50, n_member_patients=40,
        n_others=45, n_other_patients=40, n_reference_patients=20, patients_known=True,
        difference=Difference(Estimate(0.5, 0.4, 0.6, 120), p_value, 499), concludes=p_value > 0.01,
        reason="" if p_value > 0.01 else "They differ.", primary="samples",
        attacks=(Attack("distance", "samples", told, told), Attack("samples", "samples", told, told)),
        notes=("Mind this.",), made_from={"settings": {"seed": 0}, "model": None},
    )  # fmt: skip


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {"attack": ["samples"], "image_id": ["a"], "patient": [None], "member": [True], "score": [0.5]}
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_membership(tmp_path, some(), table())
    found, scores = read_membership(tmp_path)
    assert found.difference == some().difference
    assert found.decisive.name == "samples"
    assert math.isnan(found.decisive.by_image.found_at_0_1_percent.value)
    assert found.to_json() == some().to_json()
    assert scores["patient"].isna().tolist() == [True]
    kept = ["attack", "image_id", "member", "score"]
    assert scores[kept].to_dict("records") == table()[kept].to_dict("records")


def test_it_is_what_the_published_schema_says() -> None:
    jsonschema.validate(some().to_json(), SCHEMA)
    names = {field.name for field in fields(Membership)} | {"format"}
    assert set(SCHEMA["properties"]) == set(SCHEMA["required"]) == names
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(some().to_json() | {"concludes": "perhaps"}, SCHEMA)


@pytest.mark.parametrize("name", ["difference", "attacks", "notes", "primary"])
def test_a_damaged_one_is_refused(tmp_path: Path, name: str) -> None:
    write_membership(tmp_path, some(), table())
    content = json.loads((tmp_path / "membership.json").read_text())
    del content[name]
    (tmp_path / "membership.json").write_text(json.dumps(content))
    with pytest.raises(FormatError, match="is damaged"):
        read_membership(tmp_path)


def test_a_newer_format_and_another_table_are_refused(tmp_path: Path) -> None:
    write_membership(tmp_path, some(), table())
    newer = some().to_json() | {"format": "doppelscan-membership/2"}
    (tmp_path / "membership.json").write_text(json.dumps(newer))
    with pytest.raises(FormatError, match="newer doppelscan"):
        read_membership(tmp_path)
    write_membership(tmp_path, some(), table())
    table().to_parquet(tmp_path / "membership.parquet")
    with pytest.raises(FormatError, match="doppelscan-membership-scores/1"):
        read_membership(tmp_path)


def test_sets_differ_at_one_error_in_a_hundred() -> None:
    assert [some(p).difference.is_there for p in (0.002, 0.01, 0.011)] == [True, True, False]


def test_a_score_has_the_columns_that_are_promised() -> None:
    assert SCORES.names == ["attack", "image_id", "patient", "member", "score"]
