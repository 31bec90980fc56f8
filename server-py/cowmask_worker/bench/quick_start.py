"""The quick start's experiment taken apart: WRN-10-1 with CowMix on scikit-learn's digits, 64 labeled and 64 unlabeled
images a step."""

from pathlib import Path
from typing import Any, NamedTuple

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.experiment import bench_config
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.training.dispatch import many_steps
from cowmask_worker.training.loop import Plan, Program
from cowmask_worker.training.state import TrainState


class QuickStart(NamedTuple):
    """The compiled program, and a state for it, which its first dispatch eats."""

    program: Program
    state: TrainState


def quick_start(batch: int = 64) -> QuickStart:
    facts = CATALOG["digits"]
    config = bench_config(
        config_pb2.ModelConfig(wide_resnet=config_pb2.WideResnet(depth=10, width=1, dropout=0)), batch
    )
    config.augmentation.shift, config.augmentation.horizontal_flip = 1, False
    config.mix.cowmix.sigma.low, config.mix.cowmix.sigma.high = 1, 4
    config.dataset.labeled, config.dataset.seed = 40, 1
    dataset = assembly.load_dataset(facts, Path())
    parts = assembly.splits(config, dataset)
    data = assembly.step_data(config, dataset.images, parts)
    model = dataset_network(config.model, facts)
    state = assembly.compiled_new_state(model)(data.root)
    dispatch: Any = many_steps(assembly.one_step(config, facts, model))
    score = assembly.evaluator(facts, model)
    return QuickStart(assembly.compiled(config, dispatch, score, state, data, dataset, parts), state)


def without_edges(steps: int) -> Plan:
    """Steps alone: nothing is evaluated or saved before the end."""
    return Plan(steps=steps, evaluate_every=steps + 1, checkpoint_every=steps + 1)
