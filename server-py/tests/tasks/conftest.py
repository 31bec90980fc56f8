"""Runs compute on one device, unless a test asks for more."""

from collections.abc import Iterator

import jax
import pytest

from cowmask_worker.tasks import train


@pytest.fixture(scope="session", autouse=True)
def one_device() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "usable_devices", lambda: jax.local_devices()[:1])
        yield
