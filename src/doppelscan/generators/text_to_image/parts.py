"""Of which networks is a text-to-image model made? A U-Net that is trained; words, latents and steps that are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from jaxtyping import Float, Int64
from torch import nn
from torch.nn.functional import max_pool2d, pad

from doppelscan.errors import InputError, Problem
from doppelscan.generators import doors
from doppelscan.generators.family import Networks, Subject
from doppelscan.generators.text_to_image.borrowed import Borrowed
from doppelscan.generators.text_to_image.pretrained import Pretrained
from doppelscan.generators.text_to_image.prompts import filled
from doppelscan.generators.text_to_image.settings import TextToImageSettings

__all__ = ["PARTS", "Latents", "Steps", "Words", "latents_of", "parts", "steps_of", "unet_of", "words_of"]

PARTS = ("unet", "latents", "words", "steps")

Images = Float[torch.Tensor, "n c h w"]
Codes = Float[torch.Tensor, "n d y x"]
Shown = Float[torch.Tensor, "n s y x"]
Moments = Float[torch.Tensor, "n m y x"]


def parts(settings: TextToImageSettings, subject: Subject) -> dict[str, nn.Module]:
    """The networks of a model, as they were before it is trained.

    Raises
    ------
    InputError
        If the weights are not on this machine, or of another make.
    """
    found = Pretrained.read(settings.weights)
    kinds = [filled(settings.prompt, subject.told(i)) for i in range(len(subject.labels))]
    unknown = filled(settings.prompt, {})
    return {
        "unet": _unet(settings, found),
        "latents": Latents(_frozen(found.autoencoder, found), found.factor),
        "words": Words(_frozen(found.text, found), found.tokenizer, (*kinds, unknown)),
        "steps": Steps(found.steps),
    }


def unet_of(networks: Networks) -> Borrowed:
    """The U-Net."""
    return cast("Borrowed", networks["unet"])


def latents_of(networks: Networks) -> Latents:
    """The autoencoder."""
    return cast("Latents", networks["latents"])


def words_of(networks: Networks) -> Words:
    """The text encoder."""
    return cast("Words", networks["words"])


def steps_of(networks: Networks) -> Steps:
    """The steps of noise."""
    return cast("Steps", networks["steps"])


class Words(nn.Module):
    """Prompts as the U-Net hears them; each is encoded once, alone, and remembered.

    `kinds` are the prompts of the subject's labels, and, last, that of an unknown one.
    """

    def __init__(self, encoder: Borrowed, tokenizer: Any, kinds: Sequence[str]) -> None:
        super().__init__()
        self.encoder, self.kinds = encoder, tuple(kinds)
        self.tokenizer = tokenizer
        self._known: dict[tuple[str, torch.device], torch.Tensor] = {}

    def of(self, labels: Int64[torch.Tensor, " n"]) -> tuple[str, ...]:
        """The prompts of images with these labels."""
        return tuple(self.kinds[number] for number in labels.tolist())

    def forward(self, prompts: Sequence[str]) -> Float[torch.Tensor, "n length width"]:
        """What is heard of each prompt."""
        return torch.stack([self._heard(prompt) for prompt in prompts])

    def __deepcopy__(self, _memo: dict[int, Any]) -> Words:
        return self

    def _heard(self, prompt: str) -> Float[torch.Tensor, "length width"]:
        device = self.encoder.made_from.device
        if (prompt, device) not in self._known:
            numbers = self._numbers(prompt).to(device)
            with torch.no_grad(), torch.autocast(device.type, enabled=False):
                self._known[prompt, device] = self.encoder(numbers)[0][0]
        return self._known[prompt, device]

    def _numbers(self, prompt: str) -> Int64[torch.Tensor, "1 length"]:
        most = int(self.encoder.network.config.max_position_embeddings)
        numbers: Int64[torch.Tensor, "1 n"] = self.tokenizer(
            [prompt], padding="max_length", max_length=most, return_tensors="pt"
        ).input_ids
        if numbers.shape[1] > most:
            what = f"{prompt!r} has {numbers.shape[1]} tokens, and the model hears {most}"
            raise InputError(Problem(what, where="prompt", cure="say less"))
        return numbers


class Latents(nn.Module):
    """Images as the U-Net sees them, and back; grey ones are repeated in three channels, of which the mean comes back.

    Lengths that do not divide by `factor` are filled up with what is at the border, and cut off again.
    """

    def __init__(self, autoencoder: Borrowed, factor: int) -> None:
        super().__init__()
        self.autoencoder, self.factor = autoencoder, factor

    @property
    def n_channels(self) -> int:
        """Numbers at each place."""
        return int(self._config.latent_channels)

    def places(self, space: Sequence[int]) -> tuple[int, int]:
        """Places along each axis for images of so many pixels."""
        h, w = (-(-length // self.factor) for length in space)
        return h, w

    def said(self, images: Images) -> Moments:
        """Mean and logarithm of the variance of the latents."""
        moments: torch.Tensor = self._network.encode(self._whole(images)).latent_dist.parameters
        return moments.float()

    def drawn(self, said: Moments, *, by_chance: bool) -> Codes:
        """Latents as these moments have them, of about unit deviation: by torch's chance, or the mean."""
        mean, log_variance = said.chunk(2, dim=1)
        deviation = (0.5 * log_variance.clamp(-30, 20)).exp()
        codes = mean + deviation * torch.randn_like(mean) if by_chance else mean
        return (codes - self._shift) * float(self._config.scaling_factor)

    def images(self, codes: Codes, subject: Subject) -> Images:
        """The images of these latents."""
        plain = codes / float(self._config.scaling_factor) + self._shift
        seen: torch.Tensor = self._network.decode(plain, return_dict=False)[0]
        seen = seen[..., : subject.space[0], : subject.space[1]]
        return seen.mean(1, keepdim=True) if subject.n_channels == 1 else seen

    def coarse(self, fresh: torch.Tensor) -> Float[torch.Tensor, "n 1 y x"]:
        """Which places hold a pixel that is drawn anew, as 1."""
        return max_pool2d(self._filled(fresh.float()), self.factor)

    @property
    def _network(self) -> Any:
        return self.autoencoder.network

    @property
    def _config(self) -> Any:
        return self._network.config

    @property
    def _shift(self) -> float:
        return float(self._config.get("shift_factor") or 0.0)

    def _whole(self, images: Images) -> Float[torch.Tensor, "n k rows columns"]:
        three = images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images
        return self._filled(three)

    def _filled(self, images: torch.Tensor) -> torch.Tensor:
        h, w = images.shape[-2:]
        return pad(images, (0, -w % self.factor, 0, -h % self.factor), mode="replicate")


