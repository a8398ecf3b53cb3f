"""Every page: its commands and its Python run, its studies are read, its links lead somewhere."""

import ast
import re
import tomllib
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

import bioscnn
from bioscnn.cli import app
from bioscnn.noise import NOISES
from bioscnn.report.terms import all_terms
from bioscnn.studies.config.reference import keys_of_a_study
from tests.documents import PAGES, ROOT, Block, blocks_of, furnish, run_python, smaller

PRINTED = {
    "docs/python.md": (
        "write neuron.t_ref",
        "@article{stimberg2019brian2,",
        "81 spikes in a second; 81.9 Hz",
    ),
    "docs/own-data.md": ("('rest', 'left', 'right') (45, 1, 16, 24)",),
    "docs/export.md": ("6 trials;",),
    "docs/your-network.md": ("MaxPool2d of", "readout (10,)"),
}
"""By page: what its Python prints, among other things."""

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([\w$()/.-]+):", MAKEFILE, flags=re.MULTILINE))
ALSO = ("git", "cd", "cp", "pip", "python")
"""Programs that are typed beside bioscnn and make."""


def every(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page) if block.language in languages]


def name(block: Block) -> str:
    return f"{block.page}:{block.line}"


@cache
def commands():
    return get_command(app)


@pytest.mark.parametrize("block", every("bash"), ids=name)
def test_every_command_has_the_options_that_it_is_given(block):
    for words in block.commands:
        if words[0] == "make":
            values = [word for word in words[1:] if "=" in word]
            assert set(words[1:]) - set(values) <= {t.replace("$(VENV)", ".venv") for t in TARGETS}, words
            assert {value.partition("=")[0] for value in values} <= set(re.findall(r"[A-Z]{2,}", MAKEFILE))
        elif words[0] == "bioscnn":
            group, rest = commands(), words[1:]
            while hasattr(group, "commands"):
                group, rest = group.commands[rest[0]], rest[1:]
            rest = rest[: rest.index(">")] if ">" in rest else rest
            with typer.Context(group, info_name=words[1]):
                group.make_context(words[1], rest)
        else:
            assert words[0] in ALSO, words


