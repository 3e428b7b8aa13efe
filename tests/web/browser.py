"""A real browser for tests: Debian's chromium, headless, driven through chromedriver. Each browser has a profile
of its own in a folder that goes with it. What the page wrote to the console and what it asked the network for
can be read afterwards."""
import json
import os
import shutil
import sys
import tempfile
import time
from urllib.parse import urlsplit

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
DRIVER = ("/usr/bin/chromedriver", "/usr/lib/chromium/chromedriver")
LOAD_WITHIN_S = 60
SKIPPED = 77  # to meson

# The contrast of each visible text with what is painted behind it, by WCAG 2's formula: the worst per element.
CONTRAST = """
const parse = (c) => { const n = c.match(/[\\d.]+/g).map(Number); return c.startsWith("color(") ? [n[0] * 255, n[1] * 255, n[2] * 255, n[3] ?? 1]
  : [n[0], n[1], n[2], n[3] ?? 1]; };
const light = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
  return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
const behind = (at) => { for (; at; at = at.parentElement) { const c = parse(getComputedStyle(at).backgroundColor); if (c[3] === 1) return c; }
  return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1]; };
const worst = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const at = walk.currentNode.parentElement, text = walk.currentNode.textContent.trim();
  if (!text || !at || ["SCRIPT", "STYLE", "TITLE"].includes(at.tagName) || !at.checkVisibility()) continue;
  const style = getComputedStyle(at), ink = parse(at.namespaceURI.endsWith("svg") ? style.fill : style.color), paper = behind(at);
  const a = light(ink), b = light(paper);
  worst.push([(Math.max(a, b) + .05) / (Math.min(a, b) + .05), text.slice(0, 40), style.color]);
}
worst.sort((x, y) => x[0] - y[0]);
return worst.slice(0, 5);
"""


def require():
    """Ends the program as skipped, and says why, where no browser can be driven."""
    missing = [what for what, paths in (("chromium", CHROMIUM), ("chromium-driver", DRIVER)) if not find(paths)]
    try:
        import selenium  # pylint: disable=import-outside-toplevel,unused-import
    except ImportError:
        missing.append("python3-selenium")
    if missing:
        print(f"skipped: there is no {', '.join(missing)}; tools/dev/install test installs them")
        sys.exit(SKIPPED)


def find(paths):
    return next((path for path in paths if os.access(path, os.X_OK)), None)


class Browser:
    def __init__(self, width=1280, height=900):
        # pylint: disable=import-outside-toplevel,import-error
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        self.profile = tempfile.mkdtemp(prefix="slc-web-")
        options = webdriver.ChromeOptions()
        options.binary_location = find(CHROMIUM)
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
                     "--no-first-run", "--disable-background-networking", "--disable-component-update",
                     "--disable-sync", "--disable-extensions", "--lang=en-GB", "--no-proxy-server",
                     f"--user-data-dir={self.profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        # chromium keeps crash reports and caches where its home is
        environment = {**os.environ, "HOME": self.profile, "XDG_CONFIG_HOME": self.profile, "XDG_CACHE_HOME": self.profile}
        try:
            self.driver = webdriver.Chrome(service=Service(find(DRIVER), env=environment), options=options)
        except BaseException:
            shutil.rmtree(self.profile, ignore_errors=True)
            raise
        self.driver.set_page_load_timeout(LOAD_WITHIN_S)
        self.driver.set_script_timeout(LOAD_WITHIN_S)
        self.console, self.requests = [], []

    def close(self):
        try:
            self.driver.quit()
        finally:
            shutil.rmtree(self.profile, ignore_errors=True)

    def open(self, url):
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, selector):
        """What a reader sees there; "" where there is nothing."""
        return self.run("const at = document.querySelector(arguments[0]); return at ? at.innerText.trim() : ''", selector)

    def number(self, selector):
        """A count there, its commas taken out; None where there is none."""
        text = self.text(selector).replace(",", "")
        return int(text) if text.isdigit() else None

    def until(self, condition, what, within_s=30):
        """Waits until condition() is true; who gives up says what the page looked like."""
        end = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"waited {within_s} s in vain: {what}\n{self.run('return document.body.innerText')[:3000]}")
            time.sleep(0.05)

    def size(self, width, height, mobile=False):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile})

    def media(self, scheme="light", motion="no-preference"):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": motion}]})

    def too_wide(self):
        """What stands out over the right edge of the window, if the page can be scrolled sideways."""
        return self.run("""
            const page = document.documentElement;
            if (page.scrollWidth <= page.clientWidth && document.body.scrollWidth <= page.clientWidth) return [];
            return [...document.querySelectorAll("body *")].filter((at) => at.getBoundingClientRect().right > page.clientWidth + 1)
              .slice(0, 5).map((at) => at.outerHTML.slice(0, 120)).concat([page.scrollWidth + " over " + page.clientWidth]);""")

    def contrast(self):
        """The five texts that are hardest to read: [ratio, text, colour]."""
        return self.run(CONTRAST)

    def gather(self):
        """Console lines and requests so far, kept in .console and .requests."""
        self.console += self.driver.get_log("browser")
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                self.requests.append(message["params"]["url"])

    def forget(self):
        """What was gathered so far belonged to another test."""
        self.gather()
        self.console, self.requests = [], []

    def complaints(self):
        """What the console holds beside connections that a stopped server refused."""
        self.gather()
        return [entry["message"] for entry in self.console
                if entry["level"] in ("SEVERE", "WARNING") and "ERR_CONNECTION" not in entry["message"]]

    def strangers(self, origin):
        """Requests that left the origin; the browser's own pages are none."""
        self.gather()
        return [url for url in self.requests if urlsplit(url).scheme not in ("data", "chrome", "devtools", "about", "blob")
                and not (url + "/").startswith(origin + "/")]

    def picture(self, path, element=None):
        """A PNG of the window, or of one element."""
        image = element.screenshot_as_png if element is not None else self.driver.get_screenshot_as_png()
        with open(path, "wb") as file:
            file.write(image)
