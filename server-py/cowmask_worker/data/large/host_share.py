"""Which part of every batch of the whole run a host makes."""

from typing import NamedTuple


class Host(NamedTuple):
    """Host `number` (from 0) of `hosts`."""

    number: int = 0
    hosts: int = 1


def share(batch: int, host: Host) -> range:
    """The rows of a batch that are the host's: one of equal parts, in the hosts' order.

    Raises `ValueError` if the batch can't be divided so, or if there is no such host.
    """
    number, hosts = host
    if not 0 <= number < hosts:
        raise ValueError(f"There is no host {number} among {hosts}, counted from 0.")
    if batch % hosts:
        raise ValueError(f"A batch of {batch} images can't be divided among {hosts} hosts.")
    rows = batch // hosts
    return range(number * rows, (number + 1) * rows)
