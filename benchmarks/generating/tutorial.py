"""How do users of MONAI train a diffusion model? As its tutorial does (Apache-2.0): written anew from what it says.

Its steps are those of `2d_ddpm_tutorial`: dictionary transforms of each image, `CacheDataset`, `DataLoader` of four
workers, `DiffusionInferer`, Adam at 2.5e-5, mean squared error; in float32, as a processor has no autocast there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from doppelscan.generators.nets.unet import Plan, UNet

__all__ = ["InMonai", "Tutorial", "monai_unet"]


def monai_unet(plan: Plan, n_channels: int = 1) -> nn.Module:
    """MONAI's U-Net of this plan, its groups as many as ours."""
    from monai.networks.nets import DiffusionModelUNet

    return DiffusionModelUNet(
        spatial_dims=2,
        in_channels=n_channels,
        out_channels=n_channels,
        channels=plan.channels,
        attention_levels=plan.attention,
        num_res_blocks=plan.blocks,
        num_head_channels=plan.head_channels,
        norm_num_groups=np.gcd.reduce([n // 4 for n in plan.channels]).item(),
    )


class InMonai(nn.Module):
    """Our U-Net, called as MONAI calls its own."""

    def __init__(self, unet: UNet) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, x: torch.Tensor, timesteps: torch.Tensor, context: None = None) -> torch.Tensor:
        """What the network says of images without labels."""
        labels = torch.full((len(x),), -1)
        return self.unet(torch.as_tensor(x).as_subclass(torch.Tensor), timesteps, labels)


class Tutorial:
    """The tutorial's training of one network on PNG files; its workers stay from epoch to epoch."""

    def __init__(self, network: nn.Module, files: list[Path], side: int, batch: int) -> None:
        from monai.data import CacheDataset, DataLoader
        from monai.inferers import DiffusionInferer
        from monai.networks.schedulers import DDPMScheduler

        rows = [{"image": str(file)} for file in files]
        data = CacheDataset(rows, transform=_transforms(side), progress=False)
        self.loader = DataLoader(data, batch_size=batch, shuffle=True, num_workers=4, persistent_workers=True)
        self.network, self.inferer = (
            network.train(),
            DiffusionInferer(DDPMScheduler(num_train_timesteps=1000)),
        )
        self.optimizer = torch.optim.Adam(network.parameters(), lr=2.5e-5)

    def epoch(self) -> int:
        """Every image once: how many steps that were."""
        total = 0.0
        for batch in self.loader:
            images = batch["image"]
            self.optimizer.zero_grad(set_to_none=True)
            noise = torch.randn_like(images)
            t = torch.randint(0, 1000, (len(images),)).long()
            said = self.inferer(inputs=images, diffusion_model=self.network, noise=noise, timesteps=t)
            loss = functional.mse_loss(said.float(), noise.float())
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        return len(self.loader)


def _transforms(side: int) -> object:
    from monai import transforms

    angle, keys = np.pi / 36, ["image"]
    return transforms.Compose(
        [
            transforms.LoadImaged(keys=keys),
            transforms.EnsureChannelFirstd(keys=keys),
            transforms.ScaleIntensityRanged(
                keys=keys, a_min=0.0, a_max=255.0, b_min=0.0, b_max=1.0, clip=True
            ),
            transforms.RandAffined(
                keys=keys,
                rotate_range=[(-angle, angle)] * 2,
                translate_range=[(-1, 1)] * 2,
                scale_range=[(-0.05, 0.05)] * 2,
                spatial_size=[side, side],
                padding_mode="zeros",
                prob=0.5,
            ),
        ]
    )
