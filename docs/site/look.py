"""Look at the built site in Chromium: axe on every page, pictures of some.

``python docs/site/look.py SITE [PICTURES [PAGE ...]]`` prints each serious or critical finding, pages that
scroll aside and each address elsewhere that a page asks for, and ends with code 1 if there are any. What is
found on a page is kept in ``SITE.looked.json`` and not looked for again until the page, its styles or scripts
change, so a look that was stopped goes on. Needs the extra `dev`, which brings axe, and Chromium.
"""

import functools
import hashlib
import importlib.util
import json
import shutil
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

WIDTHS = {"narrow": 375, "wide": 1280}
SCREENS = tuple((name, scheme) for scheme in ("light", "dark") for name in WIDTHS)
"""On which screens every page is judged."""

OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    "resultTypes": ["violations"],
    "preload": False,
}
AXE = """(options) => axe.run(options).then((found) => found.violations
  .filter(({ impact }) => ["serious", "critical"].includes(impact))
  .map(({ id, nodes }) => `${id} x ${nodes.length}: ${nodes[0].html.slice(0, 110)}`))"""

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


def axe() -> str:
    """Return the program that judges pages."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        sys.exit("no axe here: pip install axe-playwright-python")
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


class Looker:
    """Pages of a site on one screen."""

    def __init__(self, chromium: Browser, root: str, screen: tuple[str, str], program: str) -> None:
        name, scheme = screen
        self.width, self.root, self.program = WIDTHS[name], root, program
        self.context = chromium.new_context(
            viewport={"width": self.width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        self.tab, self.elsewhere = self.context.new_page(), set()
        self.tab.route(lambda url: not url.startswith(root), lambda route: route.abort())
        self.tab.on("requestfailed", lambda request: self.elsewhere.add(request.url))

    def open(self, page: str, picture: Path | None) -> None:
        """Open a page, and take a picture of it if one is asked for."""
        self.tab.goto(f"{self.root}/{page}.html", timeout=300_000)
        if picture:
            self.tab.screenshot(path=picture)

    def judge(self) -> list[str]:
        """Return what is wrong with the page that is open."""
        scrolls = self.tab.evaluate("document.documentElement.scrollWidth") > self.width
        self.tab.evaluate(self.program)
        self.elsewhere, asked = set(), self.elsewhere
        wrong = self.tab.evaluate(AXE, OPTIONS) + ["scrolls aside"] * scrolls
        return wrong + [f"asks for {url}" for url in sorted(asked)]


def look(site: Path, pictures: Path | None, chosen: list[str]) -> list[str]:
    """Return what is wrong with the chosen pages of a site, or with all."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pages = sorted(str(path.relative_to(site).with_suffix("")) for path in site.rglob("*.html"))
    pages = chosen or [page for page in pages if not page.startswith("_") and page not in LEFT]
    program, file = axe(), site.with_name(f"{site.name}.looked.json")
    parts = sorted(path for path in (site / "_static").rglob("*") if path.suffix in (".css", ".js"))
    common = hashlib.sha256(program.encode() + b"".join(path.read_bytes() for path in parts))
    known = json.loads(file.read_text()) if file.exists() else {}
    found = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for screen in SCREENS:
            looker = Looker(chromium, f"http://127.0.0.1:{server.server_port}", screen, program)
            for page in pages:
                where = f"{page} ({', '.join(screen)})"
                whole = common.copy()
                whole.update(where.encode() + (site / f"{page}.html").read_bytes())
                key, picture = whole.hexdigest(), None
                if pictures and (page in SHOWN or chosen):
                    picture = pictures / f"{page.replace('/', '-')}-{'-'.join(screen)}.png"
                if key not in known or picture:
                    looker.open(page, picture)
                if key not in known:
                    known[key] = looker.judge()
                    file.write_text(json.dumps(known))
                    print(f"{where}: {known[key] or 'fine'}", flush=True)
                found += [f"{where}: {wrong}" for wrong in known.get(key, ())]
            looker.context.close()
        chromium.close()
    server.shutdown()
    print(f"{len(pages)} pages, each judged on {len(SCREENS)} screens, {len(found)} findings")
    return found


if __name__ == "__main__":
    site, *rest = sys.argv[1:]
    pictures = Path(rest[0]) if rest else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    findings = look(Path(site), pictures, rest[1:])
    print("\n".join(findings))
    sys.exit(bool(findings))
