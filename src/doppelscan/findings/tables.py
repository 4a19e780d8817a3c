"""The tables of a run: their columns, in order, and what each column holds."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["CONTROLS", "MATCHES", "NULLS"]

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
