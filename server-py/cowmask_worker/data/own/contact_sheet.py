"""A picture of a dataset: some images of every class, a row a class, the unlabeled ones in a last row."""

import contextlib
import io
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cowmask_worker.data.image_file import Unreadable
from cowmask_worker.data.own.inspection import Found, Report
from cowmask_worker.data.own.taken import Form

COLUMNS = 8
MOST_ROWS = 100
"""Of classes; a sheet stays below 16 MiB whatever the images show."""

_EDGE = 64
_GAP = 4
_MARGIN = 180
_LINE = 18
_BACKGROUND, _INK, _FAINT = (255, 255, 255), (20, 20, 20), (120, 120, 120)
_FONTS, _FONT_SIZE = ("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "Arial.ttf"), 13
# A character that no font has: what is drawn for it is drawn for all that are missing.
_MISSING = "\uffff"

type _Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Row(NamedTuple):
    """`images` are uint8 [height, width, channels] each."""

    title: str
    subtitle: str
    images: Sequence[NDArray[np.uint8]]


def contact_sheet(found: Found, report: Report) -> bytes:
    """A PNG of the images as they would be trained on, but not augmented. Empty where there is no image."""
    if report.decision is None:
        return b""
    form = report.decision.form
    shown = [each for each in report.classes if each.labeled or each.validation or each.test]
    places = _places(found, {each.name for each in shown[:MOST_ROWS]})
    rows = [
        Row(each.name, f"{each.labeled:,} labeled", _pictures(found, places[each.name], form))
        for each in shown[:MOST_ROWS]
    ]
    if report.unlabeled:
        rows.append(Row("unlabeled", f"{report.unlabeled:,} images", _pictures(found, places[None], form)))
    left_out = len(shown) - MOST_ROWS
    return drawn(rows, f"and {left_out:,} more classes" if left_out > 0 else "")


def drawn(rows: Sequence[Row], note: str = "") -> bytes:
    """The rows as a PNG, with a note below them. Images fit into squares of 64 pixels; small ones are enlarged by a
    whole factor."""
    height = _GAP + len(rows) * (_EDGE + _GAP) + (_LINE + _GAP if note else 0)
    sheet = Image.new("RGB", (_MARGIN + COLUMNS * (_EDGE + _GAP), height), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for number, row in enumerate(rows):
        top = _GAP + number * (_EDGE + _GAP)
        draw.text((_GAP, top + _EDGE // 2 - _LINE), fitted(row.title, _MARGIN - 2 * _GAP), _INK, _font())
        draw.text((_GAP, top + _EDGE // 2), row.subtitle, _FAINT, _font())
        for column, image in enumerate(row.images[:COLUMNS]):
            thumbnail = _thumbnail(image)
            left = _MARGIN + column * (_EDGE + _GAP) + (_EDGE - thumbnail.width) // 2
            sheet.paste(thumbnail, (left, top + (_EDGE - thumbnail.height) // 2))
    if note:
        draw.text((_GAP, height - _LINE - _GAP), note, _FAINT, _font())
    written = io.BytesIO()
    sheet.save(written, "PNG")
    return written.getvalue()


def fitted(name: str, width: int) -> str:
    """A name that can be drawn within so many pixels: what the font lacks is escaped, what is too long cut."""
    text = "".join(map(_drawable, name)).strip() or repr(name)
    if _font().getlength(text) <= width:
        return text
    while text and _font().getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."


def _drawable(character: str) -> str:
    if character == " ":
        return character
    known = character.isprintable() and not character.isspace() and _glyph(character) != _glyph(_MISSING)
    return character if known else character.encode("unicode_escape").decode()


@cache
def _font() -> _Font:
    """One that has more than English letters, where the machine has it."""
    for name in _FONTS:
        with contextlib.suppress(OSError):
            return ImageFont.truetype(name, _FONT_SIZE)
    return ImageFont.load_default(_FONT_SIZE)


@cache
def _glyph(character: str) -> bytes:
    drawn = Image.new("L", (2 * _LINE, 2 * _LINE))
    ImageDraw.Draw(drawn).text((0, 0), character, 255, _font())
    return drawn.tobytes()


def _thumbnail(image: NDArray[np.uint8]) -> Image.Image:
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("RGB")
    factor = _EDGE // max(picture.size)
    if factor > 1:
        return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    picture.thumbnail((_EDGE, _EDGE))
    return picture


def _places(found: Found, classes: set[str]) -> defaultdict[str | None, list[int]]:
    """Entries of each class and of none, those of training first."""
    training: defaultdict[str | None, list[int]] = defaultdict(list)
    others: defaultdict[str | None, list[int]] = defaultdict(list)
    for index, entry in enumerate(found.entries):
        if entry.label is None or entry.label in classes:
            (training if entry.split == "train" else others)[entry.label].append(index)
    for label, indices in others.items():
        training[label] = training[label] or indices
    return training


def _pictures(found: Found, indices: Sequence[int], form: Form) -> list[NDArray[np.uint8]]:
    """Of images spread evenly over those there are."""
    if not indices:
        return []
    pictures: list[NDArray[np.uint8]] = []
    for place in dict.fromkeys(np.linspace(0, len(indices) - 1, COLUMNS).astype(int).tolist()):
        # One that has changed since it was counted is left out.
        with contextlib.suppress(Unreadable):
            pictures.append(found.picture(indices[place], form))
    return pictures
