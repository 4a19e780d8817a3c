"""Images that were made from real ones: neither blamed for their source, nor free to repeat what was hidden of it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from cohorts import SIDE, films, joined, noisy_copies, pixels_of
from doppelscan.audit import AuditSettings, audit
from doppelscan.audit.derived import Lineage, derived_table
from doppelscan.audit.inputs import Sets
from doppelscan.errors import InputError
from doppelscan.findings import Findings, read_run
from doppelscan.images.regions import centre, region_text
from doppelscan.imagesets import ImageSet

TRAIN, HELD = films(60), films(60, first=60)
STRANGERS = films(200, first=500)
BOX = centre((SIDE, SIDE), (10, 10))
SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "findings-1.schema.json"
SETTINGS = AuditSettings(method="pearson", n_controls=5, n_draws=2)


def children(parents: ImageSet, inside: np.ndarray, *, region: np.ndarray = BOX) -> ImageSet:
    """The parents with the region replaced by that of these images."""
    pixels = np.where(region, inside, pixels_of(parents))
    table = pd.DataFrame(
        {
            "id": [f"of {name}" for name in parents.table["id"]],
            "strategy": "inpaint",
            "source_id": parents.table["id"].to_numpy(),
            "region": region_text(region),
        }
    )
    return ImageSet.from_arrays(pixels, table)


def together(*sets: ImageSet) -> ImageSet:
    tables = pd.concat([one.table for one in sets], ignore_index=True)
    return ImageSet.from_arrays(np.concatenate([pixels_of(one) for one in sets]), tables, name="derived")


def novel(n: int, first: int = 0) -> np.ndarray:
    return pixels_of(STRANGERS)[first : first + n]


def remembered(n: int) -> np.ndarray:
    return noisy_copies(TRAIN, list(range(n)))


def audited(synthetic: ImageSet, out: Path | None = None, **changes: object) -> Findings:
    return audit(train=TRAIN, synthetic=synthetic, holdout=HELD, settings=SETTINGS, out=out)


NULL = children(HELD, novel(60, 100))


def test_a_child_is_not_blamed_for_its_source() -> None:
    made = children(TRAIN, novel(60))
    blamed = audited(ImageSet.from_arrays(pixels_of(made)))
    assert blamed.copied.value > 0.5  # without knowing the source
    assert blamed.derived is None
    found = audited(made)
    assert found.copied.value <= 0.05
    assert found.derived is not None
    assert (found.derived.n, found.derived.n_null, found.derived.n_lost) == (60, 0, 0)
    assert found.derived.from_others.value == found.copied.value
    assert not found.derived.from_source.known
    assert any("nothing can be said about copying from the source" in note for note in found.notes)


def test_a_child_whose_new_part_repeats_what_was_hidden_is_found_and_others_are_not(tmp_path: Path) -> None:
    honest, mindful = (
        children(TRAIN.take(range(40, 60)), novel(20)),
        children(TRAIN.take(range(20)), remembered(20)),
    )
    found = audited(together(honest, mindful, NULL), tmp_path)
    assert found.derived is not None
    assert (found.derived.n, found.derived.n_null, found.derived.n_null_patients) == (40, 60, 60)
    rows = read_run(tmp_path).derived.set_index("synthetic_id")
    assert rows.loc[mindful.table["id"], "from_source"].mean() > 0.9
    assert rows.loc[honest.table["id"], "from_source"].mean() < 0.1
    assert rows.loc[NULL.table["id"], "p_value"].isna().all()
    assert found.derived.from_source.value == pytest.approx(rows["from_source"].sum() / 40)
    assert found.derived.by_strategy["inpaint"] == found.derived.from_source
    assert found.copied.value < 0.05  # of others
    assert Findings.from_json(found.to_json()) == found
    jsonschema.validate(found.to_json(), json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_a_child_that_copies_another_patient_is_a_copy() -> None:
    """The new part is nearly all of the image, and shows somebody else."""
    region = centre((SIDE, SIDE), (18, 18))
    others = np.roll(remembered(60), 7, axis=0)
    made = children(TRAIN, others, region=region)
    found = audited(together(made, children(HELD, novel(60), region=region)))
    assert found.derived is not None
    assert found.derived.from_others.value > 0.75
    assert found.derived.from_source.value <= 0.05
    assert 0.3 < found.copied.value < 0.55


def test_the_score_is_the_correlation_within_the_region() -> None:
    made = together(children(TRAIN.take([0, 1, 2]), novel(3)), NULL)
    table = derived_table(Sets(TRAIN, made, HELD), 0.05)
    for i in range(3):
        x, y = made[i].pixels[:, BOX].ravel(), TRAIN[i].pixels[:, BOX].ravel()
        assert table["score"][i] == pytest.approx(np.corrcoef(x.astype(float), y)[0, 1], abs=1e-9)
        assert table["statistic"][i] == pytest.approx(np.arctanh(table["score"][i]))


def test_strategies_are_judged_by_their_own_null_only() -> None:
    other = ImageSet(NULL.table.assign(strategy="outpaint"), NULL.pixels)
    table = derived_table(Sets(TRAIN, together(children(TRAIN, remembered(60)), other), HELD), 0.05)
    assert list(table["arm"]) == ["train"] * 60 + ["null"] * 60
    assert table["p_value"].isna().all()
    assert not table["from_source"].any()


def test_sources_that_are_nowhere_or_in_both_sets_are_said() -> None:
    made = children(TRAIN, novel(60))
    lost = ImageSet(made.table.assign(source_id="elsewhere.png"), made.pixels)
    found = audited(lost)
    assert found.derived is not None
    assert (found.derived.n, found.derived.n_lost) == (0, 60)
    assert any("60 images name a source that is in neither set" in note for note in found.notes)
    same = ImageSet(HELD.table.assign(id=TRAIN.table["id"]), HELD.pixels)
    with pytest.raises(InputError, match="is an image of the training set and one of the holdout"):
        audit(train=TRAIN, synthetic=made, holdout=same, settings=SETTINGS)
    wrong = ImageSet(made.table.assign(region="somewhere"), made.pixels)
    with pytest.raises(InputError, match="'somewhere' is no region"):
        audited(wrong)


def test_images_that_were_made_from_noise_are_audited_as_before() -> None:
    plain = joined(novel(30), remembered(4))
    noted = ImageSet(plain.table.assign(source_id=None, region=None, strategy="text"), plain.pixels)
    assert audited(noted) == audited(plain)
    lineage = Lineage.of(noted, TRAIN, None)
    assert not lineage.lost.any()
    assert (lineage.train < 0).all()


@pytest.mark.slow
def test_aligning_does_not_blame_the_source_either() -> None:
    made = children(TRAIN, novel(60))
    settings = AuditSettings(method="registered", effort="quick", n_draws=20)
    found = audit(train=TRAIN, synthetic=made, holdout=HELD, settings=settings)
    assert found.copied.value <= 0.05
    blamed = audit(
        train=TRAIN, synthetic=ImageSet.from_arrays(pixels_of(made)), holdout=HELD, settings=settings
    )
    assert blamed.copied.value > 0.5


def test_a_child_with_the_very_pixels_of_its_source_is_a_copy() -> None:
    made = together(
        children(TRAIN.take(range(4)), pixels_of(TRAIN)[:4]), children(TRAIN.take(range(10, 50)), novel(40))
    )
    found = audited(made)
    assert found.copied.value == pytest.approx(4 / 44)
    assert len(found.exposed) == len(set(TRAIN.table["patient"][:4]))


@pytest.mark.parametrize(
    ("region", "reason"),
    [
        ("runs  of 20x20", "is empty"),
        ("outside 0:20,0:20 of 20x20", "is empty"),
        ("inside 0:2,0:2,0:2 of 20x20x20", "has 3 axes"),
        ("inside 0:2,0:2 of 999999x999999", "no region"),
    ],
)
def test_a_region_that_leaves_nothing_to_compare_is_refused(region: str, reason: str) -> None:
    """An image that says so would be matched with nobody: neither with its source nor with the source's patient."""
    made = children(TRAIN, novel(60))
    odd = ImageSet(made.table.assign(region=region), made.pixels)
    with pytest.raises(InputError, match=reason):
        audited(odd)


def test_a_region_that_covers_no_pixel_by_half_is_compared_where_it_covers_most() -> None:
    made = children(TRAIN.take([0]), novel(1))
    halves = ImageSet(made.table.assign(region="inside 90:110,90:110 of 400x400"), made.pixels)
    x, y = (images[0].pixels[0, 4:6, 4:6].ravel().astype(float) for images in (made, TRAIN))
    table = derived_table(Sets(TRAIN, halves, HELD), 0.05)
    assert table["score"][0] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
