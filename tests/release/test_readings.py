"""Verdicts count for the images that were looked at, and not for others of the same name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from doppelscan.errors import ReleaseBlocked
from doppelscan.findings import read_run
from doppelscan.imagesets import open_images
from doppelscan.release import Limits, ReleaseSettings, release
from doppelscan.release.readings import standing_verdicts
from doppelscan.review import pair_fingerprint
from doppelscan.review.verdicts import PairKey, Verdicts

from .conftest import DRAWN, SAID, Audited


@pytest.fixture
def read(audited: Audited, tmp_path: Path) -> Path:
    """A run in which one reader looked at the three most suspicious images that pass, one of them another than now."""
    run = Path(shutil.copytree(audited.run, tmp_path / "run"))
    synthetic, train = open_images(audited.folders.synthetic), open_images(audited.folders.train)
    verdicts = Verdicts(run)
    for k, label in ((21, "novel"), (20, "novel"), (19, "copy")):
        seen = pair_fingerprint(synthetic[k], train[k if k == 21 else 5])
        verdicts.add("anna", PairKey(DRAWN[k], f"IM-{k:04d}-0001.png"), label, "", seen)  # type: ignore[arg-type]
    return run


def test_a_novel_about_another_image_does_not_stand_and_a_copy_always_does(read: Path) -> None:
    standing = standing_verdicts(read, read_run(read), {})
    assert list(standing["synthetic_id"]) == [DRAWN[21], DRAWN[19]]


def test_a_novel_about_another_pair_than_the_audit_names_now_does_not_stand(
    audited: Audited, read: Path
) -> None:
    synthetic, train = open_images(audited.folders.synthetic), open_images(audited.folders.train)
    seen = pair_fingerprint(synthetic[18], train[40])  # the match of an earlier audit
    Verdicts(read).add("anna", PairKey(DRAWN[18], "IM-0040-0001.png"), "novel", "", seen)
    assert DRAWN[18] not in set(standing_verdicts(read, read_run(read), {})["synthetic_id"])


@pytest.mark.usefixtures("undrawn")
def test_readers_withhold_images_and_what_they_have_not_seen_blocks(read: Path, tmp_path: Path) -> None:
    limits = Limits(max_copied=0.5, max_exposed=5, min_power=0.1, review_top=2)
    with pytest.raises(ReleaseBlocked) as blocked:
        release(read, tmp_path / "out", settings=ReleaseSettings(about=SAID, limits=limits))
    assert blocked.value.names == ("unreviewed",)
    assert DRAWN[20] in str(blocked.value)
    assert DRAWN[21] not in str(blocked.value)
    done = release(
        read,
        tmp_path / "out",
        settings=ReleaseSettings(about=SAID, limits=limits, allow={"unreviewed": "seen on paper"}),
    )
    assert done.selection.withheld[DRAWN[19]] == "readers"
    assert "The reader was shown no known copy" in (done.folder / "README.md").read_text()
    readers = done.record.readers
    assert readers is not None
    assert (readers.n_readers, readers.n_images, readers.verdicts) == (1, 2, {"copy": 1, "novel": 1})
    assert "anna" not in (done.folder / "README.md").read_text() + (done.folder / "audit.json").read_text()


@pytest.mark.usefixtures("undrawn")
def test_readers_who_call_known_copies_novel_block_and_what_they_let_pass_is_published(
    read: Path, tmp_path: Path
) -> None:
    for k in range(4):
        Verdicts(read).add("anna", PairKey(f"known-{k}", f"IM-{k:04d}-0001.png", "copy"), "novel", "", "")
    limits = Limits(max_copied=0.5, max_exposed=5, min_power=0.1, review_top=1)
    with pytest.raises(ReleaseBlocked) as blocked:
        release(read, tmp_path / "out", settings=ReleaseSettings(about=SAID, limits=limits))
    assert blocked.value.names == ("blind_readers",)
    assert "anna: 100.0% (39.8% to 100.0%) of 4 known copies" in str(blocked.value)
    allowed = ReleaseSettings(about=SAID, limits=limits, allow={"blind_readers": "a student's first try"})
    done = release(read, tmp_path / "out", settings=allowed)
    assert done.record.readers is not None
    assert [share.value for share in done.record.readers.known_copies_let_pass] == [1.0]
    page = (done.folder / "README.md").read_text()
    assert "Known copies shown among these: 4. The reader called 100% (39.8% to 100%) of them novel." in page
    assert "anna" not in page + (done.folder / "audit.json").read_text()
