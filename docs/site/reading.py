"""How hard the pages are to read: ``python docs/site/reading.py [FOLDER]``, the folder of the repository.

The grade of Flesch and Kincaid (1975): school years for sentences of this length and words of so many
syllables. Code, tables, formulas and markers do not count; syllables are groups of vowels.
"""

import re
import sys
from pathlib import Path

LEFT_OUT = (
    r"^---\n.*?^---\n",
    r"```.*?```",
    r"<!--.*?-->",
    r"^( {4,}(?![*-]).*|\|.*|#+ .*)$",
    r"!\[.*?\]\(.*?\)",
    r"`[^`]*`",
    r"\$[^$]*\$",
)


def prose(text: str) -> str:
    """Return the sentences of a page."""
    for pattern in LEFT_OUT:
        flags = re.MULTILINE | (re.DOTALL if ".*?" in pattern else re.NOFLAG)
        text = re.sub(pattern, " ", text, flags=flags)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"(?m)^\s*([*-]|\d+\.) ", "\n\n", text)


def syllables(word: str) -> int:
    """Return about how many syllables a word has."""
    word = re.sub(r"(?<=[^laeiouy])e$|(?<=[^td])ed$|es$", "", word.lower())
    return max(1, len(re.findall(r"[aeiouy]+", word)))


def grade(text: str) -> tuple[float, float, int]:
    """Return the grade of a page, the words of a mean sentence, and all words."""
    sentences = [
        words
        for part in re.split(r"[.!?:;]\s|\n\s*\n", prose(text))
        if len(words := re.findall(r"[A-Za-z][A-Za-z'-]*", part)) > 2
    ]
    words = [word for sentence in sentences for word in sentence]
    if not words:
        return 0.0, 0.0, 0
    length, weight = len(words) / len(sentences), sum(map(syllables, words)) / len(words)
    return 0.39 * length + 11.8 * weight - 15.59, length, len(words)


if __name__ == "__main__":
    root = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parents[2]
    pages = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("*.md"))]
    found = [(page, *grade(page.read_text(encoding="utf-8"))) for page in pages]
    print("page,grade,words_per_sentence,words")
    for page, *numbers in found:
        print(f"{page.relative_to(root)},{numbers[0]:.1f},{numbers[1]:.1f},{numbers[2]}")
    total = sum(n for *_, n in found)
    mean = sum(level * n for _, level, _, n in found) / total
    length = sum(words * n for _, _, words, n in found) / total
    print(f"all,{mean:.1f},{length:.1f},{total}")