class Steps(nn.Module):
    """How much noise there is at each step, as the model's own scheduler has it."""

    alpha_bar: torch.Tensor

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.config = dict(config)
        scheduler = doors.diffusers().DDPMScheduler.from_config(self.config)
        self.register_buffer("alpha_bar", scheduler.alphas_cumprod.float())

    @property
    def predicts(self) -> str:
        """What the U-Net says: the noise (`epsilon`) or the velocity (`v`)."""
        return "v" if self.config.get("prediction_type") == "v_prediction" else "epsilon"


def _frozen(network: nn.Module, found: Pretrained) -> Borrowed:
    return Borrowed(network, place=found.place, made_from=found.fingerprint)


def _unet(settings: TextToImageSettings, found: Pretrained) -> Borrowed:
    """The U-Net, and what of it is trained."""
    unet: nn.Module = found.unet
    if settings.moves == "lora":
        peft = doors.peft()
        plan = peft.LoraConfig(
            r=settings.rank,
            lora_alpha=settings.rank,
            target_modules=["to_q", "to_k", "to_v", "to_out.0"],
            init_lora_weights="gaussian",
        )
        unet = peft.inject_adapter_in_model(plan, unet)
    if settings.checkpointing:
        unet.enable_gradient_checkpointing()  # type: ignore[operator]
    trained = [name for name, _ in unet.named_parameters() if settings.moves == "all" or "lora_" in name]
    return Borrowed(unet, place=found.place, made_from=found.fingerprint, trained=trained)
