"""What is run in a page, in a world of its own that the page's scripts cannot reach into."""

# In a network without interfaces the browser takes itself to be offline, and some pages then load
# nothing. This one is run in the page's own world, before the scripts there.
ONLINE = """
Object.defineProperty(
  Navigator.prototype, 'onLine', {get: () => true, enumerable: true, configurable: true});"""

# Two turns without anything to do: the first alone ends too early on a busy machine.
IDLE = """
new Promise(resolve => {
  const idle = then => requestIdleCallback(then, {timeout: 1000});
  idle(() => idle(() => resolve(true)));
})"""

# Elements with such names hide what documents and forms have themselves.
BUILT_IN = """
  const method = (type, name) => (self, ...rest) => type.prototype[name].apply(self, rest);
  const property = (type, name) => {
    const read = Object.getOwnPropertyDescriptor(type.prototype, name).get;
    return self => read.call(self);
  };
  const boxOf = method(Element, 'getBoundingClientRect');
  const isVisible = method(Element, 'checkVisibility');
  const visible = element => {
    const box = boxOf(element);
    return box.width >= 3 && box.height >= 3
      && isVisible(element, {visibilityProperty: true, opacityProperty: true});
  };"""

# How far the page is scrolled, in numbers that change when there is more to come; counted from the
# first time on, anywhere on the page. What is in sight is noted, for lists that keep nothing else:
# each image with what it is in, the one before it, and where its middle is in coordinates of the
# document.
PLACE = """
(() => {
  BUILT_IN
  const MOST_NOTED = 1000, LONGEST = 8192;
  const all = method(Document, 'querySelectorAll'), around = property(Node, 'parentElement');
  const left = property(Element, 'scrollLeft'), top = property(Element, 'scrollTop');
  const scrolling = property(Document, 'scrollingElement');
  if (typeof globalThis.scrolls !== 'number') {
    globalThis.scrolls = 0;
    const count = () => { globalThis.scrolls++; };
    addEventListener('scroll', count, {capture: true, passive: true});
    globalThis.noted = new Map();
    globalThis.placeOf = image => {
      const box = boxOf(image);
      for (let outer = around(image); outer; outer = around(outer)) {
        box.x += left(outer);
        box.y += top(outer);
      }
      return box;
    };
  }
  let before = '';
  for (const image of all(document, 'img')) {
    const whole = image.naturalWidth ? image.currentSrc : '';
    if (whole.length > LONGEST || !/^https?:/.test(whole) || noted.size >= MOST_NOTED) continue;
    const [url] = whole.split('#'), seen = boxOf(image);
    if (!noted.has(image) && seen.bottom > 0 && seen.top < innerHeight && visible(image)) {
      const box = placeOf(image), x = box.x + box.width / 2, y = box.y + box.height / 2;
      const parent = around(image) ?? document, alt = image.alt.slice(0, 300).toWellFormed();
      noted.set(image, {parent, url, before, alt, x, y});
    }
    before = url;
  }
  return [globalThis.scrolls, scrolling(document)?.scrollHeight ?? 0];
})()""".replace("BUILT_IN", BUILT_IN)

# The same, when there is nothing to do.
IDLE_PLACE = f"({IDLE}).then(() => {PLACE})"

