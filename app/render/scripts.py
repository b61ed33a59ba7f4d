"""What is run in a page, in a world of its own that the page's scripts cannot reach into."""

# Two turns without anything to do: the first alone ends too early on a busy machine.
IDLE = """
new Promise(resolve => {
  const idle = then => requestIdleCallback(then, {timeout: 1000});
  idle(() => idle(() => resolve(true)));
})
"""

# Count scrolling anywhere on the page.
WATCH = """
(() => {
  if (globalThis.scrolls === undefined) {
    globalThis.scrolls = 0;
    const count = () => { globalThis.scrolls++; };
    document.addEventListener('scroll', count, {capture: true, passive: true});
  }
})()
"""

# How far the page is scrolled, in numbers that change when there is more to come.
PLACE = """
[globalThis.scrolls, document.scrollingElement?.scrollHeight ?? 0]
"""

# The page as it is now. Style sheets are replaced by what they paint, as `style` attributes: the
# browser has decided the cascade, whatever host a sheet is from.
TAKE = """
((marker, mostCharacters, mostElements) => {
  const PAINTED = ['background-image', 'border-image-source', 'mask-image', 'content'];
  const SHEETS = 'style, link[rel~="stylesheet" i]';
  let elements = 0, characters = 0, numbers = 0;

  const names = value => /url\\((?!"data:)/.test(value);
  const visible = element => {
    const box = element.getBoundingClientRect();
    return box.width >= 3 && box.height >= 3
      && element.checkVisibility({visibilityProperty: true, opacityProperty: true});
  };
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

  const take = page => {
    const shown = [], frames = [], shadows = [], changes = [];
    const base = page.baseURI;
    const show = (url, alt) => {
      try { shown.push([url === 'canvas:' ? url : new URL(url, base).href, alt ?? '']); } catch {}
    };
    const walk = root => {
      for (const element of root.querySelectorAll('*')) {
        if (++elements > mostElements) break;
        const url = own(element);
        if (url && visible(element)) show(url, element.alt);
        if (element.localName === 'iframe' || element.localName === 'frame') {
          let inner = null;
          try { inner = element.contentDocument; } catch {}
          if (inner?.documentElement && numbers < 50) {
            const number = numbers++;
            frames.push([number, take(inner)]);
            changes.push([element, 'data-bg', `${marker}${number}`]);
          }
          continue;
        }
        const values = [null, '::before', '::after'].flatMap(pseudo => painted(element, pseudo));
        if (values.length) {
          if (visible(element)) for (const url of addresses(values)) show(url);
          const style = element.getAttribute('style') ?? '';
          const image = `background-image:${values.join(',')}!important`;
          changes.push([element, 'style', `${style};${image}`]);
        }
        if (element.shadowRoot) {
          shadows.push(element.shadowRoot);
          walk(element.shadowRoot);
        }
      }
    };
    walk(page);
    for (const [element, name, value] of changes) {
      element.setAttribute(name, value);
      if (name === 'data-bg') element.removeAttribute('srcdoc');
    }
    for (const root of [page, ...shadows]) {
      for (const sheet of root.querySelectorAll(SHEETS)) sheet.remove();
    }
    const [open, close] = page.documentElement.cloneNode(false).outerHTML.split(/(?=<\\/html>$)/);
    const content = page.documentElement.getHTML(
      {serializableShadowRoots: true, shadowRoots: shadows});
    const html = `<!DOCTYPE html>${open}${content}${close ?? ''}`;
    characters += html.length;
    if (characters > mostCharacters) throw new RangeError('too large');
    return {url: page.URL, base, html, shown: shown.slice(0, 10000), frames};
  };
  return JSON.stringify(take(document));
})
"""
