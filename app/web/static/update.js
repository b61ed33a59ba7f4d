// Brings parts of this page up to date with a newer copy of it; what is the same is not touched,
// so that pictures stay loaded and the focus stays where it is.
import { localize } from "./times.js";

export const POLL_MILLISECONDS = 1500;
export const HERE = location.href; // while a picture is shown large, the address is that picture's

export async function load(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  const gone = url === HERE && [404, 410].includes(answer.status);
  if (gone || answer.redirected) location.reload(); // redirected: to the question for a key
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  localize(page);
  return page;
}

// Updates the parts with these ids; `take` gets the newer copy too.
export async function update(ids, take = async () => {}) {
  const fresh = await load(HERE);
  if (fresh.getElementById(ids[0])) document.title = fresh.title;
  for (const id of ids) {
    const next = fresh.getElementById(id);
    if (next) keepFocus(() => adopt(document.getElementById(id), next));
  }
  await take(fresh);
}

// Changes the page; where what had the focus goes, what took its place among the actions gets it.
function keepFocus(change) {
  const focused = document.activeElement;
  const actions = focused.closest(".actions");
  change();
  if (actions && !focused.isConnected) actions.querySelector("a, button, summary")?.focus();
}

// Tells whether the page shows a job that has not ended.
export function isRunning() {
  return document.querySelector("[data-running]") !== null;
}

export function poll(ids, take) {
  setTimeout(async () => {
    await update(ids, take).catch(() => {}); // the service may be gone for a moment
    if (isRunning()) poll(ids, take);
  }, POLL_MILLISECONDS);
}

// Makes an element what a newer copy of it is.
export function adopt(current, next) {
  if (current.isEqualNode(next)) return;
  if (current.matches("li:has(details[open])")) return; // somebody is about to answer a question
  for (const { name } of [...current.attributes]) {
    if (!next.hasAttribute(name)) current.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (current.getAttribute(name) !== value) current.setAttribute(name, value);
  }
  if (!next.children.length || hasText(current) || hasText(next)) {
    current.replaceChildren(...next.childNodes);
  } else {
    adoptChildren(current, next);
  }
}

function hasText(element) {
  return [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
}

// Entries with an id are matched by it, the others by their place.
function adoptChildren(current, next) {
  const wanted = new Set([...next.children].map((child) => child.id));
  for (const child of [...current.children]) {
    if (child.id && !wanted.has(child.id)) child.remove();
  }
  let at = current.firstElementChild;
  for (const child of [...next.children]) {
    if (at && at.tagName === child.tagName && at.id === child.id) {
      adopt(at, child);
      at = at.nextElementSibling;
    } else {
      current.insertBefore(child, at);
    }
  }
  while (at) {
    const rest = at.nextElementSibling;
    at.remove();
    at = rest;
  }
}
