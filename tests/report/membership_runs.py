"""Membership inferences of known content, without images: what the page and the figure are made from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from doppelscan.estimates import Estimate
from doppelscan.findings.membership import WITHOUT_MODEL, Attack, Difference, Membership, Told
from doppelscan.seeds import stream

N_MEMBERS, N_OTHERS = 40, 30


def area(value: float, reach: float) -> Estimate:
    return Estimate(value, max(value - reach, 0), min(value + reach, 1), 70)


def inferred(value: float = 0.75, reach: float = 0.05, *, p_value: float = 0.4) -> Membership:
    told = Told(area(value, reach), Estimate(0.123, 0.044, 0.321, 40), Estimate.unknown())
    concludes = p_value > 0.01
    return Membership(
        n_train=N_MEMBERS, n_train_patients=20, n_holdout=45, n_holdout_patients=45, n_members=N_MEMBERS,
        n_member_patients=20, n_others=N_OTHERS, n_other_patients=N_OTHERS, n_reference_patients=15,
        patients_known=True, difference=Difference(area(0.512, 0.07), p_value, 499), concludes=concludes,
        reason="" if concludes else "The sets differ by construction <so there>.", primary="samples",
        attacks=(Attack("distance", "samples", told, told), Attack("samples", "samples", told, told)),
        notes=("Mind the <gap>.",), made_from={},
    )  # fmt: skip


def scores() -> pd.DataFrame:
    chance = stream(0, "scores")
    member = np.arange(N_MEMBERS + N_OTHERS) < N_MEMBERS
    patient = [f"p{i // 2}" for i in range(N_MEMBERS)] + [f"q{i}" for i in range(N_OTHERS)]
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "attack": name,
                    "image_id": [f"i{i}" for i in range(len(member))],
                    "patient": patient,
                    "member": member,
                    "score": chance.normal(size=len(member)) + member,
                }
            )
            for name in (WITHOUT_MODEL, "distance", "samples")
        ],
        ignore_index=True,
    )
