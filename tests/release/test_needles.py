"""Identifiers are found where they say something, and a patient called 7 is not found in every number."""

from __future__ import annotations

import base64
import hashlib

import numpy as np
import pandas as pd
import pytest

from doppelscan.imagesets import ImageSet
from doppelscan.release.needles import Hashes, Needles
from doppelscan.workers import silent


def needles(*patients: str, labels: tuple[str, ...] = ()) -> Needles:
    n = max(len(patients), len(labels))
    table = pd.DataFrame({"patient": [*patients, *[None] * (n - len(patients))]})
    table["id"] = [f"{k}" for k in range(n)]
    table["label"] = [*labels, *[None] * (n - len(labels))]
    return Needles.of(ImageSet.from_arrays(np.zeros((n, 1, 2, 2), np.uint8), table))


@pytest.mark.parametrize(
    ("patient", "text", "found"),
    [
        ("7", "7 images of 17 patients, 0.7", False),
        ("12", '{"n": 12}', False),
        ("2026", "published 2026-11-21", False),
        ("0115", "a0115f 0115", False),
        ("p12", "p12 p12", False),
        ("p1234", "of p1234.", True),
        ("p1234", "of p12345.", False),
        ("PAT-0017", "copyofpat-0017again", True),
        ("PAT-0017", "PAT-0018", False),
        ("12345678", "of 12345678,", True),
        ("12345678", "a123456789", False),
        ("1234567890", "x1234567890123", True),
        ("Schneider", "von schneider an", True),
        ("Schneider", "Schneiderin", False),
        ("synthetic", "these synthetic images", False),
        ("müller-77", "an MÜLLER-77", True),
        ("MÜLLER-77", "an MÜLLER-77", True),
        ("ÖZDEMİR-77", "an ÖZDEMİR-77", True),
    ],
)
def test_in_text(patient: str, text: str, found: bool) -> None:
    assert bool(list(needles(patient).in_text(text.encode()))) is found


@pytest.mark.parametrize("coding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_what_says_much_is_found_in_any_bytes_at_any_place(coding: str) -> None:
    noise = np.random.default_rng(0).bytes(1000)
    for at in range(17):
        hidden = noise[:at] + "pat-0017".encode(coding) + noise
        assert list(needles("PAT-0017").in_bytes(hidden)) == ["pat-0017"]
    assert list(needles("PAT-0017").in_bytes(noise)) == []


@pytest.mark.parametrize("written", ["PAT-0017", "pat-0017"])
def test_in_packed_data_a_name_is_found_as_it_is_written_and_in_lower_case(written: str) -> None:
    assert list(needles("PAT-0017").in_bytes(b"\0\1" + written.encode() + b"\2")) == ["pat-0017"]


def test_a_label_that_is_the_name_of_its_only_patient_is_an_identifier() -> None:
    folders = needles("PAT-0017", "PAT-0018", "1", "2", labels=("PAT-0017", "PAT-0018", "2", "2"))
    assert folders.is_one("PAT-0017")
    assert not folders.is_one("2")  # of two patients, one of whom is called 2


def test_as_a_whole_any_identifier_is_found_but_no_label() -> None:
    found = needles("7", "NORMAL", "sick", labels=("NORMAL", "1"))
    assert found.is_one("7")
    assert found.is_one(" Sick ")
    assert not found.is_one("normal")
    assert not found.is_one("1")
    assert not found.is_one("77")


def test_names_that_a_release_gives_itself_are_no_identifiers() -> None:
    table = pd.DataFrame({"id": ["seed-00000007.png", "number-000001.png", "scores.png"]})
    found = Needles.of(ImageSet.from_arrays(np.zeros((3, 1, 2, 2), np.uint8), table))
    assert len(found) == 0


def test_hashes_are_found_as_they_are_written() -> None:
    digest = hashlib.sha256(b"film").digest()
    known = Hashes.known({digest})
    for written in (
        digest.hex().encode(),
        digest.hex().upper().encode(),
        base64.b64encode(digest),
        base64.urlsafe_b64encode(digest).rstrip(b"="),
        digest,
    ):
        assert list(known.found(b"see: " + written + b" .")), written
    assert not list(known.found(hashlib.sha256(b"other").hexdigest().encode()))


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "blake2b"])
def test_hashes_of_pixels_and_of_patients_are_known(algorithm: str) -> None:
    pixels = np.arange(8, dtype=np.uint8).reshape(2, 1, 2, 2)
    images = ImageSet.from_arrays(pixels, pd.DataFrame({"id": ["a", "b"], "patient": ["P1", "P2"]}))
    known = Hashes.of(images, Needles.of(images), silent)
    for content in (pixels[1].tobytes(), b"P2", b"p2"):
        assert hashlib.new(algorithm, content).hexdigest().encode() in known.hexadecimal
