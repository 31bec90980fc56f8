"""The step that CowMask takes, as one would write it in eager PyTorch: Mean Teacher with CowMix on a wide ResNet.

Started with a batch size, it builds everything, then takes as many steps as each line of its input says, and answers
with the milliseconds that they took. Channels last, fused optimizer and foreach averages, masks by two matmuls.
"""

import sys
from time import perf_counter

import torch
from torch import nn
from torch.nn import functional

EDGE, CLASSES, IMAGES = 32, 10, 1000


class Block(nn.Module):
    def __init__(self, channels: int, features: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, features, 3, stride, 1)
        self.norm2 = nn.BatchNorm2d(features)
        self.conv2 = nn.Conv2d(features, features, 3, 1, 1)
        changes = stride > 1 or channels != features
        self.shortcut = nn.Conv2d(channels, features, 3, stride, 1) if changes else None
        self.dropout = dropout

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        shortcut = images if self.shortcut is None else self.shortcut(images)
        features = self.conv1(functional.relu(self.norm1(images)))
        features = functional.dropout(functional.relu(self.norm2(features)), self.dropout, self.training)
        return self.conv2(features) + shortcut


class WideResnet(nn.Module):
    def __init__(self, depth: int, width: int, dropout: float) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 1, 1)
        blocks, features = [], 16
        for group in range(3):
            for place in range((depth - 4) // 6):
                before, features = features, 16 * width * 2**group
                blocks.append(Block(before, features, 2 if group > 0 and place == 0 else 1, dropout))
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.BatchNorm2d(features)
        self.dense = nn.Linear(features, CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.dense(functional.relu(self.norm(self.blocks(self.stem(images)))).mean((2, 3)))


class Trainer:
    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.student, self.teacher = (WideResnet(28, 2, 0.3).to(memory_format=torch.channels_last) for _ in range(2))
        self.teacher.load_state_dict(self.student.state_dict())
        self.student.train()
        self.teacher.eval()
        kernels = [leaf for leaf in self.student.parameters() if leaf.ndim > 1]
        others = [leaf for leaf in self.student.parameters() if leaf.ndim <= 1]
        groups = [{"params": kernels, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.SGD(groups, lr=0.05 * batch / 256, momentum=0.9, nesterov=True, foreach=True)
        self.images = torch.randint(0, 256, (IMAGES, 3, EDGE, EDGE), dtype=torch.uint8)
        self.labels = torch.arange(IMAGES) % CLASSES

    def views(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = torch.randint(0, IMAGES, (count,))
        images = functional.pad(
            self.images[chosen].float().div_(255).sub_(0.5).div_(0.25), (4, 4, 4, 4), mode="reflect"
        )
        rows = (torch.randint(0, 9, (count, 1)) + torch.arange(EDGE))[:, None, :, None]
        columns = (torch.randint(0, 9, (count, 1)) + torch.arange(EDGE))[:, None, None, :]
        columns = torch.where(torch.rand(count, 1, 1, 1) < 0.5, columns, columns.flip(-1))
        shifted = images[torch.arange(count)[:, None, None, None], torch.arange(3)[None, :, None, None], rows, columns]
        return shifted.contiguous(memory_format=torch.channels_last), self.labels[chosen]

    def masks(self, count: int) -> torch.Tensor:
        sigma = torch.exp(torch.empty(count).uniform_(torch.log(torch.tensor(4.0)), torch.log(torch.tensor(16.0))))
        proportion = torch.empty(count).uniform_(0.2, 0.8)
        distance = torch.arange(EDGE)[:, None] - torch.arange(EDGE)[None]
        weights = torch.exp(-distance.square() / (2 * sigma[:, None, None].square()))
        smooth = weights @ torch.randn(count, EDGE, EDGE) @ weights
        mean, std = smooth.mean((1, 2), keepdim=True), smooth.std((1, 2), keepdim=True)
        threshold = torch.erfinv(2 * proportion - 1)[:, None, None] * 2**0.5 * std + mean
        return (smooth <= threshold).float()[:, None]

    def step(self) -> None:
        labeled, labels = self.views(self.batch)
        unlabeled, _ = self.views(self.batch)
        with torch.no_grad():
            answers = self.teacher(unlabeled).softmax(1)
            masks = self.masks(self.batch)
            mixed = unlabeled + (unlabeled.roll(-1, 0) - unlabeled) * masks
            blend = masks.mean((1, 2, 3))[:, None]
            target = answers + (answers.roll(-1, 0) - answers) * blend
            certainty = answers.amax(1, keepdim=True)
            certainty = certainty + (certainty.roll(-1, 0) - certainty) * blend
            share = (certainty > 0.6).float().mean()
        loss = functional.cross_entropy(self.student(labeled), labels)
        consistency = (self.student(mixed).softmax(1) - target).square().sum(1).mean() * share
        (loss + 30 * consistency).backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            averages = [*self.teacher.parameters(), *(leaf for leaf in self.teacher.buffers() if leaf.ndim)]
            now = [*self.student.parameters(), *(leaf for leaf in self.student.buffers() if leaf.ndim)]
            torch._foreach_lerp_(averages, now, 0.03)


def main() -> None:
    trainer = Trainer(int(sys.argv[1]))
    trainer.step()
    print(torch.__version__, flush=True)
    for line in sys.stdin:
        began = perf_counter()
        for _ in range(int(line)):
            trainer.step()
        print((perf_counter() - began) * 1000, flush=True)


main()
