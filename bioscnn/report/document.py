"""A document with a part that is written from results."""

from __future__ import annotations

from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.files import read_text, write_atomically


class Document:
    """A document with a part that a command writes, between two markers.

    Parameters
    ----------
    path : Path
        The document.
    name : str
        Name of the part, which the markers carry.

    Raises
    ------
    UserError
        If the file cannot be read, or has not each marker once and in order.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.begin, self.end = (f"<!-- benchmark {name}: {word} -->" for word in ("begin", "end"))
        try:
            self._text = read_text(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise UserError(f"the document cannot be read: {reason}", file=path, key="--docs") from None
        counts = self._text.count(self.begin), self._text.count(self.end)
        if counts != (1, 1) or self._text.index(self.begin) > self._text.index(self.end):
            raise UserError(
                "the document has no place for the tables", file=path, key="--docs",
                expected=f"the lines {self.begin} and {self.end}, once each", fix="add the two lines",
            )  # fmt: skip

    def write(self, content: str) -> None:
        """Replace what lies between the markers.

        Raises
        ------
        UserError
            If the file cannot be written.
        """
        before, after = self._text.split(self.begin)[0], self._text.split(self.end)[1]
        whole = f"{before}{self.begin}\n\n{content.strip()}\n\n{self.end}{after}"
        write_atomically(self.path, whole.encode())