def type_in(words):
    verb, *rest = words
    target = None
    if ">" in rest:
        rest, target = rest[: rest.index(">")], rest[rest.index(">") + 1]
    done = CliRunner().invoke(app, [verb, *rest, *smaller(verb, rest)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    if target:
        Path(target).write_text(done.stdout)


def runs(block: Block) -> bool:
    return block.language in ("bash", "python") and not block.reason


RUN = [page for page in PAGES if any(map(runs, blocks_of(page)))]


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("page", RUN)
def test_what_a_page_shows_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    furnish(tmp_path, page)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    printed, lacking = [], set()
    for block in blocks_of(page):
        if not runs(block):
            continue
        if block.lacks:
            lacking |= set(block.lacks)
        elif block.language == "python":
            printed.append(run_python([block], names))
        else:
            for words in block.commands:
                if words[0] == "bioscnn" and not needs_what_is_lacking(words, lacking):
                    type_in(words[1:])
    for text in () if lacking else PRINTED.get(page, ()):
        assert text in "".join(printed)


def needs_what_is_lacking(words, lacking):
    """Whether a command reads what a block would have made that was not run."""
    return any(package in " ".join(words) for package in lacking) or ("train" in words and "torch" in lacking)


@pytest.mark.parametrize("block", every("toml"), ids=name)
def test_every_key_of_a_table_is_one(block):
    if "[design]" in block.text or "equations" in block.text:
        return  # of a sweep, or of a neuron's file
    for table, keys in tomllib.loads(block.text).items():
        known = keys_of_a_study()
        for key in flat(keys):
            if table == "noise":
                kind, _, parameter = key.partition(".")
                assert parameter in ("severity", NOISES[kind].parameter())
            elif table in {key.partition(".")[0] for key in known}:
                assert f"{table}.{key}" in known or key.startswith("definition."), f"{table}.{key}"


def flat(table: dict[str, Any], inside: str = "") -> list[str]:
    return [
        key
        for name, value in table.items()
        for key in (flat(value, f"{inside}{name}.") if isinstance(value, dict) else [f"{inside}{name}"])
    ]


@cache
def messages() -> list[re.Pattern[str]]:
    """What the code says in quotes, any text standing for what it fills in."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bioscnn").rglob("*.py"))
    quotes = set(re.findall(r'"([^"\n]{8,})"', re.sub(r"\{[^{}]*\}", "{}", source)))
    told = (quote for quote in quotes if len(re.sub(r"\{\}|\W", "", quote)) > 3)
    return [re.compile(re.escape(quote).replace(r"\{\}", ".+")) for quote in told]


QUOTED = [
    quote
    for page in PAGES
    for quote in re.findall(r'^### "(.*)"$', (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
]


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_a_question_quotes_is_what_the_code_says(quoted):
    said = (quoted, f"a layer {quoted}", f"{quoted} with more")  # a title may leave out what a name begins
    assert any(message.fullmatch(text) for message in messages() for text in said)


def without_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", without_blocks(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md", "SECURITY.md"])
def test_every_link_leads_to_a_file_and_a_heading(page):
    text = re.sub(
        r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
        if not re.match(r"https?://|mailto:", target):
            file, _, heading = target.partition("#")
            path = (ROOT / page).parent / file if file else ROOT / page
            assert path.exists(), f"{page}: {target}"
            assert not heading or heading in anchors(path), f"{page}: {target}"


def test_every_page_is_on_the_site():
    on_site = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "site").glob("*.md"))
    entries = re.findall(r"\.\./([\w*-]+)", on_site)
    for path in (ROOT / "docs").glob("*.md"):
        assert path.name == "README.md" or any(fnmatch(path.stem, entry) for entry in entries), path.name


def test_every_key_of_a_study_says_what_it_does():
    """In the text below it, in its table in bioscnn/studies/config/."""
    assert [path for path, key in keys_of_a_study().items() if not key.meaning.endswith(".")] == []


def test_pages_made_from_the_code_are_what_it_makes_now():
    names: dict[str, Any] = {"__name__": "generated", "__file__": str(ROOT / "docs/site/generated.py")}
    exec((ROOT / "docs/site/generated.py").read_text(encoding="utf-8"), names)
    for page, write in names["PAGES"].items():
        made = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert made == write(), "python docs/site/generated.py"


def test_reports_and_terms_name_pages_that_are_there():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bioscnn").rglob("*page.py"))
    named = {term.page for term in all_terms()} | set(re.findall(r'docs="([a-z-]+)"', source))
    assert len(named) > 10
    assert {name for name in named if not (ROOT / "docs" / f"{name}.md").is_file()} == set()


IMPORTED = {
    **{page: "\n".join(b.text for b in blocks_of(page) if b.language == "python") for page in PAGES},
    **{
        f"analysis/{path.name}": path.read_text(encoding="utf-8")
        for path in (ROOT / "analysis").glob("0*.py")
    },
}


@pytest.mark.parametrize("page", IMPORTED)
def test_docs_and_notebooks_import_public_names_alone(page):
    """``import bioscnn`` and ``from bioscnn[.package] import name``, where the package is public."""
    for line in ast.walk(ast.parse(re.sub(r"^%.*$", "", IMPORTED[page], flags=re.MULTILINE))):
        modules = [a.name for a in line.names] if isinstance(line, ast.Import) else []
        modules += [str(line.module)] if isinstance(line, ast.ImportFrom) else []
        for module in modules:
            if module.split(".")[0] == "bioscnn" and module != "bioscnn":
                package, *deeper = module.split(".")[1:]
                assert not deeper and package in dir(bioscnn), f"{page}: {module}"
                names = [a.name for a in line.names] if isinstance(line, ast.ImportFrom) else []
                assert set(names) <= set(getattr(getattr(bioscnn, package), "__all__", names)), module
