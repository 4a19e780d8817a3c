"""Slices of DICOM series, written here, joined into volumes and read back."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import nibabel
import numpy as np
import pytest

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import Entry, assemble, entries, read
from images.formats.made_files import dicom, png
from realdata import real_data

RNG = np.random.default_rng(6)
VOLUME = RNG.integers(-999, 999, (6, 5, 7), dtype=np.int16)  # slices, rows, columns
AXIAL = (1.0, 0, 0, 0, 1, 0)


def write(
    folder: Path, volume: np.ndarray, *, name: str = "", heights: list[float] | None = None, **elements
) -> Path:
    """A series with its slices under shuffled names."""
    folder.mkdir(exist_ok=True)
    orientation = elements.pop("ImageOrientationPatient", AXIAL)
    normal = np.cross(orientation[:3], orientation[3:])
    steps = heights or [2.0 * k for k in range(len(volume))]
    for k, (pixels, step) in enumerate(zip(volume, steps, strict=True)):
        each = {
            "SeriesInstanceUID": "1.2.5",
            "StudyInstanceUID": "1.2.4",
            "PatientID": "P1",
            "SOPInstanceUID": f"1.2.6.{int.from_bytes(name.encode())}.{k}",
            "ImagePositionPatient": list(normal * step - [10, 20, 30]),
            "ImageOrientationPatient": list(orientation),
            "PixelSpacing": [0.5, 0.25],
            "InstanceNumber": k + 1,
        } | {key: value[k] if isinstance(value, list) else value for key, value in elements.items()}
        dicom(folder / f"{(k * 5) % 7}{name}.dcm", pixels, **each)
    return folder


def listed(folder: Path) -> list[Entry]:
    return [entry for path in sorted(folder.iterdir()) for entry in entries(path)]


def test_a_series_becomes_one_volume_in_order_of_position(tmp_path):
    (entry,), refused = assemble(listed(write(tmp_path, VOLUME)))
    image = read(entry)
    assert (entry.shape, entry.patient, entry.study, entry.series, refused) == (
        (1, 7, 5, 6),
        "P1",
        "1.2.4",
        None,
        [],
    )
    np.testing.assert_array_equal(image.stored[0], VOLUME.transpose(2, 1, 0)[::-1, ::-1])
    assert image.spacing_mm == (0.25, 0.5, 2.0)
    assert entry.file == entry.slices[0]
    assert [Path(file).name[0] for file in entry.slices] == ["0", "5", "3", "1", "6", "4"]
    assert Entry.from_json(entry.to_json()) == entry


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)])
def test_every_orientation_is_turned_as_nibabel_turns_it(tmp_path, order):
    for k, signs in enumerate(product([1.0, -1.0], repeat=2)):
        along = np.zeros((2, 3))
        along[[0, 1], order] = signs
        folder = write(tmp_path / str(k), VOLUME, ImageOrientationPatient=tuple(along.ravel()))
        (entry,), _ = assemble(listed(folder))
        affine = np.eye(4)
        affine[:3, :3] = np.stack([along[0] * 0.25, along[1] * 0.5, np.cross(*along) * 2.0], axis=1)
        affine[:2] *= -1  # DICOM's left and posterior
        oracle = nibabel.as_closest_canonical(nibabel.Nifti1Image(VOLUME.transpose(2, 1, 0), affine))
        image = read(entry)
        np.testing.assert_array_equal(image.stored[0], np.asarray(oracle.dataobj))
        assert image.spacing_mm == pytest.approx(tuple(map(float, oracle.header.get_zooms())))


def test_a_single_slice_stays_two_dimensional(tmp_path):
    before = listed(write(tmp_path, VOLUME[:1]))
    after, refused = assemble(before)
    assert (after, refused) == (before, [])
    assert read(after[0]).stored.shape == (1, 5, 7)


def test_all_else_passes_unchanged_and_in_order(tmp_path):
    png(tmp_path / "0 first.png", VOLUME[0, ..., None].astype(np.uint8))
    write(tmp_path, VOLUME)
    png(tmp_path / "9 last.png", VOLUME[0, ..., None].astype(np.uint8))
    before = listed(tmp_path)
    after, _ = assemble(before)
    assert after[0] == before[0]
    assert len(after[1].slices) == 6
    assert after[2:] == before[-1:]


def test_planes_that_are_not_parallel_stay_slices(tmp_path):
    turned = [[1.0, 0, 0, 0, 1, 0], [1.0, 0, 0, 0, 0, -1], [0.0, 1, 0, 0, 0, -1]]
    for k, orientation in enumerate(turned):
        write(tmp_path, VOLUME[k : k + 1], name=str(k), ImageOrientationPatient=tuple(orientation))
    before = listed(tmp_path)
    assert assemble(before) == (before, [])


@pytest.mark.parametrize("element", ["SeriesInstanceUID", "PatientID"])
def test_series_and_patients_are_kept_apart(tmp_path, element):
    write(tmp_path, VOLUME, name="a", **{element: "1.7"})
    write(tmp_path, VOLUME, name="b", **{element: "1.8"})
    after, refused = assemble(listed(tmp_path))
    assert ([len(entry.slices) for entry in after], refused) == ([6, 6], [])


def test_slices_of_other_shape_are_another_volume(tmp_path):
    write(tmp_path, VOLUME, name="a")
    write(tmp_path, VOLUME[:3, :4], name="b")
    assert sorted(len(entry.slices) for entry in assemble(listed(tmp_path))[0]) == [3, 6]


def test_times_at_every_position_are_volumes_of_their_own(tmp_path):
    for time in (2, 1):
        write(tmp_path, VOLUME + time, name=str(time), TemporalPositionIdentifier=time)
    after, refused = assemble(listed(tmp_path))
    assert refused == []
    corners = [read(entry).stored[0, -1, -1, 0] for entry in after]
    assert corners == [VOLUME[0, 0, 0] + 1, VOLUME[0, 0, 0] + 2]


def test_positions_that_repeat_unevenly_are_refused_file_by_file(tmp_path):
    write(tmp_path, VOLUME, name="a")
    write(tmp_path, VOLUME[:2], name="b")
    before = listed(tmp_path)
    after, refused = assemble(before)
    assert after == []
    assert [file for file, _ in refused] == [entry.file for entry in before]
    assert all("6 positions" in reason for _, reason in refused)


def test_a_second_file_of_one_slice_does_not_cost_the_series(tmp_path):
    write(tmp_path, VOLUME)
    (tmp_path / "0 (1).dcm").write_bytes((tmp_path / "0.dcm").read_bytes())
    (volume,), refused = assemble(listed(tmp_path))
    assert len(volume.slices) == 6
    assert len(refused) == 1
    assert "same slice" in refused[0][1]


def test_uneven_gaps_leave_the_spacing_unknown(tmp_path):
    (entry,), _ = assemble(listed(write(tmp_path, VOLUME, heights=[0.0, 2, 4, 6, 8, 40])))
    assert read(entry).spacing_mm is None
    np.testing.assert_array_equal(read(entry).stored[0], VOLUME.transpose(2, 1, 0)[::-1, ::-1])


def test_slices_with_scales_of_their_own_become_values(tmp_path):
    slopes = [1.0, 2, 3, 4, 5, 6]
    (entry,), _ = assemble(listed(write(tmp_path, VOLUME, RescaleSlope=slopes, RescaleIntercept=-1)))
    image = read(entry)
    assert (entry.dtype, image.stored.dtype, image.slope, image.intercept) == (
        "float32",
        np.float32,
        1.0,
        0.0,
    )
    values = VOLUME * np.array(slopes)[:, None, None] - 1
    np.testing.assert_allclose(image.stored[0], values.transpose(2, 1, 0)[::-1, ::-1], rtol=1e-6)


def test_a_slice_that_went_away_costs_its_volume_with_a_reason(tmp_path):
    (entry,), _ = assemble(listed(write(tmp_path, VOLUME)))
    Path(entry.slices[3]).unlink()
    with pytest.raises(UnreadableImage, match=r"1\.dcm|No such file|does not exist"):
        read(entry)


def test_nothing_assembles_to_nothing():
    assert assemble([]) == ([], [])


def test_real_series_become_volumes_where_they_should():
    folder = real_data("dicom_robustness") / "pydicom" / "dicom" / "dicomdirtests"
    shapes = {}
    for series in ("77654033/CT2", "98892001/CT5N", "98892001/CT2N", "98892003/MR2", "98892003/MR700"):
        after, refused = assemble(listed(folder / series))
        assert refused == []
        shapes[series] = sorted(entry.shape for entry in after)
    assert shapes == {
        "77654033/CT2": [(1, 16, 16, 4)],
        "98892001/CT5N": [(1, 16, 16, 5)],
        "98892001/CT2N": [(1, 16, 16)] * 2,  # two localizers at right angles
        "98892003/MR2": [(1, 16, 16)] * 7,  # localizers in three planes
        "98892003/MR700": [(1, 16, 16)] * 7,  # projections around the head
    }
