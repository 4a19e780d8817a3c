"""How was a pair aligned, and where does it agree? As a value, and as a row of a run's table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int8

from doppelscan.errors import FormatError, Problem
from doppelscan.findings.tables import ALIGNMENTS
from doppelscan.images.placement import Placement

__all__ = ["AlignedPair", "aligned_pairs", "alignments_of"]


@dataclass(frozen=True, eq=False)
class AlignedPair:
    """A synthetic image and its match: how the training image is laid onto it, and where they agree then.

    Attributes
    ----------
    placement
        Where the training image lies on the synthetic one.
    score
        Robust local correlation once they are aligned, from -1 to 1.
    overlap
        The share of the synthetic image that has a counterpart.
    agreement
        The correlation of their fine detail about each place, in hundredths, on a small picture of the synthetic
        image; 0 where there is no counterpart.
    part
        Where they agree if only a part does, on the same picture; else None.
    """

    synthetic_id: str
    train_id: str
    placement: Placement
    score: float
    overlap: float
    agreement: Int8[np.ndarray, "*small"]
    part: Bool[np.ndarray, "*small"] | None

    @property
    def aligned_by(self) -> str:
        """How the training image was changed to lie as the synthetic one does."""
        return self.placement.described()


def alignments_of(pairs: Iterable[AlignedPair]) -> pd.DataFrame:
    """The pairs as the table that a run holds."""
    return pd.DataFrame([_row(pair) for pair in pairs], columns=ALIGNMENTS.names)


def aligned_pairs(alignments: pd.DataFrame) -> dict[str, AlignedPair]:
    """The pairs of a run's table, by synthetic image.

    Raises
    ------
    FormatError
        If a row's numbers do not fit each other.
    """
    try:
        return {pair.synthetic_id: pair for pair in _pairs(alignments)}
    except (TypeError, ValueError) as error:
        raise FormatError(Problem(f"is damaged: {error}", where="alignments.parquet")) from error


def _row(pair: AlignedPair) -> Mapping[str, Any]:
    placement = pair.placement
    return {
        "synthetic_id": pair.synthetic_id,
        "train_id": pair.train_id,
        "aligned_by": pair.aligned_by,
        "score": pair.score,
        "overlap": pair.overlap,
        "inverted": placement.inverted,
        "matrix": placement.matrix.ravel(),
        "offset": placement.offset,
        "controls": np.empty(0) if placement.controls is None else placement.controls.ravel(),
        "grid": pair.agreement.shape,
        "agreement": pair.agreement.ravel(),
        "part": np.empty(0, dtype=bool) if pair.part is None else pair.part.ravel(),
    }


def _pairs(alignments: pd.DataFrame) -> Iterator[AlignedPair]:
    for row in alignments.to_dict(orient="records"):
        grid = tuple(row["grid"])
        part = np.asarray(row["part"], dtype=bool)
        yield AlignedPair(
            row["synthetic_id"],
            row["train_id"],
            _placement(row),
            float(row["score"]),
            float(row["overlap"]),
            np.asarray(row["agreement"], dtype=np.int8).reshape(grid),
            part.reshape(grid) if len(part) else None,
        )


def _placement(row: Mapping[Any, Any]) -> Placement:
    d = len(row["offset"])
    matrix, offset = (np.asarray(row[name], dtype=np.float64) for name in ("matrix", "offset"))
    return Placement(matrix.reshape(d, d), offset, _controls(row["controls"], d), bool(row["inverted"]))


def _controls(values: Any, d: int) -> Float64[np.ndarray, "d *n"] | None:
    n = round((len(values) / d) ** (1 / d))
    return np.asarray(values, dtype=np.float64).reshape((d,) + (n,) * d) if n else None
