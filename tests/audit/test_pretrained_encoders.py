"""Audits with a pretrained encoder: nothing is learnt, so every real image is a fair null."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from calling import Folders, call, write_films
from cohorts import films, joined, pixels_of
from doppelscan.audit import AuditSettings, PowerSettings, audit, learning, power
from doppelscan.audit.evidence import Evidence, gather
from doppelscan.audit.inputs import Sets
from doppelscan.audit.matching import References
from doppelscan.audit.witnesses import Aligned
from doppelscan.encoders.pretrained import pretrained
from doppelscan.errors import InputError
from doppelscan.findings import read_run
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.workers import silent

TRAIN, HOLDOUT = films(60, each=2), films(40, first=100)
NOVEL = pixels_of(films(30, first=300))
MIRRORED = pixels_of(TRAIN)[[0, 20, 40, 60, 80]][..., ::-1].copy()
RESOURCES = Resources(memory=2**28, workers=1)


class Mirrored(nn.Module):
    """In place of a network: the image made small, added to its mirror image."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        small = functional.adaptive_avg_pool2d(images[:, :1], [16, 16])
        return (small + small.flip(3)).flatten(1)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("encoder") / "mirrored.torchscript.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(Mirrored()), str(path))
    return str(path)


@pytest.fixture(autouse=True)
def _nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "fitted", None)


def settings(encoder: str, method: str = "contrastive") -> AuditSettings:
    return AuditSettings(method=method, encoder=encoder, n_controls=2, n_draws=2)  # type: ignore[arg-type]


def gathered(encoder: str, holdout: ImageSet | None) -> Evidence:
    return gather(Sets(TRAIN, joined(MIRRORED, NOVEL), holdout), settings(encoder), resources=RESOURCES)


def test_all_held_out_images_and_training_images_are_the_null(encoder: str) -> None:
    evidence = gathered(encoder, HOLDOUT)
    arms = {arm.name: arm for arm in evidence.clean.null.arms}
    assert set(arms) == {"calibration", "leave_patient_out"}
    assert set(arms["calibration"].images.table["patient"]) == set(HOLDOUT.table["patient"])
    assert set(arms["leave_patient_out"].images.table["patient"]) == set(TRAIN.table["patient"])
    assert evidence.clean.synthetic.best[:5].tolist() == [0, 20, 40, 60, 80]


def test_candidates_to_be_aligned_are_named_by_it(encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "measured", lambda references, *_how: references)  # aligns, for a minute
    pixels = References(TRAIN, HOLDOUT, RESOURCES, silent)
    references = learning.learnt(pixels, (), settings(encoder, "registered"))
    (aligned,) = (witness for witness in references.witnesses if isinstance(witness, Aligned))
    assert pretrained(encoder).fingerprint in {witness.key for witness in aligned.naming}
    assert not references.learnt
    assert references.holdout is references.unseen is HOLDOUT


def test_no_holdout_is_needed_to_score_by_a_pretrained_encoder(encoder: str) -> None:
    evidence = gathered(encoder, None)
    assert [arm.name for arm in evidence.clean.null.arms] == ["leave_patient_out"]
    assert evidence.clean.synthetic.best[:5].tolist() == [0, 20, 40, 60, 80]


def test_mirrored_copies_are_found_and_the_run_says_by_which_weights(encoder: str, tmp_path: Path) -> None:
    for name in ("first", "again"):
        findings = audit(
            train=TRAIN,
            synthetic=joined(MIRRORED, NOVEL),
            holdout=HOLDOUT,
            settings=settings(encoder),
            out=tmp_path / name,
            resources=RESOURCES,
        )
    assert round(findings.copied.value * 35) == 5
    first, again = (read_run(tmp_path / name).record for name in ("first", "again"))
    assert first["settings"]["encoder"] == encoder
    assert first["pretrained"] == again["pretrained"]
    assert len(first["pretrained"]) == 64


def test_absent_weights_are_told_with_whatever_else_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        audit(train=tmp_path / "no train", synthetic=joined(NOVEL), settings=settings("sscd.pt"))
    assert len(error.value.problems) == 2
    assert "sscd.pt: there is no such file or folder" in str(error.value)


def test_volumes_are_refused(encoder: str) -> None:
    volumes = ImageSet.from_arrays(
        np.random.default_rng(0).integers(0, 256, (9, 1, 8, 8, 8)).astype(np.uint8)
    )
    with pytest.raises(InputError, match="3 spatial axes, but pretrained encoders see only flat ones"):
        audit(train=volumes, synthetic=volumes, settings=settings(encoder))


def test_its_power_is_measured(encoder: str) -> None:
    chosen = {"transforms": ("flip",), "n_patients": 20}
    measured = PowerSettings(methods=("pearson", "contrastive"), encoder=encoder, **chosen)  # type: ignore[arg-type]
    found = power(train=TRAIN, holdout=HOLDOUT, settings=measured, resources=RESOURCES)
    named = {one.method: one.named.value for one in found.detections if one.transform == "flip"}
    assert named["contrastive"] == 1
    assert named["pearson"] < 0.5
    absent = PowerSettings(methods=("contrastive",), encoder="sscd.pt")
    with pytest.raises(InputError, match=r"sscd\.pt: there is no such file"):
        power(train=TRAIN, holdout=HOLDOUT, settings=absent)


def test_pixels_alone_need_no_encoder(tmp_path: Path) -> None:
    chosen = settings(str(tmp_path / "absent.pt"), "pearson")
    assert chosen.pretrained is None
    findings = audit(
        train=TRAIN, holdout=HOLDOUT, synthetic=joined(NOVEL), settings=chosen, resources=RESOURCES
    )
    assert findings.copied.value == 0


def test_the_command_takes_a_file(encoder: str, tmp_path: Path) -> None:
    folders = Folders(
        write_films(tmp_path / "train", films(12)),
        write_films(tmp_path / "synthetic", films(3, first=300), table=False),
        write_films(tmp_path / "holdout", films(9, first=100)),
    )
    how = (*folders.options, "--method", "contrastive", "--out", tmp_path / "run", "--encoder")
    done = call("audit", *how, encoder)
    assert (done.code, done.err) == (0, "")
    run = read_run(tmp_path / "run")
    assert (run.record["settings"]["encoder"], run.findings.n_null_patients) == (encoder, 21)
    done = call("audit", *how, "absent")
    assert done.code == 2
    assert "absent: there is no such file or folder" in done.err
