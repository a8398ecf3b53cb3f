"""Pages of the docs that are made from the code: ``python docs/site/generated.py`` writes them.

Keys of a study come from its models, commands and options from the command line itself.
"""

from __future__ import annotations

import inspect
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer
from typer.main import get_command

from bioscnn.citations.references import references
from bioscnn.cli import app
from bioscnn.noise import NOISES
from bioscnn.report.terms import all_terms
from bioscnn.stdp.rule import RULES, rule_of
from bioscnn.studies.config.reference import Key, about, keys_of_a_study, keys_of_a_table

DOCS = Path(__file__).parents[1]

KEYS = """# Every key of a study

A study is a TOML file. Each table below is a table of that file. On the command line, `--set TABLE.KEY=VALUE`
changes a key. What is left out has its default. Quantities are text with a unit, such as `"2 ms"`; the unit
may have any prefix. `bioscnn new NAME` writes a study with the keys that one changes most.

This page is made from the code, by `python docs/site/generated.py`.
"""

COMMANDS = """# Every command

`bioscnn COMMAND --help` says the same in the terminal. A study is the path of a file, or the name of one that
comes with bioscnn, such as `mnist`. All commands end with code 0 if all is well, and 2 if the input is at
fault or they are interrupted; code 1 has the meaning that the command names.

This page is made from the code, by `python docs/site/generated.py`.
"""


REFERENCES = """# References

What the methods, data sets and simulators of bioscnn rest on. `bioscnn cite STUDY` prints BibTeX of those
that one study uses, and for what. Where nobody has checked a DOI, none is given.

This page is made from `bioscnn/citations/references.bib` and `paper/paper.bib`, by
`python docs/site/generated.py`.
"""

GLOSSARY = """# Glossary

The words of the reports, of the command line and of these pages. A report ends with those that it uses.

This page is made from the code, by `python docs/site/generated.py`.
"""


def keys_page() -> str:
    """Return the page with every key of a study file."""
    keys, lines = keys_of_a_study(), [KEYS]
    for table in dict.fromkeys(key.table for key in keys.values()):
        lines += [f"## `[{table}]`\n", _sentence(about(table)), ""]
        rows = [
            (f"`{key.name}`", _values(key.values), f"`{key.default}`" if key.default else "", _meaning(key))
            for key in keys.values()
            if key.table == table
        ]
        lines += [*_table(("key", "value", "default", "what it does"), rows), ""]
        if table == "synapse":
            lines += list(_noises())
    lines += list(_learning())
    return "\n".join(lines).rstrip() + "\n"


def _learning() -> Iterator[str]:
    yield "## `[learning]`\n"
    yield "Of a network that learns without labels, in place of the tables from `[encoding]` to `[synapse]`."
    yield "`rule` says which of these it has."
    yield "See [stdp.md](stdp.md) and [stdp-convolutional.md](stdp-convolutional.md).\n"
    for rule in RULES:
        model = rule_of(rule).config.model_fields["learning"].annotation
        keys = keys_of_a_table("learning", model)
        for table in dict.fromkeys(key.table for key in keys):
            yield f'### `[{table}]`, `rule = "{rule}"`\n'
            rows = [
                (
                    f"`{key.name}`",
                    _values(key.values),
                    f"`{key.default}`" if key.default else "",
                    _meaning(key),
                )
                for key in keys
                if key.table == table
            ]
            yield from _table(("key", "value", "default", "what it does"), rows)
            yield ""


def _meaning(key: Key) -> str:
    only = f" Only with `{key.only_with}`." if key.only_with else ""
    return _code(key.meaning) + only.replace("|", r"\|")


def _noises() -> Iterator[str]:
    yield "## `[noise.NAME]`\n"
    yield "One table per noise, with its parameter or a `severity` from 1 to 5. See [noise.md](noise.md).\n"
    rows = []
    for name, kind in NOISES.items():
        levels = ", ".join(kind(level).setting for level in kind.LEVELS)
        what = (inspect.getdoc(kind) or "").split("\n\n")[0]
        rows.append((f"`{name}`", f"`{kind.parameter()}`", levels, _code(_sentence(what))))
    yield from _table(("name", "parameter", "at severity 1 to 5", "what it is"), rows)
    yield ""


