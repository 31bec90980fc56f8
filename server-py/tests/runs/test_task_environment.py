import pytest

from cowmask_worker.runs.task_environment import task_environment


@pytest.mark.parametrize(
    ("chosen", "tunables"),
    [
        ({}, "glibc.malloc.hugetlb=1"),
        ({"GLIBC_TUNABLES": ""}, "glibc.malloc.hugetlb=1"),
        ({"GLIBC_TUNABLES": "glibc.malloc.check=3"}, "glibc.malloc.check=3:glibc.malloc.hugetlb=1"),
        ({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}, "glibc.malloc.hugetlb=0"),
    ],
)
def test_large_pages_are_asked_for_unless_the_user_has_chosen(chosen: dict[str, str], tunables: str) -> None:
    assert task_environment("default", {"PATH": "/bin", **chosen}) == {"PATH": "/bin", "GLIBC_TUNABLES": tunables}


def test_a_task_for_the_cpu_gets_no_other_device() -> None:
    assert task_environment("cpu", {"JAX_PLATFORMS": "cuda"})["JAX_PLATFORMS"] == "cpu"
    assert task_environment("default", {"JAX_PLATFORMS": "cuda"})["JAX_PLATFORMS"] == "cuda"
