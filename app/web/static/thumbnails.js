// A thumbnail is made when it is first asked for. Until then the answer is 202, which is no
// picture: ask again when it says so, for as long as the page shows that place.

const LATER = [202, 429, 503];

async function wait(img) {
  const answer = await fetch(img.src);
  if (LATER.includes(answer.status)) {
    const seconds = Number(answer.headers.get("Retry-After")) || 1;
    setTimeout(() => img.isConnected && wait(img).catch(() => {}), seconds * 1000);
  } else if (answer.ok) {
    img.src = img.src; // loads it, from the cache
  }
}

function isMissing(img) {
  return img.complete && !img.naturalWidth && img.currentSrc;
}

const THUMBNAILS = 'img[src$="/thumbnail"]';

document.addEventListener(
  "error",
  ({ target }) => target.matches?.(THUMBNAILS) && wait(target).catch(() => {}),
  true,
);
// Those that were asked for before this script was there.
for (const img of document.querySelectorAll(THUMBNAILS)) if (isMissing(img)) wait(img).catch(() => {});