# The page as it is now. Style sheets are replaced by what they paint, as `style` attributes: the
# browser has decided the cascade, whatever host a sheet is from.
TAKE = """
((marker, mostCharacters, mostElements) => {
  BUILT_IN
  const PAINTED = ['background-image', 'border-image-source', 'mask-image', 'content'];
  const SHEETS = 'style, link[rel~="stylesheet" i]';
  const MOST_SHOWN = 10000, LONGEST = 8192, MOST_FRAMES = 50;
  let elements = 0, characters = 0, numbers = 0;

  const rootOf = property(Document, 'documentElement'), urlOf = property(Document, 'URL');
  const baseOf = property(Node, 'baseURI'), shadowOf = property(Element, 'shadowRoot');
  const read = method(Element, 'getAttribute'), write = method(Element, 'setAttribute');
  const kindOf = property(Node, 'nodeType');
  const all = (root, selector) =>
    (kindOf(root) === Node.DOCUMENT_NODE ? Document : DocumentFragment)
      .prototype.querySelectorAll.call(root, selector);

  const names = value => /url\\((?!"data:)/.test(value);
  const painted = (element, pseudo) => {
    const style = getComputedStyle(element, pseudo);
    if (pseudo && (style.content === 'none' || style.content === 'normal')) return [];
    const values = PAINTED.map(name => style.getPropertyValue(name));
    if (style.display === 'list-item' && !pseudo) values.push(style.listStyleImage);
    return values.filter(names).map(value => value.replace(/^content: /, ''));
  };
  const addresses = values => values.flatMap(
    value => [...value.matchAll(/url\\("((?:[^"\\\\]|\\\\.)*)"\\)/g)].map(found => found[1]));

  const own = element => {
    switch (element.localName) {
      case 'img':
        return element.complete && element.naturalWidth ? element.currentSrc || element.src : '';
      case 'input': return element.type === 'image' ? element.src : '';
      case 'video': return element.poster;
      case 'image': return element.href?.baseVal ?? '';
      case 'canvas': return 'canvas:';
    }
    return '';
  };

  // What was in sight and is gone with what it was in, as rows of lists are: an image that has gone
  // alone showed that something loads. What has another image in its place was a preview.
  const gone = () => {
    const connected = property(Node, 'isConnected');
    const noted = globalThis.noted instanceof Map ? globalThis.noted : [];
    const left = [...noted].filter(
      ([image, {parent}]) => !connected(image) && !connected(parent));
    const boxes = left.length ? [...all(document, 'img')].map(globalThis.placeOf) : [];
    const fills = (box, {x, y}) =>
      box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
    return left
      .filter(([, place]) => !boxes.some(box => fills(box, place)))
      .map(([, {url, before, alt}]) => [url, before, alt]);
  };

  const take = page => {
    const shown = [], frames = [], shadows = [], changes = [];
    const base = baseOf(page);
    const show = (written, alt) => {
      if (shown.length >= MOST_SHOWN || written.length > LONGEST) return;
      if (/^(?:#|$)/.test(written)) return;  // nothing, or a part of the page itself
      try {
        const url = written === 'canvas:' ? written : new URL(written, base).href;
        shown.push([url, String(alt ?? '').slice(0, 300).toWellFormed()]);
      } catch {}
    };
    const walk = root => {
      for (const element of all(root, '*')) {
        if (++elements > mostElements) break;
        const url = own(element);
        if (url && visible(element)) show(url, element.alt);
        if (element.localName === 'iframe' || element.localName === 'frame') {
          let inner = null;
          try { inner = element.contentDocument; } catch {}
          if (inner && rootOf(inner) && numbers < MOST_FRAMES) {
            const number = numbers++;
            frames.push([number, take(inner)]);
            changes.push([element, 'data-bg', `${marker}${number}`]);
          }
          continue;
        }
        const values = [null, '::before', '::after'].flatMap(pseudo => painted(element, pseudo));
        if (values.length) {
          if (visible(element)) for (const url of addresses(values)) show(url);
          const style = read(element, 'style') ?? '';
          const image = `background-image:${values.join(',')}!important`;
          changes.push([element, 'style', `${style};${image}`]);
        }
        const shadow = shadowOf(element);
        if (shadow) {
          shadows.push(shadow);
          walk(shadow);
        }
      }
    };
    walk(page);
    for (const [element, name, value] of changes) {
      write(element, name, value);
      if (name === 'data-bg') element.removeAttribute('srcdoc');
    }
    for (const root of [page, ...shadows]) {
      for (const sheet of all(root, SHEETS)) sheet.remove();
    }
    const whole = rootOf(page);
    const [open, close] = whole.cloneNode(false).outerHTML.split(/(?=<\\/html>$)/);
    const content = whole.getHTML({serializableShadowRoots: true, shadowRoots: shadows});
    const html = `<!DOCTYPE html>${open}${content}${close ?? ''}`.toWellFormed();
    characters += html.length;
    if (characters > mostCharacters) throw new RangeError('too large');
    return {url: urlOf(page), base, html, shown, frames};
  };
  const dropped = gone();
  return JSON.stringify({...take(document), gone: dropped});
})
""".replace("BUILT_IN", BUILT_IN)
