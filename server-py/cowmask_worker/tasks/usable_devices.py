"""The devices that jax finds and that compute."""

from typing import Any

import jax

from cowmask_worker.runs.refusal import refusal


def usable_devices() -> list[Any]:
    """Raises `Refusal`, `DEVICE_UNUSABLE`. Each device has to compute something: a driver may list one that fails."""
    try:
        devices = jax.local_devices()
        for device in devices:
            (jax.device_put(1.0, device) + 1).block_until_ready()
    except Exception as error:  # every platform has errors of its own
        told = str(error).strip().partition("\n")[0] or f"jax answers with {type(error).__name__}"
        raise refusal(
            "DEVICE_UNUSABLE",
            f"No device computes: {told}",
            "Check the device's driver, and that the worker's environment is made for it "
            "(`npx cowmask doctor`); JAX_PLATFORMS=cpu does without.",
        ) from error
    return devices
