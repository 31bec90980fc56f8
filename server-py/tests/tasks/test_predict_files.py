"""Predictions of image files: what is found, what each becomes, and what is said of those that can't be used."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from task_call import said
from trained_model import CONFIG, DIGITS, STEP, checkpoint

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import models_pb2
from cowmask_worker.data import digits
from cowmask_worker.data.catalog import Resize
from cowmask_worker.data.image_file import Unreadable
from cowmask_worker.data.own.images_below import images_below
from cowmask_worker.tasks.call import Call, CallCancelled
from cowmask_worker.tasks.models import PREDICTION_BATCH, architecture_of, checkpoint_of
from cowmask_worker.tasks.predict_files import image_reader, predict_files

COUNT = PREDICTION_BATCH + 2
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tasks_pb2.CheckpointFiles:
    return checkpoint(tmp_path_factory.mktemp("run"))


def predicted(
    model: tasks_pb2.CheckpointFiles, path: Path
) -> tuple[models_pb2.FilesFound, list[models_pb2.FilePrediction]]:
    """What was found, and the prediction of each file."""
    answers = said(predict_files, predict_files=tasks_pb2.PredictFiles(model=model, path=str(path)))
    first, *others = [answer.predict_files for answer in answers]
    assert first.WhichOneof("part") == "found"
    return first.found, [each for other in others for each in other.predictions.predictions]


def of_pixels(model: tasks_pb2.CheckpointFiles, images: NDArray[np.uint8]) -> list[tuple[int, float]]:
    """Labels and confidences of images that are no files."""
    _, variables = checkpoint_of(model)
    filled = np.zeros((-(-len(images) // PREDICTION_BATCH) * PREDICTION_BATCH, 8, 8, 1), np.uint8)
    filled[: len(images)] = images
    answers: list[tuple[int, float]] = []
    for batch in filled.reshape(-1, PREDICTION_BATCH, 8, 8, 1):
        labels, probabilities = architecture_of(model).predict(variables, jnp.asarray(batch))
        answers += zip(np.asarray(labels).tolist(), np.asarray(probabilities).max(1).tolist(), strict=True)
    return answers[: len(images)]


def put(path: Path, image: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image[..., 0]).save(path)


def test_every_image_below_a_folder_is_answered_as_its_pixels_are(
    model: tasks_pb2.CheckpointFiles, tmp_path: Path
) -> None:
    images = digits.load().test_images[:COUNT]
    names = [f"{'deep/er/' if number % 3 else ''}{number}.png" for number in range(COUNT)]
    for name, image in zip(names, images, strict=True):
        put(tmp_path / name, image)
    found, predictions = predicted(model, tmp_path)
    assert (found.count, found.ignored, found.step, tuple(found.classes)) == (COUNT, 0, STEP, DIGITS.classes)
    assert [each.name for each in predictions] == sorted(names)
    order = [names.index(each.name) for each in predictions]
    answers = [(each.answer.label, each.answer.confidence) for each in predictions]
    assert answers == of_pixels(model, images[order])
    assert len({label for label, _ in answers}) > 1


@LINUX
def test_bad_files_are_told_among_the_others(model: tasks_pb2.CheckpointFiles, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    for name in ("a, b.png", 'say "c".png', "two\nlines.png", "ä/猫.png"):
        put(folder / name, digits.load().test_images[0])
    put(tmp_path / "outside.png", digits.load().test_images[0])
    put(folder / ".hidden.png", digits.load().test_images[0])
    put(folder / ".trash" / "1.png", digits.load().test_images[0])
    (folder / "notes.txt").write_text("no image")
    (folder / "text.png").write_text("no image")
    (folder / "empty.png").touch()
    whole = (folder / "a, b.png").read_bytes()
    (folder / "half.png").write_bytes(whole[: len(whole) - 30])
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    (folder / "same.png").symlink_to("a, b.png")
    (folder / "folder").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.png")
    with open(os.fsencode(folder) + b"/\xff.png", "xb"):
        pass
    found, predictions = predicted(model, folder)
    assert found.ignored == 1
    assert found.count == len(predictions)
    problems = {each.name: each.problem for each in predictions if each.HasField("problem")}
    assert list(problems) == ["'\\udcff.png'", "empty.png", "folder", "half.png", "link.png", "pipe.png", "text.png"]
    assert problems["'\\udcff.png'"] == "expected a name in Unicode, found other bytes"
    assert problems["empty.png"] == "expected a PNG, JPEG, WebP or BMP image, found an empty file"
    assert problems["half.png"].startswith("expected a whole image, found a damaged one")
    assert (
        problems["link.png"] == f"expected a file within the folder, found a link to {str(tmp_path / 'outside.png')!r}"
    )
    assert problems["text.png"] == "expected a PNG, JPEG, WebP or BMP image, found something else"
    answered = [each.name for each in predictions if each.HasField("answer")]
    assert answered == ["a, b.png", "same.png", 'say "c".png', "two\nlines.png", "ä/猫.png"]
    assert {each.answer.label for each in predictions if each.HasField("answer")} == {
        of_pixels(model, digits.load().test_images[:1])[0][0]
    }
    assert [each.name for each in predictions] == sorted(each.name for each in predictions)


def test_a_batch_without_one_good_file_is_told_too(model: tasks_pb2.CheckpointFiles, tmp_path: Path) -> None:
    for number in range(COUNT):
        (tmp_path / f"{number}.png").touch()
    found, predictions = predicted(model, tmp_path)
    assert (found.count, len(predictions)) == (COUNT, COUNT)
    assert all(each.HasField("problem") for each in predictions)


def test_one_file_is_taken_for_an_image_whatever_its_name(model: tasks_pb2.CheckpointFiles, tmp_path: Path) -> None:
    image = digits.load().test_images[5]
    put(tmp_path / "digit.png", image)
    (tmp_path / "digit.png").rename(tmp_path / ".scan.tmp")
    found, (prediction,) = predicted(model, tmp_path / ".scan.tmp")
    assert (found.count, prediction.name) == (1, ".scan.tmp")
    assert [(prediction.answer.label, prediction.answer.confidence)] == of_pixels(model, image[None])


def test_a_folder_without_an_image_gives_no_prediction(model: tasks_pb2.CheckpointFiles, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    found, predictions = predicted(model, tmp_path)
    assert (found.count, found.ignored, predictions) == (0, 1, [])


@pytest.mark.parametrize("resize", ["crop", "stretch", "pad"])
def test_images_get_the_size_of_the_import_by_its_rule(tmp_path: Path, resize: Resize) -> None:
    wide = np.random.default_rng(0).integers(0, 256, (20, 33, 3)).astype(np.uint8)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    facts = replace(DIGITS, height=10, width=12, channels=3, resize=resize)
    image, size = Image.fromarray(wide), (12, 10)
    padded = Image.new("RGB", size, (128, 128, 128))
    padded.paste(image.resize((12, 7), Image.Resampling.BICUBIC), (0, 1))
    expected = {
        "crop": ImageOps.fit(image, size, Image.Resampling.BICUBIC),
        "stretch": image.resize(size, Image.Resampling.BICUBIC),
        "pad": padded,
    }[resize]
    np.testing.assert_array_equal(image_reader(facts, CONFIG)(tmp_path / "wide.png"), np.asarray(expected))


def test_models_that_read_files_see_the_middle(tmp_path: Path) -> None:
    wide = np.random.default_rng(0).integers(0, 256, (80, 120, 3)).astype(np.uint8)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    facts = replace(DIGITS, height=32, width=32, channels=3, storage="files")
    # 32 of 64 pixels of the shorter side.
    middle = Image.fromarray(wide).resize((32, 32), Image.Resampling.BICUBIC, box=(40, 20, 80, 60))
    config = type(CONFIG).FromString(CONFIG.SerializeToString())
    config.augmentation.resample = "antialias"
    np.testing.assert_array_equal(image_reader(facts, config)(tmp_path / "wide.png"), np.asarray(middle))
    (tmp_path / "broken.png").touch()
    with pytest.raises(Unreadable, match="found an empty file"):
        image_reader(facts, config)(tmp_path / "broken.png")


def test_a_call_that_nobody_wants_ends_after_a_few_images(model: tasks_pb2.CheckpointFiles, tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path / f"{number}.png", digits.load().test_images[number])
    heard: list[tasks_pb2.AttachRequest] = []
    command = tasks_pb2.AttachResponse(call=1, predict_files=tasks_pb2.PredictFiles(model=model, path=str(tmp_path)))
    call = Call(command, heard.append, Path())
    call.cancel()
    with pytest.raises(CallCancelled):
        predict_files(call)
    assert [each.answer.predict_files.WhichOneof("part") for each in heard] == ["found"]


def test_names_come_in_the_order_of_whole_paths(tmp_path: Path) -> None:
    names = ["a-b.png", "a.png", "a/1.png", "a/b/2.png", "a0.png", "b.png"]
    for name in reversed(names):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    below = images_below(tmp_path)
    assert [each.name for each in below.names] == names == sorted(names)
    assert all((below.root / each.name).exists() for each in below.names)
