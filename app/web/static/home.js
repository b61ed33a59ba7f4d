// The form: says that it is on its way, takes what the bookmarklet sends, and hands the bookmarklet out.
import { collect } from "./collect.js";
import { copy } from "./copy.js";
import { say } from "./messages.js";

const form = document.querySelector(".ask");
const button = form.querySelector(".primary");
const buttons = form.querySelectorAll(".actions button");
const told = form.querySelector("[role=status]");

form.querySelector("[aria-invalid]")?.focus();

form.addEventListener("submit", () => {
  setTimeout(() => disable(true)); // a second click would ask for everything again
  told.textContent = say("sending");
});

// A list, chosen or dropped anywhere on the page, is shown before it is sent.
async function takeFiles(files) {
  for (const file of files) {
    const text = file.size > 4_000_000 ? "\0" : (await file.text()).replace(/^\uFEFF/, "");
    if (/[\0\uFFFD]/.test(text)) told.textContent = say("no_text", { name: file.name });
    else form.elements.urls.value = [form.elements.urls.value, text].join("\n").trim();
  }
}

form.elements.list.addEventListener("change", async ({ target }) => {
  await takeFiles(target.files);
  target.value = "";
});
addEventListener("dragover", (event) => {
  if (event.dataTransfer.types.includes("Files")) event.preventDefault();
});
addEventListener("drop", (event) => {
  if (!event.dataTransfer.files.length) return;
  event.preventDefault(); // or the browser would open the file in place of this page
  takeFiles(event.dataTransfer.files);
});

function disable(disabled) {
  for (const each of buttons) each.disabled = disabled;
}

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  disable(false);
  told.textContent = "";
});

// What stands behind the # comes from any site: it only fills the form, and a person sends it.
function takeFragment() {
  const sent = new URLSearchParams(location.hash.slice(1));
  if (!sent.get("url")) return;
  const images = sent.getAll("image");
  form.elements.urls.value = sent.get("url");
  form.elements.image_urls.value = images.join("\n");
  form.elements.kind.value = "pages";
  form.elements.limit.value = images.length ? Math.min(images.length, form.elements.limit.max) : "";
  form.querySelector(".options").open = images.length > 0;
  told.textContent = say(["sent", "sent_one"][images.length] ?? "sent_many", { count: images.length });
  history.replaceState(null, "", location.pathname);
  button.focus();
}

addEventListener("hashchange", takeFragment);
takeFragment();

const bookmarklet = document.querySelector(".bookmarklet");
const link = bookmarklet.querySelector("a");
link.href = `javascript:(${encodeURIComponent(collect)})("${new URL("..", import.meta.url).href.slice(0, -1)}")`;
link.addEventListener("click", (event) => {
  event.preventDefault(); // here, it has nothing to look at
  bookmarklet.querySelector("[role=status]").textContent = say("drag");
});
bookmarklet.querySelector("button").addEventListener("click", ({ target }) => copy(link.href, target));
bookmarklet.hidden = false;
