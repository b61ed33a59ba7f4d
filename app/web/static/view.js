// Shows the large view of a picture in a dialog over the list it stands in. The address follows,
// so that it can be shared, and "back" closes the dialog.
import { say } from "./messages.js";
import { load } from "./update.js";
import "./image.js";

const dialog = document.createElement("dialog");
dialog.className = "viewer";
dialog.setAttribute("aria-label", say("picture"));
dialog.tabIndex = -1;
document.body.append(dialog);

let wanted; // the link of the picture that was asked for last
let shown; // the link of the picture that stands there
const changes = new MutationObserver(() => go(wanted)); // it is there now, or has failed

const links = () => [...document.querySelectorAll("a[data-view]")];
const neighbour = (link, step) => links()[links().indexOf(link) + step];

function tool(label, sign, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = sign;
  button.setAttribute("aria-label", label);
  button.addEventListener("click", act);
  return button;
}

const tools = document.createElement("div");
tools.className = "tools";
tools.append(
  tool(say("previous"), "←", () => step(-1)),
  tool(say("next"), "→", () => step(1)),
  tool(say("close"), "✕", () => dialog.close()),
);
const told = document.createElement("p");
told.setAttribute("role", "status");
const place = document.createElement("div");
dialog.append(tools, told, place);

function tell(text, style) {
  told.className = style;
  told.textContent = text;
}

async function show(link) {
  wanted = link;
  tell("", "hidden");
  changes.disconnect();
  changes.observe(link, { childList: true, subtree: true });
  link.scrollIntoView({ block: "nearest" });
  const page = await load(link.href);
  if (wanted !== link) return; // somebody is faster than the service
  shown = link;
  const view = page.getElementById("view") ?? page.querySelector("main > *");
  place.replaceChildren(view);
  tell(view.querySelector("h1")?.textContent ?? "", "hidden"); // for those who hear it
  const change = dialog.open ? "replaceState" : "pushState";
  history[change]({ viewed: true }, "", link.href);
  if (!dialog.open) dialog.showModal();
  if (!dialog.contains(document.activeElement)) dialog.focus();
}

// Shows another picture; where it cannot be had now, what stands there stays.
async function go(link) {
  await show(link).catch(() => {
    if (wanted === link) wanted = shown;
    complain();
  });
}

function complain() {
  tell(say("away"), "problem");
}

function step(by) {
  const next = neighbour(wanted, by);
  if (next) go(next);
}

// Deletes the picture and goes on to the next one.
async function remove(form) {
  tell("", "hidden");
  const link = shown;
  const image = form.action.replace(/gallery\/([^/]*)\/delete$/, "images/$1");
  const answer = await fetch(image, { method: "DELETE" });
  if (!answer.ok && answer.status !== 404) return form.submit();
  const next = neighbour(link, 1) ?? neighbour(link, -1);
  link.dispatchEvent(new CustomEvent("removed", { bubbles: true }));
  link.closest("li")?.remove();
  if (wanted !== link) return; // somebody has gone on
  if (next) await go(next);
  else dialog.close();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-view]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  show(link).catch(() => location.assign(link.href));
});

document.addEventListener("keydown", (event) => {
  if (!dialog.open) return;
  if (event.key === "ArrowRight") step(1);
  if (event.key === "ArrowLeft") step(-1);
});
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("submit", (event) => {
  if (!event.target.action.endsWith("/delete")) return;
  event.preventDefault();
  remove(event.target).catch(complain);
});
dialog.addEventListener("close", () => {
  if (history.state?.viewed) history.back();
  changes.disconnect();
  place.replaceChildren();
  const last = wanted.isConnected ? wanted : document.getElementById("main");
  wanted = shown = null; // what is still loading comes too late
  last.focus();
});

addEventListener("popstate", () => {
  if (dialog.open) dialog.close();
});
