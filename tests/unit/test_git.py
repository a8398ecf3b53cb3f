"""git runs nothing that a repository names, and speaks of bioscnn's own checkout alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bioscnn import git
from bioscnn.claims import adopt_page
from bioscnn.git import Repository, own_checkout
from bioscnn.studies.provenance import code_version
from bioscnn.toml import parse_toml

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

PAGE = "# Accuracy\n\n| network | accuracy (%) |\n|---|---|\n| small | 91.5 |\n"
LOG = ("log", "-1", "--format=%H", "-Ssmall", "--", "page.md")
STATUS = ("status", "--porcelain", "--", ".")
DIFF = ("diff", "HEAD", "--", ".")
SIGNS = """#!/bin/sh
cat >/dev/null
echo >&2
echo "[GNUPG:] SIG_CREATED " >&2
echo "-----BEGIN PGP SIGNATURE-----"
echo "-----END PGP SIGNATURE-----"
"""


def plain_git(folder: Path, *words: str) -> str:
    """What git prints that reads the configuration of the repository, as `bioscnn.git` does not."""
    done = subprocess.run(
        ["git", "-C", str(folder), *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=20,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    """A checkout of bioscnn by its looks, with a page and a program that leaves a mark."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "gitconfig").write_text("[user]\nname = A\nemail = a@b.c\n[init]\ndefaultBranch = main\n")
    folder = tmp_path / "checkout"
    (folder / "bioscnn").mkdir(parents=True)
    (folder / "bioscnn" / "code.py").write_text("x = 1\n")
    (folder / "pyproject.toml").write_text('[project]\nname = "bioscnn"\n')
    (folder / "page.md").write_text(PAGE)
    (folder / ".gitattributes").write_text("* diff=x filter=x\n")
    plain_git(folder, "init")
    plain_git(folder, "add", ".")
    plain_git(folder, "commit", "-m", "First")
    monkeypatch.setattr(git, "ROOT", folder / "bioscnn")
    return folder


def configure(folder: Path, *settings: tuple[str, str]) -> None:
    for key, value in settings:
        subprocess.run(["git", "-C", str(folder), "config", key, value], check=True)


def program(folder: Path) -> str:
    """A program that leaves the mark CODE_RAN, whatever it is given."""
    path = folder.parent / "program"
    path.write_text(f'#!/bin/sh\ntouch "{folder.parent}/CODE_RAN"\n')
    path.chmod(0o755)
    return str(path)


def with_monitor(folder):
    configure(folder, ("core.fsmonitor", program(folder)))


def with_conversion(folder):
    configure(folder, ("diff.x.textconv", program(folder)))


def with_filter(folder):
    configure(folder, ("filter.x.clean", program(folder)), ("filter.x.required", "true"))


def with_filter_process(folder):
    configure(folder, ("filter.x.process", program(folder)))


def with_diff_of_attributes(folder):
    configure(folder, ("diff.x.command", program(folder)))


def with_external_diff(folder):
    configure(folder, ("diff.external", program(folder)))


def with_hooks(folder):
    hook = folder / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    shutil.copy(program(folder), hook)


def with_hooks_elsewhere(folder):
    (folder / "hooks").mkdir()
    shutil.copy(program(folder), folder / "hooks" / "post-index-change")
    configure(folder, ("core.hooksPath", "hooks"))


def with_signature(folder):
    signer = folder.parent / "signer"
    signer.write_text(SIGNS)
    signer.chmod(0o755)
    (folder / "page.md").write_text(PAGE + "Took long.\n")
    plain_git(folder, "-c", f"gpg.program={signer}", "commit", "-S", "-a", "-m", "Signed")
    assert "gpgsig" in plain_git(folder, "cat-file", "commit", "HEAD")
    configure(folder, ("gpg.program", program(folder)), ("log.showSignature", "true"))


def with_remote(folder):
    """An object is missing that git would ask a remote for."""
    missing = plain_git(folder, "rev-parse", "HEAD:page.md")
    (folder / ".git" / "objects" / missing[:2] / missing[2:]).unlink()
    remote = {"url": str(folder.parent), "promisor": "true", "uploadpack": program(folder)}
    configure(
        folder,
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        *((f"remote.origin.{key}", value) for key, value in remote.items()),
    )


def with_submodule(folder):
    """A repository in the repository, whose own configuration names the program."""
    inner = folder / "bioscnn" / "inner"
    inner.mkdir()
    (inner / "a").write_text("a")
    (inner / ".gitattributes").write_text("* filter=x\n")
    for words in (("init",), ("add", "."), ("commit", "-m", "Inner")):
        plain_git(inner, *words)
    plain_git(folder, "add", "bioscnn/inner")
    plain_git(folder, "commit", "-m", "Outer")
    configure(inner, ("core.fsmonitor", program(folder)), ("filter.x.clean", program(folder)))


def with_include(folder):
    """The setting stands in another file of the folder."""
    (folder / "more").write_text(f"[core]\nfsmonitor = {program(folder)}\n")
    configure(folder, ("include.path", "../more"))


