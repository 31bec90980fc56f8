"""Names of runs: safe as a folder's name, and long enough that nobody guesses one."""

import base64
import re
import secrets

_RANDOM_BYTES = 13
_CHARACTERS = 20
_PATTERN = re.compile(rf"run_[a-z2-7]{{{_CHARACTERS}}}")


def new_run_id() -> str:
    return "run_" + base64.b32encode(secrets.token_bytes(_RANDOM_BYTES)).decode().lower()[:_CHARACTERS]


def is_run_id(text: str) -> bool:
    return _PATTERN.fullmatch(text) is not None
