"""Inception is the FID literature's, is shown images as that literature does it, and refuses other weights."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from doppelscan.encoders import inception as module
from doppelscan.encoders.inception import InceptionEncoder, inception
from doppelscan.encoders.inception_network import InceptionNetwork
from doppelscan.errors import InputError
from doppelscan.store import write_tensors

# Channels of every convolution of the published file by block, and the sizes of its maps for 299 pixels.
CHANNELS = {
    "Conv2d_1a_3x3": (32, 149),
    "Conv2d_2a_3x3": (32, 147),
    "Conv2d_2b_3x3": (64, 147),
    "Conv2d_3b_1x1": (80, 73),
    "Conv2d_4a_3x3": (192, 71),
    "Mixed_5b": (256, 35),
    "Mixed_5c": (288, 35),
    "Mixed_5d": (288, 35),
    "Mixed_6a": (768, 17),
    "Mixed_6b": (768, 17),
    "Mixed_6c": (768, 17),
    "Mixed_6d": (768, 17),
    "Mixed_6e": (768, 17),
    "Mixed_7a": (1280, 8),
    "Mixed_7b": (2048, 8),
    "Mixed_7c": (2048, 8),
}
# Weights of some layers of the published file: (to, from, height, width).
WEIGHTS = {
    "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
    "Mixed_5b.branch1x1.conv.weight": (64, 192, 1, 1),
    "Mixed_5b.branch5x5_2.conv.weight": (64, 48, 5, 5),
    "Mixed_5c.branch_pool.conv.weight": (64, 256, 1, 1),
    "Mixed_5d.branch3x3dbl_3.conv.weight": (96, 96, 3, 3),
    "Mixed_6a.branch3x3.conv.weight": (384, 288, 3, 3),
    "Mixed_6a.branch3x3dbl_3.conv.weight": (96, 96, 3, 3),
    "Mixed_6b.branch7x7_2.conv.weight": (128, 128, 1, 7),
    "Mixed_6b.branch7x7_3.conv.weight": (192, 128, 7, 1),
    "Mixed_6c.branch7x7dbl_4.conv.weight": (160, 160, 7, 1),
    "Mixed_6e.branch7x7dbl_5.conv.weight": (192, 192, 1, 7),
    "Mixed_7a.branch3x3_2.conv.weight": (320, 192, 3, 3),
    "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
    "Mixed_7b.branch3x3_2a.conv.weight": (384, 384, 1, 3),
    "Mixed_7b.branch3x3dbl_1.conv.weight": (448, 1280, 1, 1),
    "Mixed_7b.branch3x3dbl_3b.conv.weight": (384, 384, 3, 1),
    "Mixed_7c.branch_pool.conv.weight": (192, 2048, 1, 1),
    "fc.weight": (1008, 2048),
}


@pytest.fixture(scope="module")
def network() -> InceptionNetwork:
    """Random weights under which signals neither vanish nor explode."""
    torch.manual_seed(0)
    network = InceptionNetwork().eval()
    for name, parameter in network.named_parameters():
        if name.endswith("conv.weight"):
            torch.nn.init.kaiming_normal_(parameter)
    return network


@pytest.fixture(scope="module")
def weights(network: InceptionNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inception") / "pt_inception-2015-12-05-6726825d.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def encoder(weights: Path) -> InceptionEncoder:
    return inception(weights)


def films(n: int, c: int = 1, side: tuple[int, int] = (30, 42)) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, c, *side)).astype(np.uint8)


def test_names_and_shapes_are_those_of_the_published_file(network: InceptionNetwork) -> None:
    state = network.state_dict()
    assert {name: tuple(state[name].shape) for name in WEIGHTS} == WEIGHTS
    layers = Counter(name.rsplit(".", 1)[-1] for name in state)
    assert layers["num_batches_tracked"] == layers["running_mean"] == 94
    assert len(state) == 94 * 6 + 2
    blocks = Counter(name.split(".")[0] for name in state if name.endswith("conv.weight"))
    assert blocks == dict.fromkeys(list(CHANNELS)[:5], 1) | {
        **dict.fromkeys(["Mixed_5b", "Mixed_5c", "Mixed_5d"], 7),
        **dict.fromkeys(["Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"], 10),
        "Mixed_6a": 4,
        "Mixed_7a": 6,
        "Mixed_7b": 9,
        "Mixed_7c": 9,
    }


def test_it_has_as_many_parameters_as_inception_v3(network: InceptionNetwork) -> None:
    # Keras' InceptionV3 without its top is known to have 21,802,784, of which 34,432 are running means and variances;
    # it has no scales, of which there are half as many.
    convolutions_and_norms = 21_802_784 - 34_432 + 34_432 // 2
    assert (
        sum(parameter.numel() for parameter in network.parameters()) == convolutions_and_norms + 2049 * 1008
    )


@torch.inference_mode()
def test_each_block_gives_maps_of_the_papers_size(network: InceptionNetwork) -> None:
    seen: dict[str, tuple[int, int]] = {}
    hooks = [
        block.register_forward_hook(
            lambda _module, _given, maps, name=name: seen.update({name: (maps.shape[1], maps.shape[2])})
        )
        for name, block in network.named_children()
        if name != "fc"
    ]
    features, logits = network(torch.zeros(1, 3, 299, 299))
    for hook in hooks:
        hook.remove()
    assert seen == CHANNELS
    assert (features.shape, logits.shape) == ((1, 2048), (1, 1008))


def convolved(network: InceptionNetwork, name: str, maps: torch.Tensor) -> torch.Tensor:
    """A layer of the file, its normalisation written out."""
    state = {key: network.state_dict()[f"{name}.{key}"] for key in ("conv.weight", *BN)}
    weight = state["conv.weight"]
    padding = (weight.shape[2] // 2, weight.shape[3] // 2)
    mean, variance, scale, shift = (state[key][:, None, None] for key in BN)
    normal = (functional.conv2d(maps, weight, padding=padding) - mean) / torch.sqrt(variance + 1e-3)
    return (normal * scale + shift).clamp(min=0)


BN = ("bn.running_mean", "bn.running_var", "bn.weight", "bn.bias")


def pooled_in_loops(maps: torch.Tensor, reduce: str) -> torch.Tensor:
    """3 x 3 windows of what is there: nothing beyond the border counts."""
    height, width = maps.shape[2:]
    out = torch.empty_like(maps)
    for i in range(height):
        for j in range(width):
            window = maps[:, :, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].flatten(2)
            out[:, :, i, j] = window.mean(2) if reduce == "mean" else window.amax(2)
    return out


@torch.inference_mode()
@pytest.mark.parametrize(
    ("block", "channels", "reduce"), [("Mixed_7b", 1280, "mean"), ("Mixed_7c", 2048, "maximum")]
)
def test_the_last_blocks_agree_with_loops(
    network: InceptionNetwork, block: str, channels: int, reduce: str
) -> None:
    maps = torch.randn(1, channels, 4, 5, generator=torch.Generator().manual_seed(1))
    layer = lambda name, given: convolved(network, f"{block}.{name}", given)  # noqa: E731
    fork = lambda name, given: [layer(f"{name}a", given), layer(f"{name}b", given)]  # noqa: E731
    expected = [
        layer("branch1x1", maps),
        *fork("branch3x3_2", layer("branch3x3_1", maps)),
        *fork("branch3x3dbl_3", layer("branch3x3dbl_2", layer("branch3x3dbl_1", maps))),
        layer("branch_pool", pooled_in_loops(maps, reduce)),
    ]
    found = network.get_submodule(block)(maps)
    torch.testing.assert_close(found, torch.cat(expected, 1), atol=1e-4, rtol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("block", ["Mixed_5b", "Mixed_6b"])
def test_blocks_before_them_join_their_branches_in_order(network: InceptionNetwork, block: str) -> None:
    chains = {
        "Mixed_5b": [["branch1x1"], ["branch5x5_1", "branch5x5_2"], [f"branch3x3dbl_{i}" for i in (1, 2, 3)]],
        "Mixed_6b": [
            ["branch1x1"],
            [f"branch7x7_{i}" for i in (1, 2, 3)],
            [f"branch7x7dbl_{i}" for i in range(1, 6)],
        ],
    }[block]
    maps = torch.randn(
        2, 192 if block == "Mixed_5b" else 768, 6, 5, generator=torch.Generator().manual_seed(1)
    )
    expected = []
    for chain in [*chains, ["branch_pool"]]:
        through = pooled_in_loops(maps, "mean") if chain == ["branch_pool"] else maps
        for name in chain:
            through = convolved(network, f"{block}.{name}", through)
        expected.append(through)
    torch.testing.assert_close(
        network.get_submodule(block)(maps), torch.cat(expected, 1), atol=1e-4, rtol=1e-4
    )


@torch.inference_mode()
def test_images_are_shown_as_tensorflow_1_resized_them(
    network: InceptionNetwork, encoder: InceptionEncoder
) -> None:
    pixels = films(2, 3, (7, 400))
    square = np.empty((2, 3, 299, 299))
    for i in range(299):
        for j in range(299):
            y, x = i * 7 / 299, j * 400 / 299
            (y0, x0), (y1, x1) = (int(y), int(x)), (min(int(y) + 1, 6), min(int(x) + 1, 399))
            above = pixels[:, :, y0, x0] * (1 - x + x0) + pixels[:, :, y0, x1] * (x - x0)
            below = pixels[:, :, y1, x0] * (1 - x + x0) + pixels[:, :, y1, x1] * (x - x0)
            square[:, :, i, j] = above * (1 - y + y0) + below * (y - y0)
    features, logits = network(torch.from_numpy((square - 128) / 128).float())
    found = encoder.outputs(pixels)
    np.testing.assert_allclose(found.features[:, 0], features, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.logits[:, 0], logits, rtol=1e-3, atol=1e-3)


def test_what_is_written_is_read_again(
    network: InceptionNetwork, encoder: InceptionEncoder, tmp_path: Path
) -> None:
    arrays = {name: value.numpy() for name, value in network.state_dict().items() if "tracked" not in name}
    write_tensors(tmp_path / "inception.safetensors", arrays, {"format": "pt"})
    again = inception(tmp_path / "inception.safetensors")
    np.testing.assert_array_equal(again.vectors(films(2)), encoder.vectors(films(2)))
    assert again.fingerprint != encoder.fingerprint


def test_a_vector_is_the_same_in_any_company(encoder: InceptionEncoder) -> None:
    pixels = films(5)
    together = encoder.vectors(pixels)
    assert together.shape == (5, 2048)
    assert np.array_equal(encoder.vectors(pixels[4:])[0], together[4])
    assert encoder.vectors(pixels[:0]).shape == (0, 2048)


@pytest.mark.slow
def test_grey_is_shown_in_three_channels_and_others_one_by_one(encoder: InceptionEncoder) -> None:
    pixels = films(2, 4)
    grey = encoder.outputs(pixels[:, :1])
    np.testing.assert_array_equal(encoder.outputs(np.repeat(pixels[:, :1], 3, axis=1)).logits, grey.logits)
    views = encoder.outputs(pixels)
    assert (views.features.shape, views.logits.shape) == ((2, 4, 2048), (2, 4, 1008))
    np.testing.assert_array_equal(views.features[:, 0], grey.features[:, 0])
    assert encoder.vectors(pixels).shape == (2, 4 * 2048)


@pytest.mark.slow
def test_one_window_keeps_differences_of_intensity(weights: Path, encoder: InceptionEncoder) -> None:
    pixels = films(2)
    wide = inception(weights, window=(0, 65535))
    np.testing.assert_allclose(
        wide.vectors(pixels.astype(np.uint16) * 257), encoder.vectors(pixels), rtol=1e-3, atol=1e-4
    )
    darker = wide.vectors(pixels.astype(np.uint16) * 100)
    assert not np.allclose(darker, encoder.vectors(pixels), rtol=0.01)
    beyond = np.where(pixels > 127, 9000.0, -9000.0)
    cut = inception(weights, window=(-1, 1))
    np.testing.assert_array_equal(cut.vectors(beyond), cut.vectors(np.sign(beyond)))


def test_images_that_cannot_be_shown_are_refused(weights: Path, encoder: InceptionEncoder) -> None:
    with pytest.raises(InputError, match=r"3 spatial axes.*give slices"):
        encoder.vectors(np.zeros((1, 1, 4, 4, 4), np.uint8))
    with pytest.raises(InputError, match=r"uint16 have no black and white of their own \(give the window"):
        encoder.vectors(np.zeros((1, 1, 4, 4), np.uint16))
    with pytest.raises(InputError, match="NaN"):
        inception(weights, window=(0, 1)).vectors(np.full((1, 1, 4, 4), np.nan))
    with pytest.raises(InputError, match="from 1 to 1 is no window"):
        inception(weights, window=(1, 1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"fc.weight": torch.zeros(2, 2)}, "holds other weights than the network's"),
        ([1, 2], "holds no weights by name"),
        ({"fc.weight": "many"}, "holds other weights"),
        (module.Outputs, "cannot be read as weights"),
    ],
    ids=["other shapes", "a list", "no tensors", "code"],
)
def test_other_weights_are_refused_and_no_code_is_run(tmp_path: Path, content: object, message: str) -> None:
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(
        InputError, match=rf"(?s){message}.*\(Inception .* pt_inception-2015-12-05-6726825d.pth"
    ):
        inception(tmp_path / "weights.pth")


def test_absent_and_damaged_weights_are_named_with_their_source(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"there is no such file.*Inception of the FID literature is the file pt_inc"
    ):
        inception(tmp_path / "weights.pth")
    for name in ("inception.pth", "inception.safetensors"):
        (tmp_path / name).write_bytes(b"nothing")
        with pytest.raises(InputError, match="cannot be read as weights"):
            inception(tmp_path / name)
