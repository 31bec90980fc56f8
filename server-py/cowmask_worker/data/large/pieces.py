"""How the rows of a batch are divided into pieces, each made at one place and at one time."""


def divided(rows: range, most: int) -> list[range]:
    """The rows, in order, in parts of at most `most` that differ by no more than one."""
    count = -(-len(rows) // most)
    return [rows[len(rows) * part // count : len(rows) * (part + 1) // count] for part in range(count)]