WAYS = [
    (with_monitor, STATUS),
    (with_conversion, LOG),
    (with_filter, STATUS),
    (with_filter_process, STATUS),
    (with_diff_of_attributes, DIFF),
    (with_external_diff, DIFF),
    (with_hooks, STATUS),
    (with_hooks_elsewhere, STATUS),
    (with_signature, LOG[:3]),
    (with_remote, LOG),
    (with_submodule, STATUS),
    (with_include, STATUS),
]


@pytest.mark.parametrize(("hostile", "words"), WAYS, ids=lambda value: getattr(value, "__name__", ""))
def test_nothing_that_a_repository_names_is_run(repository, hostile, words):
    hostile(repository)
    head, mark = plain_git(repository, "rev-parse", "HEAD"), repository.parent / "CODE_RAN"

    def touched():
        """Files whose content git has to look at again, and an index that it would write anew."""
        for k, path in enumerate(path for path in repository.rglob("*") if ".git" not in path.parts):
            os.utime(path, (10**9 + k, 10**9 + k))
        (repository / "bioscnn" / "code.py").write_text("x = 2\n")

    touched()
    index = (repository / ".git" / "index").read_bytes()
    mark.unlink(missing_ok=True)
    found = Repository.around(repository / "bioscnn")
    assert found is not None and (found.top, found.head) == (repository, head)
    assert code_version() == {"commit": head, "dirty": True}
    unlike = found.git("diff", "--name-only", "--ignore-submodules=all", head, "--", "bioscnn")
    assert unlike == "bioscnn/code.py"
    found.git(*LOG)
    assert found.git(*DIFF[:1], "--ignore-submodules=all", *DIFF[1:]) or hostile is with_remote
    adopt_page(repository / "page.md", "make x", "trials")
    (table,) = (repository / "docs" / "tables").glob("*.toml")
    first = plain_git(repository, "rev-list", "--max-parents=0", "HEAD")
    assert parse_toml(table.read_text())["commit"] == first
    assert (repository / ".git" / "index").read_bytes() == index
    assert not mark.exists()
    # The same without these precautions, which shows that the repository is hostile indeed.
    plain_git(repository, *words)
    assert mark.exists()


def test_a_checkout_without_changes_is_told_as_such(repository):
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "exclude").write_text("notes.txt\n")
    (repository / "bioscnn" / "notes.txt").write_text("mine")
    head = plain_git(repository, "rev-parse", "HEAD")
    assert code_version() == {"commit": head, "dirty": False}
    (repository / "page.md").write_text("changed, which is no code")
    assert code_version() == {"commit": head, "dirty": False}
    (repository / "bioscnn" / "new.py").write_text("")
    assert code_version() == {"commit": head, "dirty": True}


def test_a_further_work_tree_and_one_that_a_variable_names(repository, monkeypatch):
    other = repository.parent / "other"
    plain_git(repository, "worktree", "add", "-b", "b", str(other))
    (other / "bioscnn" / "code.py").write_text("x = 3\n")
    head = plain_git(other, "rev-parse", "HEAD")
    assert code_version() == {"commit": head, "dirty": False}
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository / "none"))
    monkeypatch.setattr(git, "ROOT", other / "bioscnn")
    assert code_version() == {"commit": head, "dirty": True}


@pytest.mark.parametrize(
    "place", [".venv/lib/python3.12/site-packages/bioscnn", "vendored/bioscnn", "bioscnn"]
)
def test_a_repository_that_merely_contains_the_package_is_not_its_checkout(repository, monkeypatch, place):
    with_monitor(repository)
    (repository / "pyproject.toml").write_text('[project]\nname = "another"\n')
    (repository / place).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(git, "ROOT", repository / place)
    assert own_checkout() is None and code_version() == {"commit": None, "dirty": None}
    assert not (repository.parent / "CODE_RAN").exists()


def test_the_package_within_a_repository_of_others_is_not_its_checkout(repository, monkeypatch):
    shutil.copytree(repository, repository / "unpacked", ignore=shutil.ignore_patterns(".git"))
    monkeypatch.setattr(git, "ROOT", repository / "unpacked" / "bioscnn")
    assert Repository.around(git.ROOT) is not None and own_checkout() is None


@pytest.mark.parametrize("pyproject", [None, "", "project = 1", "[project", '[project]\nname = "x"'])
def test_without_its_own_name_a_folder_is_no_checkout(repository, pyproject):
    assert own_checkout() is not None
    (repository / "pyproject.toml").unlink()
    if pyproject is not None:
        (repository / "pyproject.toml").write_text(pyproject)
    assert own_checkout() is None


def test_outside_git_and_without_git_nothing_is_known(tmp_path, repository, monkeypatch):
    assert Repository.around(tmp_path) is None and Repository.around(tmp_path / "none") is None
    found = Repository.around(repository)
    assert found is not None and found.git("log", "--no-such-option") is None
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert Repository.around(repository) is None and found.git(*LOG) is None
