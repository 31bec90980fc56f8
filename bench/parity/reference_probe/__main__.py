"""Runs the authors' JAX code of CowMask on fresh inputs and writes what it gives, in the layout of test/parity.

    python bench/parity/reference_probe --reference DIR --out DIR --seed N [--quick] [--golden] [--layout DIR]

It runs in an old interpreter of its own (docs/parity.md says which) and imports nothing of CowMask's. Progress goes to
standard error; standard output gets one line of JSON: versions, or, with exit code 3, why the code cannot be run.
"""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

from environment import NoReferenceError, load_reference, reference_folder, versions

CANNOT_RUN = 3
RECORDED = Path(__file__).resolve().parents[3] / "test" / "parity"


def parse(arguments):
    parser = argparse.ArgumentParser(prog="reference_probe", description="Fresh vectors from the authors' code.")
    parser.add_argument("--reference", type=Path, required=True, help="holds milking_cowmask, or is it")
    parser.add_argument("--out", type=Path, required=True, help="gets manifest.json, times.json and the npz files")
    parser.add_argument("--seed", type=int, default=0, help="all inputs follow from it")
    parser.add_argument("--quick", action="store_true", help="no ResNet-50, no steps of a wide ResNet, no large timing")
    parser.add_argument("--golden", action="store_true", help="the recorded vectors' own inputs instead of fresh ones")
    parser.add_argument("--layout", type=Path, default=RECORDED, help="recorded vectors whose cases are followed")
    return parser.parse_args(arguments)


def parts(quick):
    """Name and function of each part; imported late, because they need jax."""
    import networks
    import pure
    import training

    def of(name):
        return lambda *given: networks.add_network(*given, name)

    chosen = [
        ("CowMasks", pure.add_cow_masks),
        ("box masks", pure.add_box_masks),
        ("regularizers", pure.add_regularizers),
        ("schedules", pure.add_schedules),
        ("losses", pure.add_losses),
        ("shake-shake and ShakeDrop", pure.add_shaking),
        ("22 scenarios of the training step", training.add_probe),
        ("WRN-28-2", of("wrn26_2")),
        ("WRN-28-2 with shake-shake", of("wrn26_2_shakeshake")),
    ]
    if not quick:
        chosen += [("ResNet-50", of("resnet50")), ("5 training steps of WRN-28-2", training.add_wide_resnet)]
    return chosen


def write(options):
    """Runs every part and returns the versions that ran it."""
    reference = load_reference(options.reference)
    from inputs import Inputs, Layout
    from output import Output

    inputs = Inputs(Layout(options.layout), options.seed, options.golden)
    output = Output(options.out)
    for name, add in parts(options.quick):
        start = time.perf_counter()
        add(reference, inputs, output)
        progress(f"{name}: {time.perf_counter() - start:.1f} s")
    output.add_json("times.json", times(reference, options.quick))
    ran = versions()
    output.finish(facts(options, inputs, ran))
    return ran


def times(reference, quick):
    from pure import time_masks

    sizes = [(256, 32, (4.0, 16.0), 5)] + ([] if quick else [(32, 224, (16.0, 128.0), 2)])
    timed = []
    for size in sizes:
        timed.append(time_masks(reference, *size))
        progress(f"{timed[-1]['name']}: {timed[-1]['seconds']:.3f} s")
    return timed


def facts(options, inputs, ran):
    step = (reference_folder(options.reference) / "train_semisup.py").read_bytes()
    told = "the recorded inputs" if options.golden else f"fresh inputs of seed {options.seed}"
    return {
        "title": f"numbers of the CowMask reference (google-research, milking_cowmask) on {told}",
        "source": f"train_semisup.py with SHA-256 {hashlib.sha256(step).hexdigest()}",
        "environment": {
            **ran,
            "backend": "CPU, float32, one device under pmap",
            "prng": "threefry2x32, jax_threefry_partitionable False (set it to False to reproduce the streams)",
        },
        "conventions": inputs.layout.manifest["conventions"],
    }


def progress(line):
    print(line, file=sys.stderr, flush=True)


def main():
    options = parse(sys.argv[1:])
    try:
        print(json.dumps(write(options)))
    except NoReferenceError as error:
        print(json.dumps({"error": str(error), "hint": error.hint}))
        sys.exit(CANNOT_RUN)


if __name__ == "__main__":
    main()
