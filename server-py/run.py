"""What the SDK starts with `python -I`, which leaves this folder off the module path: it is put there here."""

import sys
from pathlib import Path

# Said here, in words that any Python 3 reads, because an older one stumbles over the package's syntax.
if sys.version_info < (3, 12):  # noqa: UP036
    sys.exit("%s is Python %s; the worker needs 3.12 or newer." % (sys.executable, sys.version.split()[0]))  # noqa: UP031

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cowmask_worker.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
