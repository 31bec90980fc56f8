"""`run.py` must be readable to a Python that cannot read the rest."""

import ast
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).parents[1] / "run.py"


def test_an_older_python_is_told_what_it_lacks() -> None:
    ast.parse(RUN.read_text(), feature_version=(3, 7))
    pretend = "import runpy, sys; sys.version_info = (3, 11, 2); runpy.run_path(sys.argv[1])"
    ended = subprocess.run([sys.executable, "-I", "-c", pretend, str(RUN)], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.rstrip().endswith("; the worker needs 3.12 or newer.")
    assert sys.executable in ended.stderr
