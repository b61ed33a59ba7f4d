// The pictures of a download, or of several, to choose from. All are known here, but the document has only those near
// the window: sheets of them, of which far ones are empty and keep their height.
import { follow } from "./download.js";
import { HERE, adopt, load } from "./update.js";
import { copy } from "./copy.js";
import { say } from "./messages.js";

const SHEET = 24; // fills whole rows in any number of columns that the style sheet makes
const WAIT_SECONDS = 30;

const form = document.getElementById("choose");
const grid = document.getElementById("pictures");
const find = (selector) => form.querySelector(selector);
const [save, copier, sort, least, kinds] = [".primary", "[data-addresses]", "[data-sort]", "[data-least]", "[data-kinds]"].map(find);
const told = find("[role=status]");
const copierLabel = copier.textContent;

const items = new Map(); // by the id of the entry; in the order of these ids they are on the page
let shown = []; // of these, what passes the filters, in the order that is wanted
let last; // the item whose box was clicked last

class Item {
  constructor(element, page) {
    this.element = element;
    this.page = page;
    this.read();
  }

  read() {
    const { url, kind, sides = "" } = this.element.dataset;
    const [width = 0, height = 0] = sides.split(" ").map(Number);
    this.url = url;
    this.kind = kind;
    this.side = Math.max(width, height);
    this.area = width * height;
    this.box = this.element.querySelector("input");
  }

  get id() {
    return this.box.value;
  }
}

// Takes what a page of them says; what is no more on it may be on another.
function merge(copy) {
  const { page } = copy.getElementById("pictures").dataset;
  for (const item of items.values()) if (item.page === page) item.page = null;
  for (const element of copy.querySelectorAll("#pictures li")) {
    const item = items.get(element.id);
    if (!item) items.set(element.id, new Item(element, page));
    else {
      item.page = page;
      adopt(item.element, element);
      item.read();
    }
  }
  arrange();
}

function isSettled(page) {
  const there = [...items.values()].filter((item) => item.page === page);
  return there.length > 0 && !there.some((item) => "running" in item.element.dataset);
}

async function mergeAll(copy) {
  merge(copy);
  await mergeOthers(copy);
}

let known; // how many downloads had been read: each that is moves the pictures of those behind it

// Takes what the other pages say, too.
async function mergeOthers(copy) {
  const { page: here, pages, read } = copy.getElementById("pictures").dataset;
  const address = new URL(HERE);
  for (let page = 1; page <= pages; page++) {
    if (String(page) === here || (read === known && isSettled(String(page)))) continue;
    address.searchParams.set("page", page);
    const other = await load(address);
    merge(other);
    if (other.getElementById("pictures").dataset.read !== read) return; // the next look takes it from there
  }
  known = read;
  for (const [id, item] of items) if (item.page === null) items.delete(id);
  arrange();
}

// Which are shown, and in which order.
function arrange() {
  for (const kind of new Set([...items.values()].map((item) => item.kind))) addKind(kind);
  const wanted = new Set([...kinds.querySelectorAll(":checked")].map((box) => box.value));
  const boxes = kinds.querySelectorAll("input").length;
  kinds.hidden = boxes < 2;
  const all = [...items.keys()].sort().map((id) => items.get(id));
  const most = Math.ceil(Math.max(...all.map((item) => item.side), 0) / 10) * 10;
  if (Number(least.max) !== most) least.max = most;
  least.closest("label").hidden = sort.closest("label").hidden = most === 0;
  shown = all.filter((item) => !item.box || ((!item.kind || wanted.has(item.kind)) && (!item.side || item.side >= least.value)));
  if (sort.value !== "page") {
    const sign = sort.value === "largest" ? -1 : 1;
    shown = shown.map((item, place) => [item, place]).sort(([a, i], [b, j]) => sign * (a.area - b.area) || i - j).map(([item]) => item);
  }
  lay();
  tell();
}

function addKind(kind) {
  if (!kind || kinds.querySelector(`[value="${kind}"]`)) return;
  const label = document.createElement("label");
  const box = document.createElement("input");
  Object.assign(box, { type: "checkbox", value: kind, checked: true });
  label.append(box, ` ${kind}`);
  kinds.append(label);
}

const contents = new WeakMap(); // of sheets: their items
const near = new Set();
const nearby = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting, boundingClientRect } of entries) {
      if (isIntersecting) unfold(target);
      else fold(target, boundingClientRect.height); // to ask for it would lay the page out once more
    }
  },
  { rootMargin: "50%" },
);

function lay() {
  const sheets = [...grid.children];
  const count = Math.max(1, Math.ceil(shown.length / SHEET));
  while (sheets.length < count) {
    const sheet = sheets[0].cloneNode(false);
    grid.append(sheet);
    sheets.push(sheet);
    nearby.observe(sheet);
  }
  for (const sheet of sheets.splice(count)) {
    nearby.unobserve(sheet);
    near.delete(sheet);
    sheet.remove();
  }
  sheets.forEach((sheet, place) => {
    contents.set(sheet, shown.slice(place * SHEET, (place + 1) * SHEET));
    if (near.has(sheet)) unfold(sheet);
    else if (!sheet.children.length) sheet.style.height ||= `${height()}px`;
  });
}

