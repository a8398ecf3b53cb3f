"""Names and characters that may reach generated code or a file name: ASCII, and nothing hidden."""

from __future__ import annotations

import errno
import keyword
import re
import signal
import unicodedata

from bioscnn.errors import UserError

LONGEST = 64
"""Most characters of a name."""

_OTHER = re.compile(r"[^\t\n -~]")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")

_CPP = """
alignas alignof and_eq asm auto bitand bitor bool case catch char char8_t char16_t char32_t compl concept
const consteval constexpr constinit const_cast co_await co_return co_yield decltype default delete do double
dynamic_cast enum explicit export extern float friend goto inline int long mutable namespace new noexcept
not_eq nullptr operator or_eq private protected public register reinterpret_cast requires short signed
sizeof static static_assert static_cast struct switch template this thread_local throw true false typedef
typeid typename union unsigned using virtual void volatile wchar_t xor xor_eq assert errno linux main std
unix stdin stdout stderr offsetof alloca math_errhandling si_value EOF WEOF BUFSIZ FILENAME_MAX FOPEN_MAX
TMP_MAX NULL EXIT_FAILURE EXIT_SUCCESS HUGE_VAL INFINITY NAN RAND_MAX
"""
"""Keywords of C++, and what its headers define as macros."""

KEYWORDS = frozenset(
    [*keyword.kwlist, *_CPP.split(), *errno.errorcode.values(), *(name.name for name in signal.Signals)]
)
"""Words that are no names in Python or in C++."""

_MACRO = re.compile(
    r"(M|FP|FPE|INT|INT\d+|INTMAX|INTPTR|UINT|UINT\d+|LONG|LLONG|ULONG|ULLONG|SHRT|USHRT|CHAR|SCHAR|UCHAR|WCHAR"
    r"|SIZE|SSIZE|PTRDIFF|SEEK|CLOCK|PTHREAD|SCHED|SIG|LC|HUGE|MATH|ATOMIC)_[A-Z0-9_]+"
)
"""Constants of the headers of C and C++, such as ``M_PI``."""

_CONTROL = {
    "\0": "NULL", "\b": "BACKSPACE", "\v": "LINE TABULATION", "\f": "FORM FEED", "\r": "CARRIAGE RETURN",
    "\x1b": "ESCAPE", "\x7f": "DELETE", "\x85": "NEXT LINE",
}  # fmt: skip


def check_characters(text: str, key: str) -> None:
    """Refuse text with any character but printable ASCII, tabs and line feeds.

    Everything else is read in one way by Python, in another by Brian2 or C++, and in a third by the eye:
    other line separators end a comment for one of them, look-alike letters make two names out of one, and
    direction marks show code in an order that it does not have.

    Raises
    ------
    UserError
        Naming the key, the character and its line.

    Examples
    --------
    >>> check_characters("V > V_th # x\\u2028y", "threshold")
    Traceback (most recent call last):
    bioscnn.errors.UserError: the text holds a character that it may not: U+2028 LINE SEPARATOR
      key:      threshold
      value:    'V > V_th # x\\u2028y'
      expected: ASCII letters, digits and signs, spaces, tabs and line feeds
      fix:      type line 1 anew with a plain keyboard
    """
    if not isinstance(text, str):
        raise UserError("not a text", key=key, value=text, fix="write it between quotes")
    match = _OTHER.search(text)
    if match is not None:
        number, character = text.count("\n", 0, match.start()), match[0]
        name = unicodedata.name(character, _CONTROL.get(character, "CONTROL CHARACTER"))
        raise UserError(
            f"the text holds a character that it may not: U+{ord(character):04X} {name}",
            key=key,
            value=text.split("\n")[number],
            expected="ASCII letters, digits and signs, spaces, tabs and line feeds",
            fix=f"type line {number + 1} anew with a plain keyboard",
        )


def check_identifier(name: str, key: str) -> None:
    """Refuse what is no name in every language that a model is translated to.

    Raises
    ------
    UserError
        If a name is not of ASCII letters, digits and single underscores between them, begins with a digit or
        an underscore, is longer than `LONGEST`, or is a keyword of Python or C++.

    Examples
    --------
    >>> check_identifier("tau_m", "parameters")
    >>> check_identifier("double", "parameters")
    Traceback (most recent call last):
    bioscnn.errors.UserError: 'double' is a word of Python or C++
      key:      parameters
      value:    'double'
      fix:      choose another name
    """
    check_characters(name, key)
    if not (_IDENTIFIER.fullmatch(name) and len(name) <= LONGEST):
        raise UserError(
            "not a name that an equation can use",
            key=key,
            value=name,
            expected=f"a letter, then letters, digits and single underscores, at most {LONGEST} characters",
            fix="choose another name",
        )
    if name in KEYWORDS or _MACRO.fullmatch(name):
        raise UserError(
            f"{name!r} is a word of Python or C++", key=key, value=name, fix="choose another name"
        )
