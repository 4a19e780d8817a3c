"""Weights are found where they lie and told apart by content; absent ones are named with their source."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from doppelscan.encoders.published import located, place_fingerprint
from doppelscan.errors import InputError, MissingExtra


def test_a_file_and_a_folder_are_found(tmp_path: Path) -> None:
    file = tmp_path / "network.pt"
    file.touch()
    assert located(str(file)) == file
    assert located(tmp_path) == tmp_path


def test_a_name_is_looked_up_in_the_hub_s_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants", reason="the extra `text` is not installed")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    kept = tmp_path / "models--facebook--dinov2-base"
    snapshot = kept / "snapshots" / "0123abc"
    snapshot.mkdir(parents=True)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("0123abc")
    assert located("facebook/dinov2-base") == snapshot
    with pytest.raises(
        InputError, match=r"RAD-DINO is the folder microsoft/rad-dino from huggingface.co, MIT"
    ):
        located("microsoft/rad-dino")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("files/SSCD_disc_mixup.torchscript.pt", "SSCD is the file .* from github.com/facebook.*, MIT"),
        ("openai/clip..vit", "CLIP is the folder openai/clip-vit-base-patch32 from huggingface.co, MIT"),
        ("whatever", "SSCD is .*; DINOv2 is .*; RAD-DINO is .*; CLIP is [^;]*, MIT"),
    ],
)
def test_what_is_absent_is_named_with_source_and_licence(name: str, told: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: there is no such file or folder.*\({told}\)"):
        located(name)


def test_without_the_hub_s_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtra, match=r"pip install 'doppelscan\[text\]'"):
        located("facebook/dinov2-base")
    with pytest.raises(InputError, match="there is no such file"):
        located("files/sscd.pt")


def test_only_what_is_read_tells_a_folder_apart(tmp_path: Path) -> None:
    for name in ("config.json", "preprocessor_config.json", "model.safetensors", "README.md"):
        (tmp_path / name).write_text(name)
    first = place_fingerprint(tmp_path)
    (tmp_path / "README.md").write_text("other")
    assert place_fingerprint(tmp_path) == first
    for name in ("config.json", "preprocessor_config.json", "model.safetensors"):
        (tmp_path / name).write_text("other")
        assert place_fingerprint(tmp_path) != first
        (tmp_path / name).write_text(name)
