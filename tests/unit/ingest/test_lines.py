"""Lines of a growing stream: numbers, places, limits; nothing is lost between two reads."""

from __future__ import annotations

from presswatch.ingest.lines import CHUNK_BYTES, KEPT_BYTES, Line, LineReader


class Stream:
    """Gives what was put in, in the pieces in which it was put in."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def read(self, most: int) -> bytes:
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if len(piece) > most:
            self.pieces.insert(0, piece[most:])
        return piece[:most]


def reader(*pieces: bytes, limit: int = 100, position: int = 0, line: int = 0) -> tuple[LineReader, Stream]:
    stream = Stream(*pieces)
    return LineReader(stream.read, limit, position=position, line=line), stream


def test_lines_have_numbers_and_places() -> None:
    lines, _ = reader(b"one\n\ntw", b"o\nthree")
    assert lines.take(10, 1000) == [
        Line(1, 0, 4, b"one", 3, too_long=False),
        Line(2, 4, 5, b"", 0, too_long=False),
        Line(3, 5, 9, b"two", 3, too_long=False),
    ]
    assert lines.rest() == Line(4, 9, 14, b"three", 5, too_long=False, open=True)
    assert lines.rest() is None


def test_counting_goes_on_from_where_it_was() -> None:
    lines, _ = reader(b"x\n", position=50, line=7)
    assert lines.take(10, 1000) == [Line(8, 50, 52, b"x", 1, too_long=False)]


def test_a_line_may_come_in_pieces_over_several_reads() -> None:
    lines, stream = reader(b"ab")
    assert lines.take(10, 1000) == []
    stream.pieces.append(b"cd\ne")
    assert [line.content for line in lines.take(10, 1000)] == [b"abcd"]


def test_an_overlong_line_is_cut_and_the_next_one_is_whole() -> None:
    long = b"x" * (CHUNK_BYTES * 3)
    lines, _ = reader(long + b"\nnext\n", limit=CHUNK_BYTES)
    found = []
    while batch := lines.take(10, 10_000_000):
        found += batch
    cut, after = found
    assert (cut.too_long, cut.size, len(cut.content)) == (True, len(long), KEPT_BYTES)
    assert (after.content, after.number, after.start) == (b"next", 2, len(long) + 1)


def test_a_line_of_exactly_the_limit_is_not_too_long() -> None:
    lines, _ = reader(b"x" * 100 + b"\n" + b"x" * 101 + b"\n")
    assert [line.too_long for line in lines.take(10, 1000)] == [False, True]


def test_batches_end_at_a_number_of_lines_or_bytes() -> None:
    lines, _ = reader(*(b"line\n" for _ in range(10)))
    assert len(lines.take(3, 1000)) == 3
    assert len(lines.take(100, 12)) == 3
    assert len(lines.take(100, 1000)) == 4


def test_a_line_longer_than_a_batch_does_not_look_like_the_end() -> None:
    lines, _ = reader(*(b"x" * 10 for _ in range(5)), b"\n")
    assert (lines.take(10, 20), lines.dry) == ([], False)
    assert (lines.take(10, 20), lines.dry) == ([], False)
    assert [line.size for line in lines.take(10, 20)] == [50]
    assert (lines.take(10, 20), lines.dry) == ([], True)
