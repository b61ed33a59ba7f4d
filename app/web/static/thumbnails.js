// Thumbnails are made when they are wanted. This page wants those near the window: it asks for all of
// them by one request, again and again, and loads each when it is made. Without this script the browser
// asks for each by itself. It runs before the body is parsed, and takes the addresses of lazy images
// away before they are used.

(() => {
  const THUMBNAIL = /\/images\/([\w-]+)\/thumbnail$/;
  const gallery = new URL("../gallery", document.currentScript.src).pathname;
  const MOST = 60; // in one request
  const [SHORT, LONG] = [300, 2000]; // milliseconds between two requests
  const LATER = [202, 429, 503];

  const made = new Set(); // addresses
  const near = new Set(); // images that wait near the window
  let pause = SHORT;
  let timer = null;

  const nearby = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) near[isIntersecting ? "add" : "delete"](target);
      pause = SHORT;
      askSoon(50);
    },
    { rootMargin: "50%" },
  );

  function hold(img) {
    const address = img.getAttribute("src") ?? img.dataset.thumbnail;
    if (img.loading !== "lazy" || !THUMBNAIL.test(address)) return;
    if (made.has(address)) return show(img, address);
    img.dataset.thumbnail = address;
    img.removeAttribute("src");
    nearby.observe(img);
  }

  function show(img, address) {
    nearby.unobserve(img);
    near.delete(img);
    delete img.dataset.thumbnail;
    if (img.getAttribute("src") !== address) img.src = address;
  }

  function askSoon(milliseconds) {
    timer ??= setTimeout(ask, milliseconds);
  }

  function isOutside(img) {
    const { top, bottom } = img.getBoundingClientRect();
    return bottom < 0 || top > innerHeight;
  }

  // The first is made first: what is in the window, from its top.
  function wanted() {
    const images = [...near].filter((img) => img.isConnected && img.dataset.thumbnail);
    const places = images.map((img) => [isOutside(img), img]);
    return places.sort(([a], [b]) => a - b).map(([, img]) => img).slice(0, MOST);
  }

  async function ask() {
    const images = wanted();
    if (images.length) {
      const fresh = await answered(images).catch(() => []); // the service may be gone for a moment
      pause = fresh.length ? SHORT : Math.min(2 * pause, LONG);
      for (const img of fresh) {
        made.add(img.dataset.thumbnail);
        show(img, img.dataset.thumbnail);
      }
    }
    timer = null;
    if (wanted().length) askSoon(pause);
  }

  // Returns the images that wait no longer: their thumbnail is made, or cannot be.
  async function answered(images) {
    const ids = new Map(images.map((img) => [THUMBNAIL.exec(img.dataset.thumbnail)[1], img]));
    const answer = await fetch(`${gallery}/thumbnails?ids=${[...ids.keys()]}`);
    if (!answer.ok) return [];
    for (const id of (await answer.json()).waiting) ids.delete(id);
    return [...ids.values()].filter((img) => img.dataset.thumbnail);
  }

  const changes = new MutationObserver((records) => {
    for (const { type, target, addedNodes } of records) {
      if (type === "attributes") hold(target);
      for (const node of addedNodes) {
        if (node.matches?.("img")) hold(node);
        node.querySelectorAll?.("img").forEach(hold);
      }
    }
  });
  changes.observe(document, { subtree: true, childList: true, attributeFilter: ["src"] });

  // What could not be made just now waits again.
  document.addEventListener(
    "error",
    async ({ target }) => {
      const address = target.getAttribute?.("src");
      if (!made.has(address)) return;
      const { status } = await fetch(address).catch(() => ({ status: 503 }));
      if (!LATER.includes(status)) return;
      made.delete(address);
      hold(target);
    },
    true,
  );
})();
