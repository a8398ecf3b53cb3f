"""Look at the built site in Chromium: axe on every page, pictures of some.

``python docs/site/look.py SITE [PICTURES [PAGE ...]]`` prints each serious or critical finding, pages that
scroll aside and each address elsewhere that a page asks for, and ends with code 1 if there are any. Needs
`axe-playwright-python`, which brings axe, and Chromium.
"""

import functools
import shutil
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

WIDTHS = {"narrow": 375, "wide": 1280}
OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
JUDGED = (("narrow", "light"), ("wide", "dark"))
"""On which screens axe judges every page; widths and colours do not depend on each other."""

SHOWN = (
    "docs/site/index",
    "docs/physics",
    "docs/keys",
    "docs/site/api",
    "analysis/01-neuron",
    "docs/questions",
)
LEFT = ("index", "genindex", "search", "py-modindex")
"""The way to the first page, and pages that Sphinx makes by itself."""


class Quiet(SimpleHTTPRequestHandler):
    """A server that says nothing."""

    def log_message(self, *args):
        """Say nothing."""


def look(site: Path, pictures: Path | None, chosen: list[str]) -> list[str]:
    """Return what axe finds on the chosen pages of a site, or on all, and which pages scroll aside."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pages = sorted(str(path.relative_to(site).with_suffix("")) for path in site.rglob("*.html"))
    pages = chosen or [page for page in pages if not page.startswith("_") and page not in LEFT]
    found, elsewhere = [], set()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            for name, width in WIDTHS.items():
                context = chromium.new_context(
                    viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
                )
                tab = context.new_page()
                tab.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())
                tab.on("requestfailed", lambda request: elsewhere.add(request.url))
                judged = (name, scheme) in JUDGED
                for page in pages if judged else SHOWN if pictures else ():
                    tab.goto(f"http://127.0.0.1:{server.server_port}/{page}.html")
                    tab.wait_for_load_state("load")
                    print(".", end="", flush=True)
                    where = f"{page} ({name}, {scheme})"
                    if tab.evaluate("document.documentElement.scrollWidth") > width:
                        found.append(f"{where}: scrolls aside")
                    if pictures and page in SHOWN:
                        tab.screenshot(path=pictures / f"{page.replace('/', '-')}-{name}-{scheme}.png")
                    for one in Axe().run(tab, options=OPTIONS).response["violations"] if judged else ():
                        if one["impact"] in ("serious", "critical"):
                            nodes = [node["html"][:110] for node in one["nodes"]]
                            found.append(f"{where}: {one['id']} x {len(nodes)}: {nodes[0]}")
                            print(found[-1], flush=True)
                context.close()
        chromium.close()
    server.shutdown()
    found += [f"asks for {url}" for url in sorted(elsewhere)]
    print(f"{len(pages)} pages, each judged on {len(JUDGED)} screens")
    return found


if __name__ == "__main__":
    site, *rest = sys.argv[1:]
    pictures = Path(rest[0]) if rest else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    findings = look(Path(site), pictures, rest[1:])
    print("\n".join(findings))
    sys.exit(bool(findings))
