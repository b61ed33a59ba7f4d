// Loads older pages while one scrolls, and keeps only the pages near the window in the document:
// a far one is folded into the text of its HTML, and leaves a gap of its height.
import { HERE, POLL_MILLISECONDS, adopt, load } from "./update.js";

const RETRY_MILLISECONDS = 2000;

const gallery = document.getElementById("gallery");
const folded = new WeakMap();
const sources = new WeakMap(); // where a sheet came from, unless from this very page

const nearby = new IntersectionObserver(
  (entries) => entries.forEach(({ target, isIntersecting }) => (isIntersecting ? unfold : fold)(target)),
  { rootMargin: "200%" },
);

const isWhole = (sheet) => sheet.children.length === Number(gallery.dataset.pageSize);

function fold(sheet) {
  if (!isWhole(sheet) || sheet.contains(document.activeElement)) return;
  folded.set(sheet, sheet.innerHTML);
  for (const img of sheet.querySelectorAll("img")) {
    if (!img.complete) img.removeAttribute("src"); // or it would be loaded all the same
  }
  sheet.replaceChildren();
}

function unfold(sheet) {
  if (!folded.has(sheet)) return;
  sheet.innerHTML = folded.get(sheet); // as the browser wrote it out: what was text stays text
  folded.delete(sheet);
}

async function loadOlder(link) {
  const page = await load(link.href);
  const sheet = page.getElementById("sheet");
  sheet.removeAttribute("id");
  sources.set(sheet, link.href);
  gallery.append(sheet);
  nearby.observe(sheet);
  const next = page.querySelector(".older");
  link.closest(".older").remove();
  if (next) {
    gallery.after(next);
    end.observe(next);
  }
}

const end = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      end.unobserve(target); // one at a time
      // The service may be gone for a moment; meanwhile, the link is there to be clicked.
      loadOlder(target.querySelector("a")).catch(() => setTimeout(() => end.observe(target), RETRY_MILLISECONDS));
    }
  },
  { rootMargin: "150%" },
);

// Shows what has become of the images of a sheet; none comes or goes.
async function refresh(sheet) {
  const page = await load(sources.get(sheet) ?? HERE);
  for (const entry of page.querySelectorAll("#sheet > li")) {
    const old = document.getElementById(entry.id);
    if (old) adopt(old, entry);
  }
}

async function poll() {
  const running = [...gallery.children].filter((sheet) => sheet.querySelector("[data-running]"));
  await Promise.allSettled(running.map(refresh)); // the service may be gone for a moment
  setTimeout(poll, POLL_MILLISECONDS);
}

if (gallery) {
  poll();
  gallery.querySelectorAll(".sheet").forEach((sheet) => nearby.observe(sheet));
  document.querySelectorAll(".older").forEach((older) => end.observe(older));
  // Whole sheets are alike in height, also after the window's width has changed.
  new ResizeObserver(() => {
    const whole = [...gallery.children].find(isWhole);
    if (whole) gallery.style.setProperty("--sheet-height", `${whole.getBoundingClientRect().height}px`);
  }).observe(gallery);
}
