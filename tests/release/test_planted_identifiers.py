"""No identifier that is planted in a release goes unnoticed, wherever it is, even where all sums are written anew."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import io
import json
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import nibabel
import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from doppelscan.errors import ReleaseBlocked
from doppelscan.imagesets import open_images
from doppelscan.release import About, Released, ReleaseSettings, check, release, releasing
from doppelscan.release.leaks import Sought, leaks
from doppelscan.release.settings import Form
from doppelscan.release.sums import write_sums

from .conftest import LENIENT, SAID, Audited

PATIENT = "PAT-00017"
pytestmark = pytest.mark.usefixtures("our_croissant_only")


def image_of(folder: Path) -> Path:
    return sorted((folder / "images").iterdir())[0]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def in_a_chunk(kind: bytes, data: bytes) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        path = image_of(folder)
        content = path.read_bytes()
        path.write_bytes(content[:33] + chunk(kind, data) + content[33:])

    return plant


def in_a_file_name(folder: Path) -> None:
    image_of(folder).rename(folder / "images" / f"{PATIENT}.png")


def in_an_extra_file(folder: Path) -> None:
    (folder / "images" / "notes.txt").write_text(f"from {PATIENT}")


def in_exif(folder: Path) -> None:
    path = image_of(folder)
    picture = Pillow.open(path)
    exif = picture.getexif()
    exif[0x010E] = PATIENT
    picture.save(path, exif=exif)


def in_a_text_chunk(folder: Path) -> None:
    path, about = image_of(folder), PngInfo()
    about.add_text("PatientName", "DOE^JANE")
    Pillow.open(path).save(path, pnginfo=about)


def behind_the_end(folder: Path) -> None:
    path = image_of(folder)
    path.write_bytes(path.read_bytes() + PATIENT.encode())


def behind_the_scanlines(folder: Path) -> None:
    path = image_of(folder)
    content = path.read_bytes()
    (length,) = struct.unpack(">I", content[33:37])
    pixels = zlib.decompress(content[41 : 41 + length])
    path.write_bytes(
        content[:33] + chunk(b"IDAT", zlib.compress(pixels + PATIENT.encode())) + chunk(b"IEND", b"")
    )


def in_the_alpha_channel(folder: Path) -> None:
    path = image_of(folder)
    picture = Pillow.open(path).convert("RGBA")
    letters = np.resize(np.frombuffer(PATIENT.encode(), np.uint8), picture.size[::-1])
    picture.putalpha(Pillow.fromarray(letters))
    picture.save(path)


def in_a_palette(folder: Path) -> None:
    path = image_of(folder)
    picture = Pillow.open(path).convert("P")
    picture.putpalette([*PATIENT.encode() * 85, 0, 0, 0][:768])
    picture.save(path)


def in_the_labels(folder: Path) -> None:
    rows = pd.read_csv(folder / "images.csv")
    rows.loc[0, "label"] = PATIENT
    rows.to_csv(folder / "images.csv", index=False)


def in_a_column_more(folder: Path) -> None:
    rows = pd.read_csv(folder / "images.csv")
    rows.assign(born="1965-03-12").to_csv(folder / "images.csv", index=False)


def in_the_record(folder: Path) -> None:
    content = json.loads((folder / "audit.json").read_text())
    content["audit"]["exposed"] = [PATIENT]
    (folder / "audit.json").write_text(json.dumps(content))


def in_a_note_of_the_record(folder: Path) -> None:
    content = json.loads((folder / "audit.json").read_text())
    content["audit"]["notes"].append(f"{PATIENT} was copied")
    (folder / "audit.json").write_text(json.dumps(content))


def in_the_datasheet(folder: Path) -> None:
    page = folder / "README.md"
    page.write_text(page.read_text() + f"\nThanks to {PATIENT.lower()}.\n")


def as_a_hash_of_a_file(folder: Path, audited: Audited) -> None:
    film = audited.folders.train / "IM-0017-0001.png"
    page = folder / "README.md"
    page.write_text(page.read_text() + f"\nSee {hashlib.md5(film.read_bytes()).hexdigest()}\n")  # noqa: S324


def as_a_hash_of_the_id(folder: Path) -> None:
    page = folder / "README.md"
    digest = base64.b64encode(hashlib.sha256(PATIENT.encode()).digest()).decode()
    page.write_text(page.read_text() + f"\nKey {digest}\n")


def in_base64(folder: Path) -> None:
    page = folder / "README.md"
    page.write_text(page.read_text() + f"\n{base64.b64encode(f'who: {PATIENT}'.encode()).decode()}\n")


def as_a_path(folder: Path) -> None:
    page = folder / "README.md"
    page.write_text(page.read_text() + "\nFrom /home/jane/hospital/films.\n")


def as_a_uid(folder: Path) -> None:
    page = folder / "README.md"
    page.write_text(page.read_text() + "\n1.2.840.113619.2.55.3.604688119.971\n")


def in_croissant(folder: Path) -> None:
    content = json.loads((folder / "croissant.json").read_text())
    content["creator"] = [{"@type": "sc:Person", "name": "Jane", "email": "jane@hospital.org"}]
    (folder / "croissant.json").write_text(json.dumps(content))


def as_a_thumbnail_in_a_figure(folder: Path, audited: Audited) -> None:
    figure = cv2.imread(str(folder / "figures" / "scores.png"))
    film = cv2.imread(str(audited.folders.train / "IM-0017-0001.png"))
    figure[40:100, 200:260] = cv2.resize(film, (60, 60), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(folder / "figures" / "scores.png"), figure)


def as_a_data_uri(folder: Path, audited: Audited) -> None:
    film = cv2.imread(str(audited.folders.train / "IM-0017-0001.png"), cv2.IMREAD_GRAYSCALE)
    content = cv2.imencode(".jpg", cv2.resize(film, (80, 80)))[1].tobytes()
    page = folder / "README.md"
    page.write_text(
        page.read_text() + f"\n![](data:image/jpeg;base64,{base64.b64encode(content).decode()})\n"
    )


def as_a_released_image(folder: Path, audited: Audited) -> None:
    image_of(folder).write_bytes((audited.folders.train / "IM-0017-0001.png").read_bytes())


def behind_a_link(folder: Path, audited: Audited) -> None:
    path = image_of(folder)
    path.unlink()
    path.symlink_to(audited.folders.train / "IM-0017-0001.png")


PLANTS = [
    in_a_file_name,
    in_an_extra_file,
    in_exif,
    in_a_text_chunk,
    in_a_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(PATIENT.encode())),
    in_a_chunk(b"iTXt", b"Comment\0\0\0\0\0" + PATIENT.encode()),
    in_a_chunk(b"prVt", PATIENT.encode("utf-16-le")),
    behind_the_end,
    behind_the_scanlines,
    in_the_alpha_channel,
    in_a_palette,
    in_the_labels,
    in_a_column_more,
    in_the_record,
    in_a_note_of_the_record,
    in_the_datasheet,
    as_a_hash_of_a_file,
    as_a_hash_of_the_id,
    in_base64,
    as_a_path,
    as_a_uid,
    in_croissant,
    as_a_thumbnail_in_a_figure,
    as_a_data_uri,
    as_a_released_image,
    behind_a_link,
]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.__qualname__}".split(".")[0])
def test_what_is_planted_in_a_folder_is_found(
    plant: Callable[..., None], folder: Path, audited: Audited, sought: Sought, made: Released
) -> None:
    plant(folder, *([audited] if plant.__code__.co_argcount == 2 else []))
    write_sums(folder)
    faults = check(folder).faults
    told = {fault.check for fault in faults} - {"sums"}
    assert told or leaks(folder, made.record, sought)


@pytest.mark.parametrize(
    "plant", [in_the_datasheet, as_a_hash_of_the_id, as_a_hash_of_a_file, in_base64, in_a_note_of_the_record]
)
def test_those_who_have_the_training_images_find_what_others_cannot(
    plant: Callable[..., None], folder: Path, audited: Audited, sought: Sought, made: Released
) -> None:
    plant(folder, *([audited] if plant.__code__.co_argcount == 2 else []))
    assert leaks(folder, made.record, sought)


def test_a_release_as_it_was_made_has_no_fault_and_no_leak(
    folder: Path, sought: Sought, made: Released
) -> None:
    assert check(folder).faults == ()
    assert leaks(folder, made.record, sought) == []


@pytest.mark.usefixtures("undrawn")
def test_what_an_owner_says_is_searched_before_the_folder_gets_its_name(
    audited: Audited, tmp_path: Path
) -> None:
    about = About(
        title=f"Films like that of {PATIENT}",
        creators=("IM-0003-0001.png", "PAT-00021"),
        generator="trained on IM-0009-0001",
        licence="see /home/jane/licence.txt",
        training_licence="agreed with jane@hospital.org",
    )
    settings = ReleaseSettings(about=about, limits=LENIENT, allow={"no_holdout": "by PAT-00044"})
    with pytest.raises(ReleaseBlocked) as blocked:
        release(audited.run, tmp_path / "out", settings=settings)
    assert set(blocked.value.names) == {"leak", "identifiers"}
    for planted in (
        "pat-00017",
        "im-0003-0001",
        "pat-00021",
        "im-0009-0001",
        "/home/jane",
        "jane@hospital.org",
    ):
        assert planted in str(blocked.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("undrawn")
def test_a_why_that_names_a_patient_is_found_too(audited: Audited, tmp_path: Path) -> None:
    about = replace(SAID, training_licence=None)
    settings = ReleaseSettings(about=about, limits=LENIENT, allow={"training_licence": f"by {PATIENT}"})
    with pytest.raises(ReleaseBlocked, match=PATIENT.lower()):
        release(audited.run, tmp_path / "out", settings=settings)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("undrawn")
def test_a_patient_put_into_the_table_after_the_audit_blocks_the_release(
    audited: Audited, tmp_path: Path
) -> None:
    synthetic = open_images(audited.folders.synthetic)
    table = synthetic.table.copy()
    table.loc[4, "label"], table.loc[5, "site"] = PATIENT, "IM-0003-0001"
    settings = ReleaseSettings(about=SAID, limits=LENIENT, groups=("site",))
    with pytest.raises(ReleaseBlocked) as blocked:
        release(audited.run, tmp_path / "out", settings=settings, synthetic=replace(synthetic, table=table))
    assert set(blocked.value.names) == {"leak", "stale_audit"}
    assert "column label: the identifier 'PAT-00017'" in str(blocked.value)
    assert "column site: the identifier 'IM-0003-0001'" in str(blocked.value)


@pytest.fixture(scope="session")
def nifti(audited: Audited, kept_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Released:
    return _in_form("nifti", audited, kept_cache, tmp_path_factory.mktemp("nifti") / "release")


@pytest.fixture(scope="session")
def npz(audited: Audited, kept_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Released:
    return _in_form("npz", audited, kept_cache, tmp_path_factory.mktemp("npz") / "release")


def _in_form(form: Form, audited: Audited, cache: Path, out: Path) -> Released:
    settings = ReleaseSettings(form=form, about=SAID, limits=LENIENT)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOPPELSCAN_CACHE", str(cache))
        patched.setattr(releasing, "write_figures", lambda folder, run: ())
        return release(audited.run, out, settings=settings)


def with_header(**fields: str) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        image = nibabel.Nifti1Image.from_bytes(gzip.decompress(content))
        for name, value in fields.items():
            image.header[name] = value
        return gzip.compress(image.to_bytes(), mtime=0)

    return changed


def with_extension(content: bytes) -> bytes:
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(content))
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", PATIENT.encode()))
    return gzip.compress(image.to_bytes(), mtime=0)


def with_gzip_name(content: bytes) -> bytes:
    stream = io.BytesIO()
    with gzip.GzipFile(f"{PATIENT}.nii", "wb", fileobj=stream, mtime=0) as file:
        file.write(gzip.decompress(content))
    return stream.getvalue()


NIFTI_PLANTS = [
    with_header(descrip=PATIENT),
    with_header(aux_file="DOE^JANE"),
    with_header(db_name=PATIENT, intent_name="1965"),
    with_extension,
    with_gzip_name,
    lambda content: content + gzip.compress(PATIENT.encode(), mtime=0),
    lambda content: gzip.compress(gzip.decompress(content) + PATIENT.encode(), mtime=0),
]


@pytest.mark.parametrize("plant", NIFTI_PLANTS)
def test_what_is_planted_in_a_nifti_file_is_found(
    plant: Callable[[bytes], bytes], nifti: Released, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(nifti.folder, tmp_path / "copy"))
    assert check(folder).faults == ()
    path = image_of(folder)
    path.write_bytes(plant(path.read_bytes()))
    write_sums(folder)
    assert any(fault.check == "identifiers" for fault in check(folder).faults)


def with_member(archive: zipfile.ZipFile) -> None:
    archive.writestr(f"{PATIENT}.npy", b"")


def with_comment(archive: zipfile.ZipFile) -> None:
    archive.comment = PATIENT.encode()


def with_a_bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr("train_labels.npy", bytes(2**28))


@pytest.mark.parametrize("plant", [with_member, with_comment, with_a_bomb])
def test_what_is_planted_in_an_npz_is_found_and_no_bomb_is_unpacked(
    plant: Callable[[zipfile.ZipFile], None], npz: Released, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(npz.folder, tmp_path / "copy"))
    assert check(folder).faults == ()
    duplicate = (
        pytest.warns(UserWarning, match="Duplicate") if plant is with_a_bomb else contextlib.nullcontext()
    )
    with duplicate, zipfile.ZipFile(folder / "images.npz", "a", zipfile.ZIP_DEFLATED) as archive:
        plant(archive)
    write_sums(folder)
    assert any(fault.check == "identifiers" for fault in check(folder).faults)


def test_bytes_between_the_members_of_an_npz_are_found(npz: Released, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(npz.folder, tmp_path / "copy"))
    path = folder / "images.npz"
    path.write_bytes(PATIENT.encode() + path.read_bytes())
    write_sums(folder)
    assert any(fault.check == "identifiers" for fault in check(folder).faults)
