"""What does an autoencoder learn? To give images back that a critic of patches cannot tell from them.

Rombach et al. 2022, appendix G: absolute error, the cost of the latents, and an adversary (hinge losses, Lim & Ye
2017). Their perceptual loss needs a network that was trained on photographs. In its place the features of the adversary
are matched (Larsen et al. 2016, section 2.2; Wang et al. 2018, section 3.3): they take any number of channels and
axes, learn what these images consist of, and are computed anyway.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import cast

import torch
from jaxtyping import Float
from torch import nn

from doppelscan.generators.family import Batch, Networks, Player, Subject, Turn
from doppelscan.generators.nets.autoencoder import Decoder, Encoder
from doppelscan.generators.nets.codes import Codebook, Codes, Normal
from doppelscan.generators.nets.patches import PatchDiscriminator
from doppelscan.generators.vae.settings import AutoencoderSettings

__all__ = [
    "AVERAGED",
    "begin",
    "codes_of",
    "discerning",
    "feature_distance",
    "loss_of_each",
    "networks",
    "players",
    "turns",
]

AVERAGED = ("encoder", "decoder", "codes")

_FIRST = 256  # images whose latents say where codes start


def networks(settings: AutoencoderSettings, subject: Subject) -> dict[str, nn.Module]:
    """The encoder, what lies between, the decoder; and the adversary, where there is one."""
    layout, n_latents = settings.layout(len(subject.labels)), settings.latent_channels
    codes = (
        Normal(n_latents, settings.weight_of_nats(subject))
        if settings.codes == "kl"
        else Codebook(n_latents, settings.n_codes, settings.commitment)
    )
    parts: dict[str, nn.Module] = {
        "encoder": Encoder(subject.n_axes, subject.n_channels, codes.n_said, layout),
        "codes": codes,
        "decoder": Decoder(subject.space, subject.n_channels, n_latents, layout),
    }
    if settings.adversary_from is not None:
        channels = settings.patch_channels
        parts["adversary"] = PatchDiscriminator(subject.n_axes, subject.n_channels, channels)
    return parts


def players(settings: AutoencoderSettings) -> dict[str, Player]:
    """The autoencoder and its adversary, Adams of short memory (Isola et al. 2017)."""
    betas = (0.5, 0.9)
    own = Player(AVERAGED, settings.learning_rate, betas)
    if settings.adversary_from is None:
        return {"autoencoder": own}
    return {"autoencoder": own, "adversary": Player(("adversary",), settings.patch_learning_rate, betas)}


def begin(networks: Networks, batches: Iterator[torch.Tensor]) -> None:
    """Let the codes start where the latents of the first images are."""
    codes = networks["codes"]
    if isinstance(codes, Codebook):
        first = itertools.islice((image for batch in batches for image in batch), _FIRST)
        unknown = torch.full((1,), -1, device=codes.codes.device)
        codes.fit(torch.cat([networks["encoder"](image[None], unknown) for image in first]))


def turns(settings: AutoencoderSettings, networks: Networks, batch: Batch) -> Iterator[Turn]:
    """The autoencoder's turn and, once the adversary has joined, that of the adversary."""
    x, codes = batch.images, codes_of(networks)
    said = networks["encoder"](x, batch.labels)
    decoded = networks["decoder"](codes.seen(codes.drawn(said)), batch.labels).float()
    error, cost = (decoded - x).abs().mean(), codes.cost(said).mean()
    logged = {"absolute error": error, "cost of latents": cost}
    if settings.adversary_from is None or batch.seen < settings.adversary_from:
        yield Turn("autoencoder", error + cost, logged)
        return

    adversary = networks["adversary"]
    with torch.no_grad():
        _, features = adversary(x)
    verdict, matched = adversary(decoded)
    fooled, distance = -verdict.float().mean(), feature_distance(features, matched)
    loss = error + cost + settings.adversarial_weight * fooled + settings.feature_weight * distance
    yield Turn("autoencoder", loss, logged | {"feature distance": distance})

    on_real, on_decoded = adversary(x)[0], adversary(decoded.detach())[0]
    yield Turn("adversary", discerning(on_real.float(), on_decoded.float()))


def loss_of_each(networks: Networks, batch: Batch) -> Float[torch.Tensor, " n"]:
    """The absolute error of each image, given back without chance, and the cost of its latents."""
    codes = codes_of(networks)
    said = networks["encoder"](batch.images, batch.labels)
    decoded = networks["decoder"](codes.seen(codes.latents(said)), batch.labels).float()
    error: torch.Tensor = (decoded - batch.images).abs().flatten(1).mean(1)
    return error + codes.cost(said)


def codes_of(networks: Networks) -> Codes:
    """What lies between the encoder and the decoder."""
    return cast("Codes", networks["codes"])


def discerning(
    real: Float[torch.Tensor, "n 1 *coarse"], decoded: Float[torch.Tensor, "n 1 *coarse"]
) -> Float[torch.Tensor, ""]:
    """The adversary's hinge loss: verdicts above 1 on real patches and below -1 on decoded ones cost nothing."""
    cost: torch.Tensor = ((1 - real).clamp(min=0).mean() + (1 + decoded).clamp(min=0).mean()) / 2
    return cost


def feature_distance(
    real: list[Float[torch.Tensor, "n ..."]], decoded: list[Float[torch.Tensor, "n ..."]]
) -> Float[torch.Tensor, ""]:
    """The mean absolute difference of features, each level counted alike (Wang et al. 2018, equation 4)."""
    levels = [(a.float() - b.float()).abs().mean() for a, b in zip(real, decoded, strict=True)]
    return torch.stack(levels).mean()
