import json
import math
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from hypothesis import given, settings
from hypothesis import strategies as st
from script_config import MESSAGES, from_script

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask.v1 import masks_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.models.resnet import STAGES
from cowmask_worker.runs.refusal import Refusal, Violation
from cowmask_worker.runs.resolve import resolve_experiment
from cowmask_worker.service.library import Library
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.options import AUTO, OptionsTable
from cowmask_worker.service.rules import RESNET_DEPTHS
from cowmask_worker.service.validation import Validation

ROOT = Path(__file__).parents[3]
TABLE = OptionsTable.read(ROOT / "proto" / "cowmask" / "v1" / "options.json")
LIBRARY = Library(Path("nowhere"))
VALIDATION = Validation(TABLE, Limits(), LIBRARY)
CHECKED = (
    "ExperimentConfig",
    "GenerateRequest",
    "MixOptions",
    "EraseOptions",
    "DatasetImportOptions",
    "SplitOptions",
    "SplitImportOptions",
    "InspectOptions",
)


def number(value: dict[str, Any]) -> Any:
    return float(value["$number"].replace("Infinity", "inf")) if "$number" in value else value


CASES = json.loads((ROOT / "test" / "contract" / "config-cases.json").read_text(), object_hook=number)


def told(violations: list[Violation]) -> list[tuple[str, str | None, str]]:
    return sorted((each.path, each.rule, each.nearest) for each in violations)


def test_the_allowed_depths_are_those_that_a_resnet_can_have() -> None:
    assert tuple(STAGES) == RESNET_DEPTHS


@pytest.mark.parametrize("case", [each for each in CASES if each["where"] != "sdk"], ids=lambda case: case["name"])
def test_w1_the_worker_judges_the_shared_cases(case: dict[str, Any]) -> None:
    _, violations = VALIDATION.check(from_script(case["message"], case["config"]))
    expected = [(each["path"], each["rule"], each.get("nearest", "")) for each in case["violations"]]
    assert told(violations) == sorted(expected)
    for each in violations:
        assert each.reason.startswith(("must be ", "is required: "))


NETWORKS = json.loads((ROOT / "proto" / "cowmask" / "v1" / "options.json").read_text())["networks"]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_authors_networks_may_be_asked_for(name: str) -> None:
    model = json_format.ParseDict(NETWORKS[name], config_pb2.ModelConfig())
    asked = config_pb2.ExperimentConfig(dataset=config_pb2.DatasetConfig(name="imagenet"), model=model)
    filled, violations = VALIDATION.check(asked)
    assert violations == []
    assert filled.model == model, "nothing of the network is left to a default"


@pytest.mark.parametrize("model", ["wide_resnet", "shake_shake", "pyramidnet", "resnet", "resnext"])
def test_a_network_by_its_name_alone_is_complete(model: str) -> None:
    asked = from_script("ExperimentConfig", {"dataset": {"name": "digits"}, "model": {"name": model}})
    assert isinstance(asked, config_pb2.ExperimentConfig)
    resolved = resolve_experiment(VALIDATION.checked(asked), CATALOG["digits"])
    assert resolved.model.WhichOneof("name") == model
    assert gaps(resolved.model) == []


def test_defaults_are_those_of_the_table() -> None:
    for name in CHECKED:
        for line in TABLE.of(name).values():
            assert (line.default is None) == line.required, line.path
    filled = VALIDATION.checked(from_script("ExperimentConfig", {"dataset": {"name": "digits"}}))
    assert isinstance(filled, config_pb2.ExperimentConfig)
    assert filled.model.wide_resnet.depth == 28
    assert filled.mix.cowmix.weight == 30
    assert (filled.mix.cowmix.proportion.low, filled.mix.cowmix.proportion.high) == (0.2, 0.8)
    assert filled.perturb.WhichOneof("kind") == "none"
    assert [(each.at, each.factor) for each in filled.schedule.stepped.boundaries] == [(0.4, 0.2), (0.8, 0.04)]
    assert not filled.mix.cowmix.HasField("sigma"), "auto is for the resolver"


