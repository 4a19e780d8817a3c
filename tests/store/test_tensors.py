"""Are arrays read as they were written, in a form that others read too, and is damage noticed?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.errors import FormatError
from doppelscan.store import read_tensors, write_tensors

FORMAT = "doppelscan-test/1"
TYPES = (np.bool_, np.int8, np.uint8, np.int16, np.int32, np.int64, np.float16, np.float32, np.float64)


@given(
    data=st.dictionaries(
        st.text(max_size=8).filter(lambda name: name != "__metadata__"),
        hnp.arrays(st.sampled_from(TYPES), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)),
        max_size=4,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_arrays_come_back_bit_for_bit(tmp_path: Path, data: dict[str, np.ndarray]) -> None:
    write_tensors(tmp_path / "a", data, {"format": FORMAT, "done": "3"})
    found, metadata = read_tensors(tmp_path / "a", expected=FORMAT)
    assert metadata == {"format": FORMAT, "done": "3"}
    assert found.keys() == data.keys()
    for name, array in data.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()


def test_the_file_is_laid_out_as_safetensors_are(tmp_path: Path) -> None:
    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    write_tensors(tmp_path / "a", {"w": weights, "b": np.array([7], np.int64)}, {"format": FORMAT})
    content = (tmp_path / "a").read_bytes()
    length = int.from_bytes(content[:8], "little")
    assert length % 8 == 0
    assert json.loads(content[8 : 8 + length]) == {
        "__metadata__": {"format": FORMAT},
        "b": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
        "w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]},
    }
    assert content[8 + length :] == np.array([7], "<i8").tobytes() + weights.tobytes()


def test_strided_and_byte_swapped_arrays_are_written_by_value(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_tensors(tmp_path / "a", {"t": array.T, "s": array.astype(">f4")}, {"format": FORMAT})
    found, _ = read_tensors(tmp_path / "a", expected=FORMAT)
    assert np.array_equal(found["t"], array.T)
    assert np.array_equal(found["s"], array)


@pytest.mark.parametrize("kept", [0, 4, 8, 40, -1])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a"
    write_tensors(path, {"w": np.ones(3)}, {"format": FORMAT})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FormatError, match="cannot be read"):
        read_tensors(path, expected=FORMAT)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]},
        {"dtype": "PICKLE", "shape": [1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1]},
        [],
    ],
)
def test_a_header_that_does_not_fit_the_data_is_refused(tmp_path: Path, entry: object) -> None:
    header = json.dumps({"__metadata__": {"format": FORMAT}, "w": entry}).encode()
    (tmp_path / "a").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(FormatError, match="cannot be read"):
        read_tensors(tmp_path / "a", expected=FORMAT)


def test_few_bytes_do_not_become_many_arrays(tmp_path: Path) -> None:
    entry = {"dtype": "U8", "shape": [1000], "data_offsets": [0, 1000]}
    header = json.dumps({"__metadata__": {"format": FORMAT}} | {str(n): entry for n in range(9)}).encode()
    (tmp_path / "a").write_bytes(len(header).to_bytes(8, "little") + header + bytes(1000))
    with pytest.raises(FormatError, match="overlap"):
        read_tensors(tmp_path / "a", expected=FORMAT)


def test_another_format_and_an_absent_file_are_refused_by_name(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a", {}, {"format": "doppelscan-test/2"})
    with pytest.raises(FormatError, match="is 'doppelscan-test/2', not 'doppelscan-test/1'"):
        read_tensors(tmp_path / "a", expected=FORMAT)
    with pytest.raises(FormatError, match="absent"):
        read_tensors(tmp_path / "absent", expected=FORMAT)


def test_arrays_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    entry = {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}
    header = json.dumps({"__metadata__": {"format": "a/1"}, "x": entry, "y": entry}).encode()
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(FormatError, match="overlap"):
        read_tensors(tmp_path / "a.safetensors")
