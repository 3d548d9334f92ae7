"""The page that `explain --html` writes, in a real browser: what is there, what it says, and that all of it fits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests.conftest import SCRUBBED, SCRUBBED_PREFIXES

pytestmark = [pytest.mark.quick]

CRATES = {
    "top/Cargo.toml": '[package]\nname = "top"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\n'
    'a-crate-with-quite-a-long-name-for-a-narrow-screen = { path = "../base" }\n',
    "top/src/main.rs": "fn main() {}\n",
    "base/Cargo.toml": '[package]\nname = "a-crate-with-quite-a-long-name-for-a-narrow-screen"\nversion = "0.1.0"\n',
    "base/src/lib.rs": "",
    "base/build.rs": 'fn main() { println!("cargo:rerun-if-env-changed=WATCHED"); }\n',
}
HOSTILE = "<script>document.title = 'broken'</script>"
# Elements that are wider than the screen, or than the element that they are in (but for what is cut on purpose).
OVERFLOW = """
const wide = [...document.querySelectorAll('body *')].filter(
  (e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    && !e.closest('.name, .row, .axis')
);
const bars = [...document.querySelectorAll('.bar')].filter(
  (e) => e.getBoundingClientRect().width < 1 || e.getBoundingClientRect().height < 5
);
return [document.documentElement.scrollWidth - document.documentElement.clientWidth,
  wide.map((e) => e.outerHTML.slice(0, 80)), bars.map((e) => e.title)];
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page about two builds, the second with another, awkward value of a variable."""
    top = tmp_path_factory.mktemp("page")
    for name, text in CRATES.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text, encoding="utf-8")
    value = f"{HOSTILE}/{'a-long-path-without-a-blank/' * 12}"
    command = ["sh", "-c", f'cargo build && WATCHED="{value}" cargo build']
    done = subprocess.run(
        [sys.executable, "-m", "pyo3_base_python", "explain", "--html", os.fspath(top / "why.html"), "--", *command],
        cwd=top / "top",
        # What is cleaned for each test is not yet clean for a fixture of all of them.
        env={
            name: value
            for name, value in os.environ.items()
            if name not in SCRUBBED and not name.startswith(SCRUBBED_PREFIXES)
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return top / "why.html"


@pytest.fixture(scope="module", params=["light", "dark"])
def browser(request: pytest.FixtureRequest) -> Iterator[webdriver.Chrome]:
    """Chromium, with the user's preference for light or dark pages."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("there is no chromium with its driver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    scheme = {"name": "prefers-color-scheme", "value": request.param}
    started.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    yield started
    started.quit()


def show(browser: webdriver.Chrome, page: Path, width: int = 1200) -> None:
    """Load the page on a screen of this width."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())


def texts(browser: webdriver.Chrome, selector: str) -> list[str]:
    """The visible text of the elements."""
    return [element.text for element in browser.find_elements(By.CSS_SELECTOR, selector)]


def test_tree_and_timeline_are_there(browser: webdriver.Chrome, page: Path) -> None:
    show(browser, page)
    assert browser.title.startswith("Why cargo compiled: sh -c ")
    first, second = texts(browser, ".call > .headline")
    assert first.startswith("2 crates compiled in ")
    assert first.endswith(" s, 0 fresh; without the shim")
    assert second.startswith("2 crates compiled in ")
    headings = texts(browser, ".cause > h3")
    assert [heading.partition(" 2 crates")[0] for heading in headings] == [
        "never compiled in this target directory with these features, profile, flags and rustc",
        "WATCHED changed",
    ]
    assert texts(browser, ".cause.again .tree ul .crate") == ["top"]
    assert texts(browser, ".timeline .name")[-3:-1] == ["a-crate-with-quite-a-long-name-for-a-narrow-screen", "top"]
    assert len(browser.find_elements(By.CSS_SELECTOR, ".timeline")) == 2
    # Two jobs of the build script and a crate each; then the build script is only run.
    assert len(browser.find_elements(By.CSS_SELECTOR, ".bar")) == 4 + 3
    assert texts(browser, ".axis")[0].startswith("0 s")


def test_what_comes_from_outside_is_text(browser: webdriver.Chrome, page: Path) -> None:
    show(browser, page)
    old, new = texts(browser, ".cause.again dd")
    assert old == "(not set)"
    assert new.startswith(f"{HOSTILE}/a-long-path")
    assert browser.find_elements(By.TAG_NAME, "script") == []


def test_the_console_is_empty_and_nothing_is_loaded(browser: webdriver.Chrome, page: Path) -> None:
    show(browser, page)
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]
    assert browser.execute_script("return performance.getEntriesByType('resource').map((e) => e.name)") == []


@pytest.mark.parametrize("width", [320, 480, 1200, 2400])
def test_everything_fits(browser: webdriver.Chrome, page: Path, width: int) -> None:
    show(browser, page, width)
    overflow, wide, invisible = browser.execute_script(OVERFLOW)
    assert (overflow, wide, invisible) == (0, [], [])


def test_light_and_dark_are_what_the_user_prefers(browser: webdriver.Chrome, page: Path) -> None:
    """And either can be read: a contrast of 4.5 or more (WCAG 2.2, 1.4.3) for every text."""
    show(browser, page)
    dark = browser.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches")
    ground = luminance(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert (ground < 0.2) == dark
    for color, behind, text in browser.execute_script(COLOURS):
        light, faint = sorted((luminance(color), luminance(behind) if behind else ground), reverse=True)
        assert (light + 0.05) / (faint + 0.05) >= 4.5, text


# The colour of each text, and of what is behind it (nothing: the page).
COLOURS = """
return [...document.querySelectorAll('body *')].filter(
  (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
).map((e) => {
  const panel = e.closest('.cause');
  return [getComputedStyle(e).color, panel && getComputedStyle(panel).backgroundColor, e.textContent.slice(0, 60)];
});
"""


def luminance(color: str) -> float:
    """The luminance, 0 to 1, of a CSS colour (`rgb(1, 2, 3)`): https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [float(part) / 255 for part in color.partition("(")[2].rstrip(")").split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_answer_comes_first_and_the_command_can_be_copied(browser: webdriver.Chrome, page: Path) -> None:
    show(browser, page)
    (answer,) = texts(browser, "body > .answer")
    assert answer.startswith("4 crates compiled in 2 calls, ")
    assert "; most of it: " in answer
    assert browser.find_elements(By.CSS_SELECTOR, "h1 + .answer")
    # What has the focus may be told of the real clipboard, and a test may not.
    browser.execute_script("navigator.clipboard.writeText = (text) => { window.copied = text }")
    browser.find_element(By.CSS_SELECTOR, "body > p > button").click()
    assert browser.execute_script("return window.copied").startswith("sh -c 'cargo build && WATCHED=")
