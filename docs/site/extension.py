"""What the site needs beside Sphinx: the list of public names, a first page at its top, a live network."""

import ast
import inspect
import re
from itertools import groupby
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

import bioscnn
from bioscnn.play import write_play_page

DOCS = Path(__file__).parents[1]

FIRST = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>bioscnn</title>
<meta http-equiv="refresh" content="0; url=docs/site/index.html"></head>
<body><main><h1>bioscnn</h1><p><a href="docs/site/index.html">The documentation</a></p></main></body></html>
"""

HEADINGS = {
    "library": "Verbs",
    "studies": "Studies",
    "experiments": "Experiments",
    "datasets": "Data",
    "encoding": "Stimuli",
    "ann": "Trained networks",
    "conversion": "Conversion",
    "network": "Spiking networks",
    "neurons": "Neurons and synapses",
    "simulation": "Simulation",
    "spikes": "Spikes",
    "readout": "Readout",
    "ledger": "Ledger",
    "statistics": "Statistics",
}
"""By package: under which heading its names stand, in this order; others come last."""


def public_names() -> list[tuple[str, str]]:
    """Return the package of `bioscnn` that defines it, and the name, of all that `import bioscnn` offers."""
    stub = ast.parse((Path(bioscnn.__file__).parent / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [line for line in stub.body if isinstance(line, ast.ImportFrom)]
    return [
        (str(line.module).partition(".")[2].partition(".")[0], alias.name)
        for line in imports
        for alias in line.names
    ]


def api_page() -> str:
    """Return the sections of the page that documents the public names."""
    place = {package: k for k, package in enumerate(HEADINGS)}
    names = [(package, name) for package, name in public_names() if package]
    names.sort(key=lambda found: (place.get(found[0], len(place)), found[1].lower()))
    pieces = []
    for heading, found in groupby(names, key=lambda found: HEADINGS.get(found[0], "Other")):
        pieces.append(f"## {heading}\n\n```{{eval-rst}}")
        for _, name in found:
            kind = "autoclass" if inspect.isclass(getattr(bioscnn, name)) else "autofunction"
            pieces.append(
                f".. {kind}:: bioscnn.{name}" + ("\n   :members:\n" if kind == "autoclass" else "\n")
            )
        pieces.append("```\n")
    pieces.append("## Packages\n\nThese packages are public with all that their `__all__` lists.\n")
    for package in sorted(name for package, name in public_names() if not package):
        module = getattr(bioscnn, package)
        offered = ", ".join(f"`{name}`" for name in getattr(module, "__all__", ()))
        about = (inspect.getdoc(module) or "").split("\n")[0]
        pieces.append(f"`bioscnn.{package}`\n: {about}\n  {offered}\n")
    return "\n".join(pieces)


def _fill(app, name, source):
    """Write the public names where they belong, and the pages that a pattern such as ``../stdp*`` names."""
    text = source[0].replace("@API@", api_page()) if "@API@" in source[0] else source[0]
    if name.startswith("docs/site/"):
        text = re.sub(r"(?m)^\.\./(\w+\*)\n", lambda found: "".join(_pages(found.group(1))), text)
    source[0] = text


def _pages(pattern):
    return [f"../{path.stem}\n" for path in sorted(DOCS.glob(f"{pattern}.md"))]


def _formula(self, node):
    """Write a formula as MathML, which browsers and screen readers know without a script."""
    block = isinstance(node, nodes.math_block)
    made = tex2mathml(node.astext(), as_block=block)
    self.body.append(f'<div class="math-block" tabindex="0">{made}</div>' if block else made)
    raise nodes.SkipNode


def _tables_by_keyboard(app, pagename, templatename, context, doctree):
    """Let the keyboard reach tables, which scroll where they are wider than the screen."""
    if "body" in context:
        context["body"] = context["body"].replace("<table ", '<table tabindex="0" ')


def _pages_of_its_own(app, error):
    """Write the first page, and the network that lives in a page."""
    if error is None and app.builder.name == "html":
        (Path(app.outdir) / "index.html").write_text(FIRST, encoding="utf-8")
        write_play_page(Path(app.outdir) / "live.html")


def setup(app):
    """Register with Sphinx."""
    app.add_html_math_renderer("mathml", (_formula, None), (_formula, None))
    app.connect("html-page-context", _tables_by_keyboard)
    app.connect("source-read", _fill)
    app.connect("build-finished", _pages_of_its_own)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
