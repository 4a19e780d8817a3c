"""A frozen network from a file of published names: features without a head, and refusals that name the cure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from doppelscan.encoders.looks import Look
from doppelscan.errors import InputError
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.store import write_tensors
from doppelscan.utility import UtilitySettings, eyes
from doppelscan.utility.backbone import backbone
from doppelscan.utility.efficientnet_v2 import EfficientNetV2, Stage
from doppelscan.workers import silent

STAGES = (Stage("fused", 1, 4, 1, 1), Stage("fused", 2, 6, 2, 2), Stage("depthwise", 4, 8, 2, 2))
LOOK = Look(32, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "bilinear")
SMALL = {"stages": STAGES, "width": 16, "look": LOOK}
PUBLISHED = {"format": "pt"}  # what files of published weights say


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[EfficientNetV2, Path]:
    """A network as if others had trained it for a thousand classes, and its file."""
    with torch.random.fork_rng([]):
        torch.manual_seed(3)
        network = EfficientNetV2(3, 1000, stages=STAGES, width=16).eval()
    path = tmp_path_factory.mktemp("weights") / "efficientnet.safetensors"
    write_tensors(path, {name: value.numpy() for name, value in network.state_dict().items()}, PUBLISHED)
    return network, path


def slowly(network: EfficientNetV2, image: np.ndarray) -> np.ndarray:
    """What the network's last layer is given, of one image of 32 pixels a side."""
    shown = (image - image.min()) / (image.max() - image.min())
    scaled = [(shown[c] - LOOK.mean[c]) / LOOK.deviation[c] for c in range(3)]
    with torch.no_grad():
        found = network.features(torch.tensor(np.stack(scaled)[None], dtype=torch.float32))
    return found[0].mean(dim=(1, 2)).numpy()


def test_its_vectors_are_what_the_last_layer_was_given(published: tuple[EfficientNetV2, Path]) -> None:
    network, path = published
    pixels = np.random.default_rng(0).integers(0, 255, (3, 3, 32, 32)).astype(np.uint8)
    vectors = backbone(path, **SMALL).vectors(pixels)
    np.testing.assert_allclose(vectors, [slowly(network, one / 255) for one in pixels], atol=1e-4)
    np.testing.assert_array_equal(backbone(path, **SMALL).vectors(pixels[1:2])[0], vectors[1])


@pytest.mark.parametrize("shape", [(1, 20, 45), (3, 50, 17), (2, 9, 9)])
@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_it_sees_any_flat_images(
    shape: tuple[int, ...], dtype: type, published: tuple[EfficientNetV2, Path]
) -> None:
    pixels = np.random.default_rng(1).uniform(0, 900, (2, *shape)).astype(dtype)
    pixels[1] = 7
    vectors = backbone(published[1], **SMALL).vectors(pixels)
    assert vectors.shape == (2, 32 if shape[0] == 2 else 16)
    assert np.isfinite(vectors).all()


def test_other_weights_have_another_fingerprint(
    published: tuple[EfficientNetV2, Path], tmp_path: Path
) -> None:
    network, path = published
    changed = {name: value.numpy() for name, value in network.state_dict().items()}
    changed["features.0.0.weight"] = changed["features.0.0.weight"] + 1
    write_tensors(tmp_path / "other.safetensors", changed, PUBLISHED)
    one, other = (backbone(place, **SMALL) for place in (path, tmp_path / "other.safetensors"))
    assert one.fingerprint == backbone(path, **SMALL).fingerprint != other.fingerprint


def test_a_file_that_is_absent_or_of_another_network_is_refused(
    published: tuple[EfficientNetV2, Path], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"there is nothing here.*efficientnet_v2_m"):
        backbone(tmp_path / "none.safetensors", **SMALL)
    with pytest.raises(InputError, match="lacks, or has in another shape"):
        backbone(published[1], **(SMALL | {"width": 20}))


def test_the_probe_takes_such_a_file_as_its_encoder(
    published: tuple[EfficientNetV2, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        eyes, "backbone", lambda path, resources: backbone(path, resources=resources, **SMALL)
    )
    images = ImageSet.from_arrays(np.zeros((2, 3, 16, 16), np.uint8))
    settings = replace(UtilitySettings(), encoder=str(published[1]))
    encoder = eyes.encoder_for(images, settings, resources=Resources(), progress=silent)
    assert encoder.vectors(images.read(0, 2)).shape == (2, 16)