def commands_page() -> str:
    """Return the page with every command and option."""
    group, lines = get_command(app), [COMMANDS]
    for name, command in sorted(_commands(group)):
        context = typer.Context(command, info_name=f"bioscnn {name}")
        usage = " ".join(context.get_usage().removeprefix("Usage: ").split())
        lines += [f"## `bioscnn {name}`\n", _sentence(command.help or ""), "", f"    {usage}", ""]
        rows = []
        for option in command.params:
            record = option.get_help_record(context)
            if record is not None:
                words, meaning = record
                rows.append((f"`{words}`", _option(meaning)))
        lines += [*_table(("argument or option", "what it does"), rows), ""] if rows else []
    return "\n".join(lines).rstrip() + "\n"


def glossary_page() -> str:
    """Return the page with every term."""
    lines = [GLOSSARY]
    for term in all_terms():
        lines += [f"## {term.name}\n", f"{term.meaning} More: [{term.page}.md]({term.page}.md).\n"]
    return "\n".join(lines).rstrip() + "\n"


def references_page() -> str:
    """Return the page with every reference of the package and of the paper."""
    paper = (DOCS.parent / "paper" / "paper.bib").read_text(encoding="utf-8").strip().split("\n\n")
    of_paper = {entry[entry.index("{") + 1 : entry.index(",")]: entry for entry in paper}
    entries = {key: _fields(entry) for key, entry in (of_paper | references()).items() if key != "bioscnn"}
    lines = [REFERENCES, "<!--= design -->"]
    for entry in sorted(entries.values(), key=lambda fields: (fields["author"].lower(), fields["year"])):
        where = next((entry[name] for name in ("journal", "booktitle", "publisher") if name in entry), "")
        numbers = ", ".join(entry[name] for name in ("volume", "pages") if name in entry)
        place = f" *{where}*{f' {numbers}' if numbers else ''}." if where else ""
        links = {"doi": "https://doi.org/", "eprint": "https://arxiv.org/abs/", "url": ""}
        link = next((f" <{base}{entry[name]}>" for name, base in links.items() if name in entry), "")
        authors = entry["author"].replace(" and others", " et al.").replace(" and ", "; ")
        lines.append(f"* {authors} ({entry['year']}). {entry['title']}.{place}{link}")
    return "\n".join([*lines, "<!--/-->"]) + "\n"


def _fields(entry: str) -> dict[str, str]:
    """Return the fields of an entry of BibTeX, as plain text."""
    text = entry.replace(r"{\l}", "ł")
    for accent, mark in (("'", "\u0301"), ("`", "\u0300"), ('"', "\u0308"), ("^", "\u0302"), ("~", "\u0303")):
        text = re.sub(r"\{?\\" + re.escape(accent) + r"\{?(\\?\w)\}?\}?", rf"\g<1>{mark}", text)
    fields = re.findall(r"^\s*(\w+) = \{(.*)\},?$", unicodedata.normalize("NFC", text), re.MULTILINE)
    return {name.lower(): re.sub(r"[{}]", "", value).replace("--", "-") for name, value in fields}


def _commands(group, inside=""):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{name} ")
        else:
            yield f"{inside}{name}", command


def _option(meaning: str) -> str:
    """Return the help of an option; a bare key is the key of a study that it sets."""
    text = re.sub(r"\s*\[x>=1\]", "", meaning)
    return f"sets `{text}`" if re.fullmatch(r"[a-z]+\.[a-z_]+", text) else text


def _sentence(text: str) -> str:
    text = _code(" ".join(text.split()))
    return text if text.endswith(".") or not text else f"{text}."


def _code(text: str) -> str:
    return text.replace("``", "`")


def _values(values: Sequence[str]) -> str:
    return ", ".join(f"`{value}`" if value.startswith('"') else value for value in values)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a Markdown table, whose numbers are chosen and not measured."""
    yield "<!--= design -->"
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace(chr(10), ' ') for cell in row)} |"
    yield "<!--/-->"


PAGES = {
    "keys.md": keys_page,
    "commands.md": commands_page,
    "glossary.md": glossary_page,
    "references.md": references_page,
}

if __name__ == "__main__":
    for page, write in PAGES.items():
        (DOCS / page).write_text(write(), encoding="utf-8")
