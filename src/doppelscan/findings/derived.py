"""What an audit concludes about images that were made from real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from doppelscan.estimates import Estimate

__all__ = ["DERIVED", "DerivedFindings"]

# One row per synthetic image that was made from a training or a held-out one.
DERIVED = pa.schema(
    [
        ("synthetic_id", pa.string()),
        ("source_id", pa.string()),
        ("patient", pa.string()),  # of the source; null where unknown
        ("strategy", pa.string()),
        ("arm", pa.string()),  # train: judged; null: of held-out sources, which the generator never saw
        ("score", pa.float64()),  # of what was drawn anew with that part of the source; null where undefined
        ("statistic", pa.float64()),
        ("p_value", pa.float64()),  # null where there is no null of this strategy
        ("q_value", pa.float64()),
        ("from_source", pa.bool_()),
    ],
    metadata={"format": "doppelscan-derived/1"},
)


@dataclass(frozen=True)
class DerivedFindings:
    """Copying from others and from the source, told apart.

    Attributes
    ----------
    n
        Synthetic images that were made from training images.
    n_null, n_null_patients
        Those made from held-out images, and of how many patients: the null of copying from the source.
    n_lost
        Those whose source is in neither set: nobody is left out when they are matched.
    from_others
        Share of `n` that is flagged as a copy of another patient than its source's.
    from_source
        Share, of those with a null of their strategy, whose new part repeats what was hidden of the source; unknown
        where no images were made from held-out ones.
    by_strategy
        The same by strategy.
    """

    n: int
    n_null: int
    n_null_patients: int
    n_lost: int
    from_others: Estimate
    from_source: Estimate
    by_strategy: Mapping[str, Estimate]
