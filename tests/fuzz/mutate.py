"""Small changes of bytes, and of trees of values as JSON and TOML have them."""

from __future__ import annotations

import copy
import json
import pickle
import re
import tomllib
from functools import lru_cache
from random import Random
from typing import Any

INTEGERS = (0, 1, -1, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63))
NASTY = (
    "", "x", "nan", "-1 ms", "1e400 s", "\0", "a\nb", "\ud800", "\u202e", "\N{CYRILLIC SMALL LETTER A}",
    "../../outside/secret", "/etc/hostname", "~root", "a" * 5000, "<script>document.title='ran'</script>",
    "{{ 7 * 7 }}{% raw %}", "'\"><img src=x onerror=alert(1)>", "$(touch CODE_RAN)", "`touch CODE_RAN`",
    "; touch CODE_RAN #", "x\u2028__import__('os').system('touch CODE_RAN')", "x\r__import__('os')",
    "*/ system(\"touch CODE_RAN\"); /*", "__class__", "V\N{LATIN SMALL LETTER LONG S}", "%s%n", "=1+1",
)  # fmt: skip
STRANGE: tuple[Any, ...] = (
    None, True, *INTEGERS, 0.5, -1e308, 1e-300, float("nan"), float("inf"), 10**50, *NASTY, [], {}, [[1]],
    ["a", "b"], {"a": 1}, [0] * 300,
)  # fmt: skip


REPEATED = 0.03
"""How often a change is that some words are repeated without end."""
LONGEST = 300_000
TOKEN = re.compile(rb"\w+|\s+|[^\w\s]+")
TOKENS = (b" ", b"1", b"a", b"-", b"(", b"[", b"{", b"\n", b"1 ", b"a.", b"-(", b"V*", b"<!--= ", b"<!--/-->")


def repeat_words(content: bytes, rng: Random) -> bytes:
    """Repeat one to eight words of a text in their place, or another, 10,000 or 100,000 times, to 300 kB."""
    words = list(TOKEN.finditer(content))
    at, token = rng.randrange(len(content) + 1), rng.choice(TOKENS)
    if words and rng.random() < 0.7:
        first = rng.randrange(len(words))
        last = min(len(words) - 1, first + rng.choice((0, 0, 1, 2, 7)))
        at, token = words[first].start(), content[words[first].start() : words[last].end()]
    return content[:at] + token * min(rng.choice((10**4, 10**5)), LONGEST // len(token)) + content[at:]


def mutate_bytes(content: bytes, rng: Random) -> bytes:
    """Flip, overwrite, cut, repeat or insert some bytes, one to four times."""
    if rng.random() < REPEATED:
        return repeat_words(content, rng)
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(data)) if data else 0
        if rng.random() < 0.3:  # headers decide most
            at = min(at, rng.randrange(64))
        end = min(len(data), at + rng.choice((1, 2, 4, 16, 256)))
        match rng.randrange(8):
            case 0 if data:
                data[at] ^= 1 << rng.randrange(8)
            case 1 if data:
                data[at] = rng.choice((0, 1, 9, 32, 127, 128, 255, rng.randrange(256)))
            case 2:
                size = rng.choice((2, 4, 8))
                number = rng.choice(INTEGERS) % 2 ** (8 * size)
                data[at : at + size] = number.to_bytes(size, rng.choice(("big", "little")))
            case 3:
                del data[at:end]
            case 4:
                data[at:at] = data[at:end] * rng.choice((1, 2, 40))
            case 5:
                del data[at:]
            case 6:
                data[at:at] = rng.randbytes(end - at)
            case _:
                data[at:at] = rng.choice(NASTY).encode("utf-8", "surrogatepass")
    return bytes(data)


def mutate_tree(tree: Any, rng: Random) -> Any:
    """Take away, replace, rename, repeat or nest a few values of a tree, which is changed itself."""
    holder = [tree]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        every = list(_places(holder))
        texts = [(of, key) for of, key in every if isinstance(of[key], str)]
        if texts and rng.random() < REPEATED:
            of, key = rng.choice(texts)
            text = of[key].encode("utf-8", "surrogatepass")
            of[key] = repeat_words(text, rng).decode("utf-8", "surrogatepass")
            continue
        of, key = rng.choice(every[1:] or every)
        old = of[key]
        match rng.randrange(8):
            case 0 if of is not holder:
                del of[key]
            case 1 if isinstance(of, dict):
                of[rng.choice((*NASTY, f"{key}s", key.upper(), key.replace("a", "\u0430")))] = of.pop(key)
            case 2 if isinstance(old, int | float) and not isinstance(old, bool):
                of[key] = rng.choice(
                    (-old, old * 10**6, old + 1, old - 1, old / 7 if abs(old) < 1e300 else 0)
                )
            case 3 if isinstance(old, str):
                at = rng.randrange(len(old) + 1)
                of[key] = old[:at] + rng.choice(NASTY) + old[at:]
            case 4:
                of[key] = copy.deepcopy((lambda place: place[0][place[1]])(rng.choice(every)))
            case 5 if rng.random() < 0.2:
                for _ in range(rng.choice((3, 100, 1500))):
                    of[key] = [of[key]] if rng.random() < 0.5 else {"a": of[key]}
            case 6 if isinstance(old, list) and old:
                of[key] = rng.choice((old * 2, old[:-1], old[::-1], old[:1] * 50))
            case _:
                of[key] = copy.deepcopy(rng.choice(STRANGE))
    return holder[0]


def _places(tree: Any) -> Any:
    """Yield each place of a tree: what holds it, and its key there."""
    waiting = [tree]
    while waiting:
        of = waiting.pop()
        for key, value in list(of.items() if isinstance(of, dict) else enumerate(of)):
            yield of, key
            if isinstance(value, dict | list):
                waiting.append(value)


def mutate_json(content: bytes, rng: Random) -> bytes:
    """Change the values of a JSON file, or its bytes."""
    if rng.random() < 0.1:
        return mutate_bytes(content, rng)
    try:
        return json.dumps(mutate_tree(json.loads(content), rng)).encode()
    except (ValueError, RecursionError):
        return mutate_bytes(content, rng)


@lru_cache(128)
def _tables(content: bytes) -> bytes:
    """Return the tables of one of the few valid inputs, pickled: read once, and quickly copied."""
    return pickle.dumps(tomllib.loads(content.decode()))


def mutate_toml(content: bytes, rng: Random) -> bytes:
    """Change the values of a TOML file, or its bytes; tomllib needs long for keys of very many points."""
    if rng.random() < 0.2 or content.count(b".") > 10_000:
        return mutate_bytes(content, rng)
    try:
        tables = mutate_tree(pickle.loads(_tables(content)), rng)
        rows = [f"{json.dumps(key)} = {_toml(value)}\n" for key, value in dict(tables).items()]
        return "".join(rows).encode("utf-8", "surrogatepass")
    except (ValueError, TypeError, RecursionError):
        return mutate_bytes(content, rng)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, default=str)


def mutate_lines(content: bytes, rng: Random) -> bytes:
    """Change a cell of a table, a row, or some bytes."""
    if rng.random() < REPEATED:
        return repeat_words(content, rng)
    lines = content.split(b"\n")
    at = rng.randrange(len(lines))
    match rng.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[rng.randrange(len(lines))])
        case 2 | 3:
            cells = lines[at].split(b",")
            value = rng.choice(STRANGE)
            cells[rng.randrange(len(cells))] = str(value).encode("utf-8", "surrogatepass")
            lines[at] = b",".join(cells)
        case _:
            return mutate_bytes(content, rng)
    return b"\n".join(lines)
