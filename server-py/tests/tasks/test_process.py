"""The task process for real: spawned, dialed, driven over its stream, and gone when nobody wants it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from control import RUN, Control
from settings import DATASET, config

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import datasets_pb2, event_pb2, experiment_config_pb2, masks_pb2, system_pb2
from cowmask_worker.data import digits
from cowmask_worker.masks.box import box_masks_per_image
from cowmask_worker.masks.cow import cow_masks, cow_masks_per_image
from cowmask_worker.regularizers.mix import mix_ict
from cowmask_worker.regularizers.perturb import erase
from cowmask_worker.tasks import assembly

Range = experiment_config_pb2.Range
COW = masks_pb2.CowMaskOptions(sigma=Range(low=1, high=4), proportion=Range(low=0.2, high=0.8))
BOX = masks_pb2.BoxMaskOptions(area="random_area", scale=0.25, random_aspect=True)
IMAGES = np.random.default_rng(0).integers(0, 256, (300, 12, 10, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def compute(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    with Control(tmp_path_factory.mktemp("compute")) as control:
        yield control


def generate(count: int = 5, stream: str = "per_image", seed: int = 7, **kind: Any) -> masks_pb2.GenerateRequest:
    kind = kind or {"cow": COW}
    return masks_pb2.GenerateRequest(count=count, height=12, width=10, seed=seed, stream=stream, **kind)


def test_it_says_hello_before_it_loads_jax(compute: Control) -> None:
    hello = compute.heard.get(timeout=60)
    assert (hello.call, hello.hello.task, hello.hello.pid) == (0, "compute", compute.process.pid)
    assert compute.metadata["cowmask-task-token"] == "secret"
    answer = next(iter(compute.answers(compute.call(devices=system_pb2.DevicesRequest())))).answer
    assert [device.platform for device in answer.devices.devices] == ["cpu"]


def test_masks_are_those_of_the_pure_functions(compute: Control) -> None:
    drawn = compute.tensors(generate=generate())
    assert list(drawn) == ["masks", "share", "proportion", "sigma"]
    expected = cow_masks_per_image(jax.random.key(7), 5, 12, 10, sigma=(1.0, 4.0), proportion=(0.2, 0.8))
    np.testing.assert_array_equal(drawn["masks"], np.asarray(expected.mask[..., 0], bool))
    np.testing.assert_allclose(drawn["share"], expected.mask.mean((1, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(drawn["sigma"], expected.sigma, rtol=1e-6)
    np.testing.assert_allclose(drawn["proportion"], expected.proportion, rtol=1e-6)
    boxes = compute.tensors(generate=generate(box=BOX))
    assert list(boxes) == ["masks", "share", "boxes"]
    expected = box_masks_per_image(jax.random.key(7), 5, 12, 10, area="random_area", scale=0.25, random_aspect=True)
    np.testing.assert_array_equal(boxes["masks"], np.asarray(expected.mask[..., 0], bool))


def test_the_reference_stream_is_one_key_and_the_older_random_numbers(compute: Control) -> None:
    drawn = compute.tensors(generate=generate(stream="reference"))["masks"]
    with jax.threefry_partitionable(False):
        expected = cow_masks(jax.random.key(7), 5, 12, 10, sigma=(1.0, 4.0), proportion=(0.2, 0.8))
    np.testing.assert_array_equal(drawn, np.asarray(expected.mask[..., 0], bool))
    assert (drawn != compute.tensors(generate=generate())["masks"]).any()


def test_a_longer_draw_begins_with_the_shorter_one(compute: Control) -> None:
    long = compute.tensors(generate=generate(count=600))
    short = compute.tensors(generate=generate(count=3))
    assert len(long["masks"]) == 600
    for name, column in short.items():
        np.testing.assert_array_equal(column, long[name][:3])
    assert len({mask.tobytes() for mask in long["masks"]}) == 600


@pytest.mark.parametrize("kind", [{"cowmix": COW}, {"cutmix": BOX}])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_every_mixed_pixel_is_one_of_the_two(compute: Control, kind: dict[str, Any], dtype: str) -> None:
    images = IMAGES.astype(dtype)
    mixed = compute.tensors(images, mix=masks_pb2.MixOptions(seed=3, **kind))
    assert list(mixed) == ["images", "blend", "masks"]
    masks = mixed["masks"][..., None]
    expected = np.where(masks, np.roll(images, -1, axis=0), images)
    assert mixed["images"].dtype == images.dtype
    np.testing.assert_array_equal(mixed["images"], expected)
    np.testing.assert_allclose(mixed["blend"], masks.mean((1, 2, 3)), rtol=1e-6)
    name = "cow" if "cowmix" in kind else "box"
    alike = compute.tensors(generate=generate(count=300, seed=3, **{name: next(iter(kind.values()))}))
    np.testing.assert_array_equal(mixed["masks"], alike["masks"])


@pytest.mark.parametrize("kind", [{"cowmix": COW}, {"cutmix": BOX}])
def test_images_are_mixed_by_one_key_for_the_whole_batch(compute: Control, kind: dict[str, Any]) -> None:
    """More images than fit into a block: by the older stream every number depends on how many there are."""
    mixed = compute.tensors(IMAGES, mix=masks_pb2.MixOptions(seed=3, stream="reference", **kind))
    name = "cow" if "cowmix" in kind else "box"
    alike = compute.tensors(
        generate=generate(count=300, seed=3, stream="reference", **{name: next(iter(kind.values()))})
    )
    np.testing.assert_array_equal(mixed["masks"], alike["masks"])
    expected = np.where(mixed["masks"][..., None], np.roll(IMAGES, -1, axis=0), IMAGES)
    np.testing.assert_array_equal(mixed["images"], expected)
    shorter = compute.tensors(IMAGES[:150], mix=masks_pb2.MixOptions(seed=3, stream="reference", **kind))
    assert (shorter["masks"] != mixed["masks"][:150]).any()


def test_ict_blends_by_one_key_for_the_whole_batch(compute: Control) -> None:
    images = IMAGES.astype(np.float32)
    options = masks_pb2.MixOptions(seed=3, stream="reference", ict=masks_pb2.IctMixOptions(alpha=0.5))
    mixed = compute.tensors(images, mix=options)
    with jax.threefry_partitionable(False):
        expected = mix_ict(jax.random.key(3), jnp.asarray(images), alpha=0.5)
    np.testing.assert_allclose(mixed["blend"], expected.blend, rtol=1e-5)
    np.testing.assert_allclose(mixed["images"], expected.images, atol=1e-3)


@pytest.mark.parametrize("kind", [{"cowout": COW}, {"cutout": BOX}])
def test_images_are_erased_by_one_key_for_the_whole_batch(compute: Control, kind: dict[str, Any]) -> None:
    images = IMAGES[:280].astype(np.float32) / 255
    options = masks_pb2.EraseOptions(seed=3, stream="reference", noise_std=0.5, mask_probability=0.8, **kind)
    erased = compute.tensors(images, erase=options)
    draw = assembly.cow_drawing(COW) if "cowout" in kind else assembly.box_drawing(BOX)
    with jax.threefry_partitionable(False):
        expected = erase(jax.random.key(3), jnp.asarray(images), draw, noise_std=0.5, mask_probability=0.8)
    np.testing.assert_array_equal(erased["masks"], np.asarray(expected.mask[..., 0], bool))
    np.testing.assert_allclose(erased["images"], expected.images, atol=1e-6)


def test_ict_blends_whole_images_and_rounds(compute: Control) -> None:
    ict = masks_pb2.IctMixOptions(alpha=0.5)
    mixed = compute.tensors(IMAGES, mix=masks_pb2.MixOptions(seed=3, ict=ict))
    assert list(mixed) == ["images", "blend"]
    blend = mixed["blend"][:, None, None, None].astype(np.float64)
    assert len(np.unique(blend)) > 290
    exact = IMAGES + (np.roll(IMAGES, -1, axis=0).astype(np.float64) - IMAGES) * blend
    np.testing.assert_allclose(mixed["images"], exact, atol=0.501)


@pytest.mark.parametrize("kind", [{"cowout": COW}, {"cutout": BOX}])
def test_erased_images_keep_what_the_mask_keeps(compute: Control, kind: dict[str, Any]) -> None:
    options = masks_pb2.EraseOptions(seed=3, noise_std=1, mask_probability=1, **kind)
    erased = compute.tensors(IMAGES, erase=options)
    assert list(erased) == ["images", "masks"]
    kept = np.broadcast_to(erased["masks"][..., None], IMAGES.shape)
    np.testing.assert_array_equal(erased["images"][kept], IMAGES[kept])
    noise = erased["images"][~kept]
    # Standard normal noise in -1..1: a third of it is cut off at the two ends.
    assert abs((noise == 0).mean() + (noise == 255).mean() - 0.3173) < 0.02
    assert len(compute.tensors(IMAGES[:3], erase=options)["images"]) == 3


def test_without_noise_and_masks_nothing_but_zeros_or_originals(compute: Control) -> None:
    images = IMAGES[:40].astype(np.float32) / 255
    options = masks_pb2.EraseOptions(seed=3, noise_std=0, mask_probability=0.5, cowout=COW)
    erased = compute.tensors(images, erase=options)
    kept = erased["masks"][..., None]
    np.testing.assert_array_equal(erased["images"], images * kept)
    whole = kept.all((1, 2, 3)).mean()
    assert 0.2 < whole < 0.8


def test_inspect_counts_what_is_there(compute: Control) -> None:
    request = tasks_pb2.Inspect(dataset=DATASET, options=datasets_pb2.InspectOptions(batch_size=64))
    inspected = next(iter(compute.answers(compute.call(inspect=request)))).answer.inspect
    assert (sum(inspected.train_counts), sum(inspected.test_counts)) == (1437, 360)
    assert len(inspected.digest) == 64


def test_a_call_that_fails_leaves_the_process_for_the_next_one(compute: Control) -> None:
    broken = compute.last(np.zeros((0, 4, 4, 1), np.uint8), mix=masks_pb2.MixOptions(seed=1, cowmix=COW))
    assert broken.failure.failure.code == "INVALID_OPTION"
    assert broken.failure.violations[0].path == "images"
    unknown = compute.last(inspect=tasks_pb2.Inspect())
    assert unknown.failure.failure.code == "INTERNAL"
    assert "Traceback" in unknown.failure.failure.traceback
    assert compute.tensors(generate=generate())["masks"].shape == (5, 12, 10)


def test_w4_a_call_can_be_cancelled_while_it_runs_and_while_it_waits(compute: Control) -> None:
    call = compute.call(generate=generate(count=1_000_000))
    answers = compute.answers(call)
    assert next(answers).HasField("chunk")
    compute.say(call, cancel=tasks_pb2.Cancel())
    assert list(answers)[-1].failure.failure.code == "CANCELLED_BY_USER"
    waiting = compute.call(mix=masks_pb2.MixOptions(seed=1, cowmix=COW))
    compute.say(waiting, cancel=tasks_pb2.Cancel())
    assert [each.failure.failure.code for each in compute.answers(waiting)] == ["CANCELLED_BY_USER"]
    assert compute.tensors(generate=generate())["masks"].shape == (5, 12, 10)


def train(control: Control, folder: Path, **more: Any) -> int:
    return control.call(
        train=tasks_pb2.Train(run_id="r", config=config(**more), checkpoint_folder=str(folder), dataset=DATASET)
    )


def test_a_run_trains_is_cancelled_resumed_and_used(tmp_path: Path, compute: Control) -> None:
    """Cancelled by one process, resumed by the next, predicted with by a third."""
    folder = tmp_path / "checkpoints"
    with Control(tmp_path, "train:r") as trainer:
        call = train(trainer, folder)
        events: list[event_pb2.Event] = []
        for request in trainer.answers(call):
            if request.HasField("event"):
                events.append(request.event)
                if request.event.HasField("metrics"):
                    trainer.say(call, cancel=tasks_pb2.Cancel())
    end = events[-1].finished
    assert end.state == event_pb2.RUN_STATE_CANCELLED
    assert 1 <= end.step < 12
    resume = tasks_pb2.Train(run_id="r", config=config(), checkpoint_folder=str(folder), resume=True, dataset=DATASET)
    with Control(tmp_path, "train:r") as trainer:
        requests = list(trainer.answers(trainer.call(train=resume)))
    resumed = [request.event for request in requests if request.HasField("event")]
    assert resumed[-1].finished.state == event_pb2.RUN_STATE_SUCCEEDED
    first = next(event.metrics.first_step for event in resumed if event.HasField("metrics"))
    assert first == end.step
    assert requests[-1].HasField("done")
    models(compute, folder, resumed[-1].finished)


def models(compute: Control, folder: Path, end: event_pb2.Finished) -> None:
    images, labels = digits.load()[2:]
    for weights, score in (("teacher", end.evaluation.teacher), ("student", end.evaluation.student)):
        model = tasks_pb2.CheckpointFiles(folder=str(folder), weights=weights, config=config(), dataset=DATASET)
        answer = compute.tensors(images, predict=tasks_pb2.Predict(model=model))
        assert list(answer) == ["labels", "probabilities"]
        np.testing.assert_allclose(answer["probabilities"].sum(1), 1, rtol=1e-5)
        np.testing.assert_array_equal(answer["probabilities"].argmax(1), answer["labels"])
        assert (answer["labels"] != labels).mean() == pytest.approx(score.error, abs=1e-6)
        unit = compute.tensors(images[:3].astype(np.float32) / 255, predict=tasks_pb2.Predict(model=model))
        np.testing.assert_allclose(unit["probabilities"], answer["probabilities"][:3], atol=1e-6)
        request = tasks_pb2.Evaluate(model=model, split="test")
        evaluated = next(iter(compute.answers(compute.call(evaluate=request)))).answer.evaluate
        assert (evaluated.count, evaluated.step) == (360, 12)
        assert evaluated.score.error == pytest.approx(score.error, abs=1e-6)
        assert evaluated.score.top5_error == pytest.approx(score.top5_error, abs=1e-6)
        assert evaluated.score.loss == pytest.approx(score.loss, rel=1e-5)
        exported = compute.tensors(export=tasks_pb2.Export(model=model))
        assert exported["parameters/dense/kernel"].shape == (64, 10)
        assert "statistics/norm/mean" in exported
    refused = {
        "images": compute.last(images[:, :4], predict=tasks_pb2.Predict(model=model)),
        "split": compute.last(evaluate=tasks_pb2.Evaluate(model=model, split="validation")),
    }
    for path, message in refused.items():
        assert message.failure.failure.code == "INVALID_OPTION"
        assert message.failure.violations[0].path == path
    assert "[count, 8, 8, 1], [360, 4, 8, 1] came" in refused["images"].failure.failure.message
    model.step = 5
    absent = compute.last(export=tasks_pb2.Export(model=model)).failure.failure
    assert (absent.code, "There are: " in absent.hint) == ("CHECKPOINT_NOT_FOUND", True)
    state = folder / "0000000012" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-1])
    model.step = 12
    damaged = compute.last(export=tasks_pb2.Export(model=model)).failure.failure
    assert (damaged.code, str(state) in damaged.message) == ("CHECKPOINT_DAMAGED", True)


@pytest.mark.parametrize("way", ["stdin", "stream"])
def test_l3_it_goes_when_nobody_holds_it(tmp_path: Path, way: str) -> None:
    with Control(tmp_path) as control:
        assert control.heard.get(timeout=60).HasField("hello")
        assert control.process.stdin is not None
        if way == "stdin":
            control.process.stdin.close()
        else:
            control.end_stream()
        control.process.wait(timeout=10)


def test_l4_ctrl_c_is_for_control_to_decide(compute: Control) -> None:
    compute.process.send_signal(signal.SIGINT)
    assert compute.tensors(generate=generate())["masks"].shape == (5, 12, 10)


PARENT = """
import json, os, subprocess, sys, time
sys.path[:0] = {path!r}
from cowmask_worker.runs.process_identity import start_time
# The pipe's writing end is inherited by a sleeping process, so that the child's input never ends.
reading, writing = os.pipe()
child = subprocess.Popen([sys.executable, "-I", {run!r}, "task"], stdin=reading)
holder = subprocess.Popen(["sleep", "60"], pass_fds=[writing])
start = {{"address": {address!r}, "token": "t", "task": "compute", "cache_dir": {cache!r},
         "data_dir": {cache!r}, "device": "cpu",
         "parent": {{"pid": os.getpid(), "start_time": start_time(os.getpid())}}}}
os.write(writing, json.dumps(start).encode() + b"\\n")
print(child.pid, holder.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_l3_it_goes_when_its_parent_is_killed_though_its_input_stays_open(tmp_path: Path) -> None:
    text = PARENT.format(path=[str(RUN.parent)], run=str(RUN), address="127.0.0.1:1", cache=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child, holder = map(int, parent.stdout.readline().split())
        parent.kill()
    try:
        deadline = time.monotonic() + 10
        while alive(child):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.kill(holder, signal.SIGKILL)


def alive(pid: int) -> bool:
    """A dead child that nobody reaps still has an entry, as a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_s10_a_compile_cache_that_others_may_enter_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    with Control(tmp_path) as control:
        assert control.heard.get(timeout=60).HasField("hello")
        control.last(devices=system_pb2.DevicesRequest())
        assert cache.stat().st_mode & 0o777 == 0o700
