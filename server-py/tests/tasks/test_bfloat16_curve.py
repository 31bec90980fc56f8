"""Half as many bits in layers make less of a difference to training than another seed does."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.experiment import bench_config
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.training.dispatch import Dispatch, many_steps

STEPS, WINDOW = 200, 40
SEEDS = range(3)


class DigitsTraining:
    """200 steps of CowMix on digits with 40 labels, by seed and precision."""

    def __init__(self) -> None:
        self.facts = CATALOG["digits"]
        self.dataset = assembly.load_dataset(self.facts, Path())
        self.programs: dict[str, Dispatch[assembly.StepData]] = {}

    def curve(self, seed: int, precision: str) -> NDArray[np.float64]:
        """The labeled loss, the mean of every 40 steps."""
        config = bench_config(
            config_pb2.ModelConfig(wide_resnet=config_pb2.WideResnet(depth=10, width=1, dropout=0)), 16
        )
        config.augmentation.shift, config.augmentation.horizontal_flip = 1, False
        config.mix.cowmix.sigma.low, config.mix.cowmix.sigma.high = 1, 4
        config.dataset.CopyFrom(config_pb2.DatasetConfig(name="digits", labeled=40, seed=1))
        config.seed, config.precision = seed, precision
        model = dataset_network(config.model, self.facts)
        data = assembly.step_data(config, self.dataset.images, assembly.splits(config, self.dataset))
        state = assembly.compiled_new_state(model)(data.root)
        program = self.programs.setdefault(precision, many_steps(assembly.one_step(config, self.facts, model)))
        _, metrics = program(state, data, jnp.int32(STEPS))
        return np.asarray(metrics.labeled_loss[:STEPS]).reshape(-1, WINDOW).mean(1)


def test_a_loss_curve_in_bfloat16_stays_within_the_spread_of_seeds() -> None:
    training = DigitsTraining()
    exact = np.stack([training.curve(seed, "float32") for seed in SEEDS])
    spread = exact.max(0) - exact.min(0)
    assert (exact[:, -1] < exact[:, 0] / 2).all(), "it learns"
    difference = np.abs(training.curve(SEEDS[0], "bfloat16") - exact[0])
    assert (difference > 0).any(), "it is another arithmetic"
    np.testing.assert_array_less(difference, spread / 4)
