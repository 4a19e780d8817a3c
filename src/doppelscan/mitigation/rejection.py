"""Which samples may stay? Those that no audit suspects; the others are discarded as they are drawn, and named."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from doppelscan.audit import AuditSettings, audited
from doppelscan.errors import InputError, Problem
from doppelscan.findings import Findings, read_run
from doppelscan.imagesets import ImageSet, save
from doppelscan.imagesets.saving import cached
from doppelscan.settings import Resources
from doppelscan.store import write_table
from doppelscan.workers import Progress, silent

__all__ = ["DISCARDED", "Rejected", "rejecting"]

# One row per discarded seed. No training image is named: the table lies beside the samples.
DISCARDED = pa.schema(
    [("seed", pa.int64()), ("p_value", pa.float64()), ("copied", pa.bool_())],
    metadata={"format": "doppelscan-discarded/1"},
)


@dataclass(frozen=True, eq=False)
class Rejected:
    """Samples that stay, those that do not, and the audit that told them apart.

    Attributes
    ----------
    kept
        The set that was written.
    discarded
        A row for each seed that was drawn and not kept: `seed, p_value, copied`.
    findings
        Of the audit of all that was drawn.
    """

    kept: ImageSet
    discarded: pd.DataFrame
    findings: Findings


def rejecting(
    samples: ImageSet,
    out: Path,
    *,
    train: ImageSet,
    holdout: ImageSet | None = None,
    settings: AuditSettings | None = None,
    suspect: float = 0.05,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Rejected:
    """Draw what `Model.sample` promised and write to `out` the images that no audit suspects of copying.

    Discarded is what the audit flags, and every image whose own p-value is at most `suspect`: of images that copy
    nobody about that share is lost, and copies that a false discovery rate would let pass are not. The audit sees
    all that is drawn at once, so a seed's fate can depend on its company. `discarded.parquet` beside the images
    names the seeds. A call that was cut off goes on where it stood when it is made again.

    Raises
    ------
    InputError
        If the sets do not fit each other, `suspect` is no share, or nothing may stay.
    """
    if not 0 <= suspect < 1:
        raise InputError(Problem(f"{suspect:g} is no share", where="--suspect", cure="from 0 to below 1"))
    resources = resources or Resources()
    drawn = cached(samples, resources=Resources(workers=1), progress=progress)
    matches, findings = _audit(drawn, train, holdout, settings, resources, progress)
    bad = (matches["copied"] | (matches["p_value"] <= suspect)).to_numpy(dtype=bool)
    if bad.all():
        what = f"none of {len(drawn)} samples may stay: the audit suspects every one"
        raise InputError(Problem(what, where=str(out), cure="train less, or on more images"))
    kept = save(drawn.take(np.flatnonzero(~bad)), out, resources=resources, progress=progress)
    discarded = matches.loc[bad, ["p_value", "copied"]].assign(seed=drawn.table["seed"].to_numpy()[bad])
    discarded = discarded[["seed", "p_value", "copied"]].reset_index(drop=True)
    write_table(out / "discarded.parquet", discarded, DISCARDED)
    return Rejected(kept, discarded, findings)


def _audit(
    drawn: ImageSet,
    train: ImageSet,
    holdout: ImageSet | None,
    settings: AuditSettings | None,
    resources: Resources,
    progress: Progress,
) -> tuple[pd.DataFrame, Findings]:
    """The best match of each sample, in the samples' order, and what the audit concludes."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "audit"
        audited(
            train=train,
            synthetic=drawn,
            holdout=holdout,
            settings=settings,
            out=run,
            resources=resources,
            progress=progress,
        )
        found = read_run(run)
    best = found.matches[found.matches["rank"] == 1].set_index("synthetic_id")
    return best.loc[drawn.table["id"]].reset_index(), found.findings
