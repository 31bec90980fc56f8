"""Splits that are kept: written whole, verified whenever they are read, and never replaced while they are sound."""

from pathlib import Path

import numpy as np
import pytest
from contents_of import the_digits

from cowmask_worker.data import split_file, split_folder
from cowmask_worker.data.contents import numbered, pixel_digests
from cowmask_worker.data.digits import load
from cowmask_worker.data.split_file import DrawnRule, SplitDamaged, SplitFile, encode
from cowmask_worker.data.split_folder import SplitMissing, fingerprints, keep, read
from cowmask_worker.data.split_members import made
from cowmask_worker.data.splits import split

DIGITS = the_digits()


def drawn(seed: int = 1) -> SplitFile:
    rule = DrawnRule(labeled=20, seed=seed, validation=0, validation_seed=0)
    return made(DIGITS, split(DIGITS.train.labels, **rule._asdict()), rule)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    assert fingerprints(tmp_path, "digits") == ()
    splits = [drawn(seed) for seed in range(3)]
    for each in splits:
        assert keep(each, tmp_path) == each
    assert fingerprints(tmp_path, "digits") == tuple(sorted(each.fingerprint for each in splits))
    assert [read(tmp_path, "digits", each.fingerprint) for each in splits] == splits
    names = {path.name for path in (tmp_path / ".splits" / "digits").iterdir()}
    assert names == {f"{each.fingerprint}.json" for each in splits}, "nothing is left aside"


def test_a_sound_split_stays_and_a_damaged_one_is_replaced(tmp_path: Path) -> None:
    first = keep(drawn(), tmp_path)
    other = first._replace(labeled=first.labeled[::-1])
    assert other.fingerprint == first.fingerprint
    assert keep(other, tmp_path) == first
    file = tmp_path / ".splits" / "digits" / f"{first.fingerprint}.json"
    file.write_text("{}")
    assert keep(other, tmp_path) == other
    assert file.read_text() == encode(other)


@pytest.mark.parametrize("fingerprint", ["", "f" * 64, "F" * 64, "../../etc/passwd", "f" * 63 + "\n", "\0"])
def test_what_is_not_there_is_told_with_what_is(fingerprint: str, tmp_path: Path) -> None:
    there = keep(drawn(), tmp_path).fingerprint
    with pytest.raises(SplitMissing) as missing:
        read(tmp_path, "digits", fingerprint)
    assert missing.value.there == (there,)


def test_damage_is_told_with_file_expected_and_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = keep(drawn(1), tmp_path), keep(drawn(2), tmp_path)
    file = tmp_path / ".splits" / "digits" / f"{one.fingerprint}.json"
    sound = file.read_bytes()
    for content, found in (
        (b"\xff" + sound, "a byte that is not, at 0"),
        (sound[:-3], "something else"),
        (encode(other).encode(), f"the split {other.fingerprint}"),
    ):
        file.write_bytes(content)
        with pytest.raises(SplitDamaged, match="import its file again") as damage:
            read(tmp_path, "digits", one.fingerprint)
        assert damage.value.file == str(file)
        assert found in damage.value.found
    monkeypatch.setattr(split_folder, "MOST_BYTES", len(sound) - 1)
    file.write_bytes(sound)
    with pytest.raises(SplitDamaged, match=f"found {len(sound):,}"):
        read(tmp_path, "digits", one.fingerprint)


def test_nothing_is_left_of_a_split_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_file, "MOST_BYTES", 100)
    with pytest.raises(ValueError, match="list fewer images"):
        keep(drawn(), tmp_path)
    assert not (tmp_path / ".splits").exists()


def test_digests_of_pixels_are_those_of_each_image() -> None:
    images = load().train_images
    for part in (images, images[::-1, :, ::2], np.zeros((2, 0, 4), np.uint8), images[:0]):
        assert pixel_digests(part) == numbered("x", part, np.zeros(len(part), np.int32)).digests
        assert len(pixel_digests(part)) == len(part)
    assert pixel_digests(images) == DIGITS.train.digests
    assert pixel_digests(images[::-1]) == DIGITS.train.digests[::-1]