@pytest.mark.parametrize("perturb", ["none", "mean_teacher", "cutout", "cowout"])
@pytest.mark.parametrize("mix", ["none", "cowmix", "cutmix", "ict"])
@pytest.mark.parametrize("schedule", ["constant", "stepped", "cosine"])
def test_a_resolved_config_has_no_gap_and_may_be_asked_for_again(perturb: str, mix: str, schedule: str) -> None:
    config = {"perturb": {"kind": perturb}, "mix": {"kind": mix}, "schedule": {"kind": schedule}}
    asked = from_script("ExperimentConfig", {"dataset": {"name": "digits"}, **config})
    assert isinstance(asked, config_pb2.ExperimentConfig)
    resolved = resolve_experiment(VALIDATION.checked(asked), CATALOG["digits"])
    assert gaps(resolved) == ["epochs"]
    again = resolve_experiment(VALIDATION.checked(resolved), CATALOG["digits"])
    assert again == resolved


def gaps(message: Message) -> list[str]:
    """Fields without a value, but for the cases that were not chosen."""
    found: list[str] = []
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        other_case = oneof is not None and len(oneof.fields) > 1
        if field.is_repeated:
            continue
        if not message.HasField(field.name):
            found += [] if other_case else [field.name]
        elif field.message_type is not None:
            found += gaps(getattr(message, field.name))
    return found


@pytest.mark.parametrize("name", CHECKED)
def test_the_table_knows_every_field_of_the_messages(name: str) -> None:
    """And no other: walking a message with every case chosen in turn asks for exactly the table's lines."""

    def paths(descriptor: Any, path: str) -> set[str]:
        found: set[str] = set()
        for field in descriptor.fields:
            here = f"{path}.{field.name}" if path else field.name
            oneof = field.containing_oneof
            if oneof is not None and oneof.name != f"_{field.name}":
                found |= {path} | paths(field.message_type, here)
            elif field.message_type is None or field.message_type.name in ("Range", "Boundary"):
                found.add(here)
            else:
                found |= paths(field.message_type, here)
        return found

    assert paths(MESSAGES[name].DESCRIPTOR, "") == set(TABLE.of(name))


def test_nothing_is_changed_in_the_message_that_was_sent() -> None:
    asked = from_script("ExperimentConfig", {"dataset": {"name": "digits"}})
    before = asked.SerializeToString()
    VALIDATION.checked(asked)
    assert asked.SerializeToString() == before


@pytest.mark.parametrize(
    ("bytes_", "path"),
    [
        (b"\xf8\x07\x01", ""),  # field 127 of the config
        (b"\x0a\x05\xf8\x07\x01\x10\x28", "dataset"),
        (b"\x22\x03\xfa\x07\x00", "mix"),  # a case that this worker does not know
        (b"\x22\x09\x12\x07\x2a\x05\xf8\x07\x01\x10\x01", "mix.sigma"),
    ],
)
def test_w1_a_field_of_a_newer_client_is_refused_not_dropped(bytes_: bytes, path: str) -> None:
    message = config_pb2.ExperimentConfig.FromString(bytes_)
    _, violations = VALIDATION.check(message)
    unknown = [each for each in violations if "field number 127" in each.reason]
    assert [each.path for each in unknown] == [path]
    if path == "mix":
        assert {each.path for each in violations} == {"mix", "dataset.name"}, "the case is not guessed"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_only_finite_numbers_pass(value: float) -> None:
    for name in CHECKED:
        for line in TABLE.of(name).values():
            if line.type in ("double", "Range"):
                assert not line.bounds.contain(value)


def test_options_without_end_are_refused_before_each_is_looked_at() -> None:
    message = config_pb2.ExperimentConfig.FromString(b"\xf8\x07\x01" * 50_000)
    _, violations = VALIDATION.check(message)
    assert [each.reason for each in violations] == ["must be 131,072 bytes of options at most; got 150,000"]


