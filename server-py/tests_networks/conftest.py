"""Full-size networks: minutes each, so they stand outside of `tests`. `npm run test:networks` runs them."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