// All whole sheets are alike in height.
function height() {
  const whole = [...near].find((sheet) => contents.get(sheet)?.length === SHEET && sheet.children.length === SHEET);
  return whole?.getBoundingClientRect().height ?? innerHeight;
}

function unfold(sheet) {
  near.add(sheet);
  const wanted = contents.get(sheet).map((item) => item.element);
  sheet.style.height = "";
  if (wanted.length !== sheet.children.length || wanted.some((element, place) => sheet.children[place] !== element)) {
    const focused = document.activeElement;
    sheet.replaceChildren(...wanted);
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  }
}

function fold(sheet, height) {
  if (sheet.contains(document.activeElement)) return;
  near.delete(sheet);
  sheet.style.height = `${height}px`;
  sheet.replaceChildren();
}

// What is chosen, of what is shown, in this order.
const boxed = () => shown.filter((item) => item.box);
const chosen = () => boxed().filter((item) => item.box.checked);

function tell() {
  const [count, all] = [chosen().length, boxed().length];
  find(".sieve").hidden = find(".basket").hidden = ![...items.values()].some((item) => item.box);
  save.disabled = copier.disabled = count === 0;
  save.textContent = say(["save", "save_one"][count] ?? "save_many", { count });
  told.textContent = say("chosen_of", { count, all });
}

const PICK = { all: () => true, none: () => false, invert: (checked) => !checked };

form.addEventListener("click", (event) => {
  if (event.target !== copier) copier.textContent = copierLabel; // no more "Copied"
  const pick = PICK[event.target.closest("[data-pick] button")?.value];
  if (pick) for (const { box } of boxed()) box.checked = pick(box.checked);
  if (event.target.name === "images") choose(event.target, event.shiftKey);
  else if (pick) tell();
});

// With Shift, all up to the box that was clicked before become as this one.
function choose(box, range) {
  const all = boxed();
  const place = all.findIndex((item) => item.box === box);
  const from = all.indexOf(last);
  if (range && from >= 0) {
    for (const item of all.slice(Math.min(from, place), Math.max(from, place) + 1)) item.box.checked = box.checked;
  }
  last = all[place];
  tell();
}

find(".sieve").addEventListener("input", () => {
  least.nextElementSibling.textContent = say("pixels", { count: Number(least.value) });
  arrange();
});

copier.addEventListener("click", () => copy(chosen().map((item) => item.url).join("\n"), copier));

// Enter on a box or in a filter is meant for that.
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input")) event.preventDefault();
});

form.addEventListener("formdata", ({ formData }) => {
  formData.delete("images");
  for (const item of chosen()) formData.append("images", item.id);
});

// Where the download of a picture stands, with the address for zips of it.
function archiveOf({ element }) {
  const { of } = element.dataset;
  return of ? document.getElementById(`download-${of}`) : form.closest("[data-archive]");
}

let making = false; // the button is not disabled meanwhile: it would lose the focus

// The zip is made while this page stays, and is then saved by the browser.
form.addEventListener("submit", async (event) => {
  if (!archiveOf(chosen()[0])) return; // of a preview
  event.preventDefault();
  if (making) return;
  making = true;
  told.textContent = say("zipping");
  await saveZip(chosen()).then(tell, (error) => {
    told.textContent = error.message;
  });
  making = false;
});

async function answerOf(url, options) {
  const answer = await fetch(url, options).catch(() => {
    throw new Error(say("away"));
  });
  const said = await answer.json();
  const wrong = said.errors?.images;
  if (!answer.ok) throw new Error(Array.isArray(wrong) ? wrong[0] : wrong ? say("deleted") : said.detail);
  return said;
}

async function saveZip(items) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ images: items.map((item) => item.id) });
  const { archive } = archiveOf(items[0]).dataset;
  const asked = await answerOf(archive, { method: "POST", headers, body });
  let job;
  do job = await answerOf(asked.status_url, { headers: { Prefer: `wait=${WAIT_SECONDS}` } });
  while (["queued", "running"].includes(job.status));
  if (job.status !== "finished") throw new Error(job.error.detail);
  location.assign(asked.download_url);
}

document.addEventListener("removed", ({ target }) => {
  items.delete(target.closest("li").id);
  arrange();
});

copier.hidden = false;
form.querySelector(".pages")?.remove();
form.querySelectorAll("input[type=hidden]").forEach((input) => input.remove());
nearby.observe(grid.firstElementChild);
near.add(grid.firstElementChild);
merge(document);
addEventListener("load", () => {
  import("./view.js");
  mergeOthers(document).catch(() => {}); // the service may be gone for a moment
});
follow(mergeAll);