def test_half_a_range_is_told() -> None:
    request = masks_pb2.GenerateRequest(count=1, height=8, width=8)
    request.cow.sigma.low = 2
    _, violations = VALIDATION.check(request)
    assert [each.path for each in violations] == ["sigma"]
    assert "one end is missing" in violations[0].reason


def test_long_words_are_cut_in_the_reason() -> None:
    request = masks_pb2.GenerateRequest(count=1, height=8, width=8, stream="x" * 100_000)
    request.box.SetInParent()
    _, violations = VALIDATION.check(request)
    assert [each.path for each in violations] == ["stream"]
    assert len(violations[0].reason) < 200


def test_w2_the_limit_of_elements_may_be_lowered() -> None:
    request = masks_pb2.GenerateRequest(count=2, height=8, width=8)
    request.box.SetInParent()
    assert Validation(TABLE, Limits(tensor_elements=128), LIBRARY).check(request)[1] == []
    violations = Validation(TABLE, Limits(tensor_elements=127), LIBRARY).check(request)[1]
    assert [each.rule for each in violations] == ["tensor_elements"]


@pytest.mark.parametrize("wanted", [{"tensors": 1}, {"chunk_bytes": 0}, {"chunk_bytes": 2**30}, {"chunk_bytes": True}])
def test_w2_limits_are_only_lowered_and_only_those_there_are(wanted: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wanted))):
        Limits.lowered(wanted)


doubles = st.floats(width=64) | st.sampled_from([0.0, 0.25, 1.0, 4.0])
uints = st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 8, 10, 16, 28])


def messages(kind: type[Message]) -> st.SearchStrategy[Message]:
    """Any message of this type, each field there or not."""

    @st.composite
    def draw_message(draw: st.DrawFn) -> Message:
        message = kind()
        fill(draw, message)
        return message

    def fill(draw: st.DrawFn, message: Message) -> None:
        for field in message.DESCRIPTOR.fields:
            if not draw(st.booleans()):
                continue
            if field.is_repeated:
                for _ in range(draw(st.integers(1, 3))):
                    fill(draw, getattr(message, field.name).add())
            elif field.message_type is not None:
                inner = getattr(message, field.name)
                inner.SetInParent()
                fill(draw, inner)
            elif field.type == field.TYPE_STRING:
                setattr(message, field.name, draw(st.text(max_size=9) | st.sampled_from(["digits", "fixed"])))
            elif field.type == field.TYPE_BOOL:
                setattr(message, field.name, draw(st.booleans()))
            else:
                setattr(message, field.name, draw(doubles if field.type == field.TYPE_DOUBLE else uints))

    return draw_message()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(CHECKED).flatmap(lambda name: messages(MESSAGES[name])))
def test_w1_any_message_passes_complete_or_is_refused_with_paths(message: Message) -> None:
    filled, violations = VALIDATION.check(message)
    if violations:
        with pytest.raises(Refusal) as refused:
            VALIDATION.checked(message)
        assert refused.value.failure.code == "INVALID_OPTION"
        assert [each.reason for each in refused.value.violations] == [each.reason for each in violations]
        return
    for name, line in TABLE.of(message.DESCRIPTOR.name).items():
        if line.type in ("uint32", "double", "bool", "string") and line.default != AUTO:
            *way, last = name.split(".")
            holder: Any = filled
            for step in way:
                holder = getattr(holder, step) if holder.HasField(step) else None
                if holder is None:
                    break
            assert holder is None or holder.HasField(last), name
    if isinstance(filled, config_pb2.ExperimentConfig):
        assert VALIDATION.check(resolve_experiment(filled, CATALOG["digits"]))[1] == []


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CHECKED), st.binary(max_size=60))
def test_w1_any_bytes_that_parse_are_judged(name: str, content: bytes) -> None:
    try:
        message = MESSAGES[name].FromString(content)
    except DecodeError:
        return
    VALIDATION.check(message)
