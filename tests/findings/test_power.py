"""What is written of a measurement of power is read again; what is damaged is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from doppelscan.errors import FormatError
from doppelscan.estimates import Estimate
from doppelscan.findings.power import PLANTED, Detection, Power, read_power, write_power

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/power-1.schema.json").read_text())


def detection(transform: str = "noise", fraction: float | None = 1.0) -> Detection:
    rate = Estimate(0.5, 0.25, 0.75, 8)
    return Detection(
        method="pearson",
        list="standard",
        transform=transform,
        unit="a share",
        fraction=fraction,
        strength=0.2,
        n_copies=8,
        n_novel=8,
        sensitivity_at_1_percent=rate,
        sensitivity_at_5_percent=rate,
        false_alarms_at_1_percent=rate,
        auc=rate,
        named=rate,
        precision=Estimate.unknown(),
        outlined=Estimate.unknown(),
    )


def power(*detections: Detection) -> Power:
    return Power(
        n_train=20,
        n_train_patients=10,
        n_holdout=9,
        n_holdout_patients=9,
        split_off=False,
        patients_known=True,
        n_planted=8,
        n_unseen=8,
        detections=detections or (detection(), detection("flip", None)),
        notes=("Mind this.",),
        made_from={"settings": {"seed": 0}},
    )


def table() -> pd.DataFrame:
    row = {
        "method": "pearson",
        "list": "standard",
        "transform": "flip",
        "fraction": math.nan,
        "strength": 1.0,
        "arm": "copy",
        "source_id": "a.png",
        "patient": None,
        "best_id": "b.png",
        "score": 0.5,
        "statistic": 0.1,
        "named": False,
        "overlap": math.nan,
    }
    return pd.DataFrame([row, row | {"patient": "p1", "fraction": 0.5, "best_id": None}])


def same_but_for_nan(a: Power, b: Power) -> bool:
    return json.dumps(a.to_json()) == json.dumps(b.to_json())


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_power(tmp_path / "new" / "power", power(), table())
    again, rows = read_power(tmp_path / "new" / "power")
    assert same_but_for_nan(again, power())
    assert not again.detections[0].precision.known
    assert list(rows.columns) == PLANTED.names
    assert rows["patient"].isna().tolist() == [True, False]
    assert again.methods == ("pearson",)


def test_json_holds_plain_values_alone() -> None:
    written = json.loads(json.dumps(power().to_json(), allow_nan=False))
    assert written["format"] == "doppelscan-power/1"
    assert written["detections"][0]["precision"]["value"] is None
    assert written["detections"][1]["fraction"] is None


def test_it_is_what_the_published_schema_says() -> None:
    jsonschema.validate(power().to_json(), SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(power().to_json() | {"n_planted": "many"}, SCHEMA)


def test_an_interrupted_write_leaves_no_numbers_beside_another_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_power(tmp_path, power(), table())
    (tmp_path / ".of-a-killed-one.draft").write_text("")
    monkeypatch.setattr("doppelscan.findings.power.write_json", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_power(tmp_path, power(), table())
    assert {path.name for path in tmp_path.iterdir()} == {"power.parquet"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("power.json", "{", "cannot be read"),
        ("power.json", '{"format": "doppelscan-power/2"}', "newer doppelscan"),
        ("power.json", '{"format": "doppelscan-power/1"}', "is damaged"),
        ("power.json", '{"format": "doppelscan-findings/1"}', "not 'doppelscan-power/1'"),
        ("power.parquet", "no table", "cannot be read"),
    ],
)
def test_what_is_damaged_is_refused_by_name(tmp_path: Path, name: str, content: str, said: str) -> None:
    write_power(tmp_path, power(), table())
    (tmp_path / name).write_text(content)
    with pytest.raises(FormatError, match=said) as refusal:
        read_power(tmp_path)
    assert name in str(refusal.value)


def test_a_folder_without_a_measurement_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be read"):
        read_power(tmp_path)
