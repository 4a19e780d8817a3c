"""Copies give members away, novel images do not, and where the sets differ nothing is concluded."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from cohorts import films, joined, noisy_copies, pixels_of
from doppelscan.audit.membership import MembershipSettings, membership
from doppelscan.errors import InputError
from doppelscan.findings.membership import WITHOUT_MODEL, read_membership
from doppelscan.generators import Keeping, changed, family_named, fit
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schemas/membership-1.schema.json").read_text())
QUICK = MembershipSettings(n_permutations=99, n_levels=4, n_draws=2)
LITTLE = Resources(2**28, 1, "cpu")


def copying(train: ImageSet) -> ImageSet:
    return joined(noisy_copies(train, list(range(len(train))), noise=12.0))


def test_a_model_that_copies_gives_its_patients_away(tmp_path: Path) -> None:
    train, holdout = films(40, each=2), films(60, first=100, each=2)
    found = membership(
        train=train, holdout=holdout, synthetic=copying(train), settings=QUICK, out=tmp_path, resources=LITTLE
    )
    assert (found.concludes, found.reason, found.primary) == (True, "", "samples")
    assert [attack.name for attack in found.attacks] == ["distance", "density", "samples"]
    assert all(attack.by_patient.auc.low > 0.9 for attack in found.attacks)
    assert (found.n_members, found.n_other_patients, found.n_reference_patients) == (80, 40, 20)
    jsonschema.validate(found.to_json(), SCHEMA)

    again, scores = read_membership(tmp_path)
    assert again == found
    assert scores.groupby("attack").size().to_dict() == {
        WITHOUT_MODEL: 200,
        "distance": 160,
        "density": 160,
        "samples": 160,
    }
    mine = scores[scores["attack"] == "distance"]
    won = np.subtract.outer(
        mine["score"][mine["member"]].to_numpy(), mine["score"][~mine["member"]].to_numpy()
    )
    assert found.attacks[0].by_image.auc.value == pytest.approx(((won > 0) + (won == 0) / 2).mean())


def test_a_model_that_saw_neither_side_gives_nobody_away() -> None:
    found = membership(
        train=films(60),
        holdout=films(90, first=100),
        synthetic=films(80, first=300),
        settings=QUICK,
        resources=LITTLE,
    )
    assert found.concludes
    for attack in found.attacks:
        assert attack.by_patient.auc.low <= 0.5 <= attack.by_patient.auc.high


def test_nothing_is_concluded_where_the_holdout_is_of_another_kind() -> None:
    train, holdout = films(40), films(60, first=100)
    brighter = ImageSet.from_arrays(
        np.clip(pixels_of(holdout).astype(int) + 12, 0, 255).astype(np.uint8), holdout.table
    )
    found = membership(
        train=train, holdout=brighter, synthetic=copying(train), settings=QUICK, resources=LITTLE
    )
    assert not found.concludes
    assert found.difference.p_value == 1 / 100
    assert "differ by construction" in found.reason
    assert found.decisive.by_patient.auc.known  # shown all the same


def test_the_encoder_never_sees_a_real_image(monkeypatch: pytest.MonkeyPatch) -> None:
    from doppelscan.audit.membership import attacks
    from doppelscan.search.vectors import Encoder

    class Halves:
        fingerprint = "halves"

        def vectors(self, pixels: np.ndarray) -> np.ndarray:
            flat = pixels.reshape(len(pixels), -1).astype(np.float32)
            return np.add.reduceat(flat, np.arange(0, flat.shape[1], 20), axis=1)

    assert isinstance(Halves(), Encoder)
    seen: list[ImageSet] = []
    monkeypatch.setattr(attacks, "fitted", lambda images, *_, **__: seen.append(images) or Halves())
    train = films(30)
    found = membership(
        train=train,
        holdout=films(45, first=100),
        synthetic=copying(train),
        settings=MembershipSettings(encoder="default", n_permutations=99),
        resources=LITTLE,
    )
    assert [images.name for images in seen] == ["synthetic"]
    assert [attack.name for attack in found.attacks] == [
        "distance",
        "density",
        "encoded_distance",
        "encoded_density",
        "samples",
    ]
    assert found.attacks[2].by_image.auc.low > 0.8


def test_a_model_is_asked_and_a_wrong_one_refused(tmp_path: Path) -> None:
    train = films(20, side=8)
    small = [
        "channels=8,8",
        "attention=false,false",
        "head_channels=8",
        "steps=50",
        "training.n_images=16",
        "training.batch=8",
    ]
    chosen = changed(family_named("ddpm").presets["tiny"], small)
    fit(train, chosen, out=tmp_path / "model", keeping=Keeping(marks=1, grid=0))
    sets = {"train": train, "holdout": films(30, first=100, side=8), "settings": QUICK, "resources": LITTLE}
    found = membership(**sets, model=tmp_path / "model", synthetic=films(10, first=300, side=8))
    assert [attack.name for attack in found.attacks] == [
        "distance",
        "density",
        "samples",
        "loss",
        "proximal",
        "model",
    ]
    assert found.primary == "model"
    assert found.made_from["model"]["seen"] == 16
    assert not any("record names other" in note for note in found.notes)
    assert any("10 samples were seen" in note for note in found.notes)
    other = membership(**{**sets, "train": films(20, first=200, side=8)}, model=tmp_path / "model")
    assert any("record names other training images" in note for note in other.notes)
    with pytest.raises(InputError, match=r"the model is of images 1x8x8, the sets are 1x20x20.*--size"):
        membership(train=films(12), holdout=films(12, first=50), model=tmp_path / "model", resources=LITTLE)


def test_volumes_and_colours_are_attacked_alike() -> None:
    chance = np.random.default_rng(0)
    for shape in [(3, 7, 9), (1, 5, 6, 7)]:
        sets = [
            ImageSet.from_arrays(chance.integers(0, 60000, (n, *shape)).astype(np.uint16)) for n in (12, 18)
        ]
        found = membership(
            train=sets[0],
            holdout=sets[1],
            synthetic=ImageSet.from_arrays(sets[0].read(0, 12)),
            settings=QUICK,
            resources=LITTLE,
        )
        assert found.attacks[0].by_image.auc.value == 1
        assert not found.patients_known


def test_there_must_be_something_to_attack() -> None:
    with pytest.raises(InputError, match="there is nothing to attack"):
        membership(train=films(12), holdout=films(12, first=50))
