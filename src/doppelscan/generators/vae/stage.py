"""How is an autoencoder trained as a part of a model? The stage of any family whose settings hold one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from doppelscan.generators.family import Settings, Stage, Subject
from doppelscan.generators.vae import objective
from doppelscan.generators.vae.settings import AutoencoderSettings

__all__ = ["autoencoder_stage"]

S = TypeVar("S", bound=Settings)


def autoencoder_stage(
    name: str, part: Callable[[S], AutoencoderSettings], subject: Callable[[Subject], Subject]
) -> Stage[S]:
    """The stage that trains the autoencoder whose settings are `part` of the model's.

    `subject` says what it is of, given what the model is of: the same, or that without labels.
    """
    return Stage(
        name,
        training=lambda settings: part(settings).training,
        networks=lambda settings, of: objective.networks(part(settings), subject(of)),
        players=lambda settings: objective.players(part(settings)),
        turns=lambda settings, networks, batch: objective.turns(part(settings), networks, batch),
        averaged=objective.AVERAGED,
        validation=lambda _settings, networks, batch: objective.loss_of_each(networks, batch),
        begin=lambda _settings, networks, batches: objective.begin(networks, batches),
    )
