"""The tables of a run: their columns, in order, and what each column holds."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

__all__ = ["ALIGNMENTS", "CONTROLS", "MATCHES", "NULLS", "most_suspicious"]

# One row per synthetic image and rank; further ranks repeat the verdict's columns. `score` is the method's
# similarity of the pair (null where undefined), `statistic` what the verdict rests on, larger = more suspicious.
MATCHES = pa.schema(
    [
        ("synthetic_id", pa.string()),
        ("rank", pa.int32()),
        ("train_id", pa.string()),
        ("patient", pa.string()),  # null where unknown
        ("score", pa.float64()),
        ("statistic", pa.float64()),
        ("p_value", pa.float64()),
        ("p_kind", pa.string()),  # rank, tail, identical, undefined
        ("q_value", pa.float64()),
        ("copied", pa.bool_()),
        ("aligned_by", pa.string()),
    ],
    metadata={"format": "doppelscan-matches/1"},
)

NULLS = pa.schema(
    [
        ("image_id", pa.string()),
        ("patient", pa.string()),
        ("arm", pa.string()),  # calibration, leave_patient_out
        ("best_id", pa.string()),
        ("score", pa.float64()),
        ("statistic", pa.float64()),
    ],
    metadata={"format": "doppelscan-nulls/1"},
)

CONTROLS = pa.schema(
    [
        ("image_id", pa.string()),
        ("source_id", pa.string()),
        ("transform", pa.string()),
        ("strength", pa.float64()),
        ("arm", pa.string()),  # copy, novel, same_patient
        ("score", pa.float64()),
        ("statistic", pa.float64()),
        ("p_value", pa.float64()),
        ("copied", pa.bool_()),
        ("named", pa.bool_()),  # whether the best match is the source
    ],
    metadata={"format": "doppelscan-controls/1"},
)

# One row per pair that was aligned for the report. A position of the synthetic image, from its centre in halves of its
# longest side, shows what the training image has at `matrix @ (x + bend(x)) + offset`.
ALIGNMENTS = pa.schema(
    [
        ("synthetic_id", pa.string()),
        ("train_id", pa.string()),
        ("aligned_by", pa.string()),
        ("score", pa.float64()),
        ("overlap", pa.float64()),
        ("inverted", pa.bool_()),
        ("matrix", pa.list_(pa.float64())),  # row by row
        ("offset", pa.list_(pa.float64())),
        ("controls", pa.list_(pa.float64())),  # of the bend, along each axis in turn; empty without one
        ("grid", pa.list_(pa.int32())),  # the shape of `agreement` and `part`
        ("agreement", pa.list_(pa.int8())),  # in hundredths; 0 beyond the training image
        ("part", pa.list_(pa.bool_())),  # empty unless only a part agrees
    ],
    metadata={"format": "doppelscan-alignments/1"},
)


def most_suspicious(matches: pd.DataFrame) -> pd.DataFrame:
    """The best match of each synthetic image: those flagged first, then by p-value, statistic and score."""
    keys = ["copied", "p_value", "statistic", "score"]
    return matches[matches["rank"] == 1].sort_values(
        keys, ascending=[False, True, False, False], kind="stable"
    )
