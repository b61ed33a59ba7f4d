// What the bookmarklet does on the page of another site. It is sent there as text, so it stands for
// itself: nothing of ours is there. It asks no server: it opens our page with what it found behind
// the #, which browsers keep to themselves, and there people decide.
export function collect(home) {
  const MOST = 500;
  const ROOM = 200_000; // characters
  const found = new Set();

  function shown(element) {
    switch (element.localName) {
      case "img":
        return element.width > 1 && element.currentSrc;
      case "image": // of an SVG
        return element.href?.baseVal;
      case "input":
        return element.type === "image" && element.src;
      case "video":
        return element.poster;
    }
  }

  function add(url) {
    try {
      const { href, protocol } = new URL(url, document.baseURI);
      if (/^https?:$/.test(protocol)) found.add(href);
    } catch {
      // what a browser cannot read, it does not show
    }
  }

  for (const element of document.querySelectorAll("body, body *")) {
    if (!element.getClientRects().length) continue;
    const own = shown(element);
    if (own) add(own);
    for (const [, url] of getComputedStyle(element).backgroundImage.matchAll(/url\("([^"]*)"\)/g)) add(url);
  }
  const told = new URLSearchParams({ url: location.href.replace(/#.*/, "") });
  let room = ROOM;
  for (const url of [...found].slice(0, MOST)) {
    room -= encodeURIComponent(url).length;
    if (room > 0) told.append("image", url);
  }
  window.open(`${home}/#${told}`, "_blank", "noopener");
}
