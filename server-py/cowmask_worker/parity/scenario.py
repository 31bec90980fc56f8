"""A recorded training step's options, as the launcher names them, turned into ours."""

from typing import Any, Literal

from cowmask_worker.models.functional import Apply
from cowmask_worker.parity.regularizers import mixing, perturbation
from cowmask_worker.parity.schedules import annealed, schedule
from cowmask_worker.training.schedules import Schedule, constant
from cowmask_worker.training.step import StepOptions

METRICS = (
    "labeled_loss",
    "labeled_error",
    "learning_rate",
    "perturb_loss",
    "perturb_confidence",
    "mix_loss",
    "mix_confidence",
)
"""Our names of the recorded metrics, in their order."""

SHARES = ("labeled_error", "perturb_confidence", "mix_confidence")
"""Those that count images, and so are equal or wrong."""

_OPTIONS = {
    "l2_reg": "l2",
    "weight_decay": "weight_decay",
    "cons_weight": "perturb_weight",
    "conf_thresh": "perturb_threshold",
    "conf_avg": "perturb_average",
    "mix_weight": "mix_weight",
    "mix_conf_thresh": "mix_threshold",
    "mix_conf_avg": "mix_average",
    "mix_logits": "mix_logits",
}
_SOURCES: dict[str, Literal["mixed_confidences", "mixed_probabilities"]] = {
    "mix_conf": "mixed_confidences",
    "mix_prob": "mixed_probabilities",
}

type Scenario = dict[str, Any]


def step_options(scenario: Scenario, apply: Apply) -> StepOptions:
    """`perturb` and `mix` of a scenario hold a name and the options of the regularizer."""
    perturb, mix, given = scenario["perturb"], scenario["mix"], scenario["options"]
    perturb_on, mix_on = perturb["name"] != "none", mix["name"] != "none"
    return StepOptions(
        apply=apply,
        learning_rate=_rate(*scenario["learning_rate"]),
        teacher_alpha=_alpha(*scenario["teacher_alpha"]),
        perturb=perturbation(perturb["name"], perturb) if perturb_on else None,
        # The recorded views differ, and the reference's perturbed student always sees the second one.
        perturb_augment_separately=True,
        mix=mixing(mix["name"], mix) if mix_on else None,
        # With both paths on, the reference's mixing path takes the first view's answers, whatever was asked for.
        mix_augment_separately=given.get("mix_aug_separately", False) and not perturb_on,
        mix_source=_SOURCES[given.get("mix_conf_mode", "mix_conf")],
        momentum=scenario["momentum"],
        nesterov=scenario["nesterov"],
        **{_OPTIONS[name]: value for name, value in given.items() if name in _OPTIONS},
    )


def _rate(kind: str, settings: Any) -> Schedule:
    return constant(settings) if kind == "constant" else schedule(kind, settings["base"], settings)


def _alpha(kind: str, settings: Any) -> Schedule:
    return constant(settings) if kind == "constant" else annealed(kind, settings)
