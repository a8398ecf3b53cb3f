"""How Sphinx makes a site of README.md, docs/ and analysis/: ``make docs``.

The source folder is the repository itself, so that links between pages are the same on a code host.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import bioscnn  # noqa: E402

project, author, copyright = "bioscnn", "The bioscnn developers", "The bioscnn developers"
version = release = bioscnn.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "extension",
]
root_doc = "docs/site/index"
include_patterns = [
    "docs/**.md",
    "analysis/*.ipynb",
    "bench/README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
]
exclude_patterns = [".*", "build", "results", "tests", "paper", "bioscnn", "sims", "docs/README.md"]

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # notebooks are kept with their outputs; tests run them
nb_merge_streams = True

autodoc_member_order = "groupwise"
autodoc_typehints = "none"  # numpydoc has them in words, with units
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False

nitpicky = False
suppress_warnings = ["mystnb.unknown_mime_type"]

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "bioscnn"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "secondary_sidebar_items": ["page-toc"],
}
