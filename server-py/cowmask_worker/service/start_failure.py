"""Why a worker can not start."""


class StartFailure(Exception):  # noqa: N818
    def __init__(self, code: str, message: str, hint: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
