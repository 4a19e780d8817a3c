"""What the page of a study says: its claims and whether they hold, figures, every cell, what failed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from doppelscan.report.numbers import UNDEFINED, value
from doppelscan.report.rendering import rendered
from doppelscan.report.study_figures import claim_figure
from doppelscan.store import write_text
from doppelscan.studies.contrasts import Settled
from doppelscan.studies.outcomes import OUTCOMES
from doppelscan.studies.ranks import ranked_alike
from doppelscan.studies.records import STEPS, Study, read_study

__all__ = ["write_study_page"]

_IN_TABLE = ("copied", "memorized", "copied_by_dar", "correlated", "power", "frechet", "coverage")
_QUALITY = ("frechet", "precision", "coverage")


def write_study_page(folder: Path) -> Path:
    """Write `study.html` beside the table of the study in `folder`; the path of the page.

    Raises
    ------
    FormatError
        If there is no study in `folder`, or it is damaged.
    """
    study = read_study(folder)
    write_text(folder / "study.html", rendered(_said(study), "study"))
    return folder / "study.html"


def _said(study: Study) -> dict[str, Any]:
    recipe, claims = study.recipe, study.settled
    varied = [name for name in recipe.fixed if len(set(study.cells.get(name, ()))) > 1]
    return {
        "title": recipe.title,
        "n_cells": len(study.cells),
        "n_seeds": len(recipe.seeds),
        "seconds": sum(float(study.cells[f"seconds_{step}"].sum()) for step in STEPS if len(study.cells)),
        "claims": [_claim(one) for one in claims],
        "figures": [_figure(study, one) for one in claims if one.difference.known],
        "ranks": list(_ranks(study)),
        "fixed": {name: level for name, level in recipe.fixed.items() if name not in varied},
        "varied": varied,
        "outcomes": {name: OUTCOMES[name] for name in _IN_TABLE},
        "cells": list(_cells(study, varied)),
        "failures": study.failures,
    }


def _claim(one: Settled) -> dict[str, Any]:
    contrast, found = one.contrast, one.difference
    return {
        "verdict": one.verdict,
        "claim": contrast.claim,
        "of": contrast.of,
        "compared": f"{contrast.outcome}: {contrast.factor} {contrast.high} less {contrast.factor} {contrast.low}",
        "difference": value(found.value),
        "between": f"{value(found.low)} to {value(found.high)}",
        "detectable": value(one.detectable),
        "n": found.n,
    }


def _figure(study: Study, one: Settled) -> dict[str, str]:
    drawn = base64.b64encode(claim_figure(study, one.contrast)).decode()
    what = f"{one.contrast.claim} {OUTCOMES[one.contrast.outcome]}, by {one.contrast.factor}"
    return {"source": f"data:image/png;base64,{drawn}", "alt": what, "claim": one.contrast.claim}


def _ranks(study: Study) -> Iterator[dict[str, Any]]:
    """How quality ranks the generators of the audited patients, compared with how much they copy."""
    cells = study.cells[study.cells["fitted_on"] == "these"]
    for name in _QUALITY:
        found = ranked_alike(cells, name, "copied")
        if found.known:
            between = f"{value(found.low)} to {value(found.high)}"
            yield {
                "name": name,
                "meaning": OUTCOMES[name],
                "rho": value(found.value),
                "between": between,
                "n": found.n,
            }


def _cells(study: Study, varied: list[str]) -> Iterator[dict[str, Any]]:
    for row in study.cells.to_dict(orient="records"):
        yield {
            "levels": [row[name] for name in varied],
            "seed": row["seed"],
            "outcomes": [_outcome(row, name) for name in _IN_TABLE],
        }


def _outcome(row: dict[Any, Any], name: str) -> tuple[str, str]:
    if pd.isna(row[name]):
        return UNDEFINED, ""
    return value(row[name]), f"{value(row[f'{name}_low'])} to {value(row[f'{name}_high'])}"
