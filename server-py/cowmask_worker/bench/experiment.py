"""The experiment that training is measured on: CowMix on images of CIFAR-10's size."""

import numpy as np

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.digits import Images


def bench_images(facts: DatasetFacts, count: int) -> Images:
    """Noise of the dataset's size, labeled in turn."""
    shape = (count, facts.height, facts.width, facts.channels)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    labels = (np.arange(count) % len(facts.classes)).astype(np.int32)
    return Images(pixels, labels, pixels[:0], labels[:0])


def bench_config(model: config_pb2.ModelConfig, batch: int) -> config_pb2.ExperimentConfig:
    """No field of it is left open that a step asks for."""
    confidence = config_pb2.MixConfidence(threshold=0.6, average=True, source="mixed_confidences")
    cowmix = config_pb2.Cowmix(weight=30, confidence=confidence, augment_separately=False, mix_logits=False)
    cowmix.sigma.low, cowmix.sigma.high = 4, 16
    cowmix.proportion.low, cowmix.proportion.high = 0.2, 0.8
    return config_pb2.ExperimentConfig(
        model=model,
        mix=config_pb2.MixConfig(cowmix=cowmix),
        augmentation=config_pb2.AugmentationConfig(shift=4, horizontal_flip=True, color_jitter=False),
        optimizer=config_pb2.OptimizerConfig(learning_rate=0.05, momentum=0.9, nesterov=True, l2=5e-4, weight_decay=0),
        schedule=config_pb2.ScheduleConfig(constant=config_pb2.ConstantSchedule()),
        teacher=config_pb2.TeacherConfig(alpha=0.97, anneal=False),
        precision="float32",
        student_passes="separate",
        batch_size=batch,
        unlabeled_batch_size=batch,
        steps=1000,
        seed=0,
    )
