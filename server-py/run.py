"""What the SDK starts with `python -I`, which leaves this folder off the module path: it is put there here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cowmask_worker.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
