// Shows the large view of a picture in a dialog over the list it stands in. The address follows,
// so that it can be shared, and "back" closes the dialog.
import { load } from "./update.js";
import "./image.js";

const dialog = document.createElement("dialog");
dialog.className = "viewer";
dialog.setAttribute("aria-label", "Picture");
dialog.tabIndex = -1;
document.body.append(dialog);

let current; // the link of the picture that is shown
const changes = new MutationObserver(() => show(current)); // it is there now, or has failed

const links = () => [...document.querySelectorAll("a[data-view]")];
const neighbour = (step) => links()[links().indexOf(current) + step];

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
  tool("Previous", "←", () => step(-1)),
  tool("Next", "→", () => step(1)),
  tool("Close", "✕", () => dialog.close()),
);
const place = document.createElement("div");
dialog.append(tools, place);

async function show(link) {
  current = link;
  changes.disconnect();
  changes.observe(link, { childList: true, subtree: true });
  link.scrollIntoView({ block: "nearest" });
  const page = await load(link.href);
  if (current !== link) return; // somebody is faster than the service
  const view = page.getElementById("view") ?? page.querySelector("main > *");
  place.replaceChildren(view);
  const change = dialog.open ? "replaceState" : "pushState";
  history[change]({ viewed: true }, "", link.href);
  if (!dialog.open) dialog.showModal();
  if (!dialog.contains(document.activeElement)) dialog.focus();
}

function step(by) {
  const next = neighbour(by);
  if (next) show(next);
}

// Deletes the picture and goes on to the next one.
async function remove(form) {
  const link = current;
  const image = form.action.replace(/.*\/gallery\/(.*)\/delete/, "/images/$1");
  const answer = await fetch(image, { method: "DELETE" });
  if (!answer.ok && answer.status !== 404) return form.submit();
  const next = neighbour(1) ?? neighbour(-1);
  link.closest("li").remove();
  if (current !== link) return; // somebody has gone on
  if (next) await show(next);
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
  remove(event.target);
});
dialog.addEventListener("close", () => {
  if (history.state?.viewed) history.back();
  changes.disconnect();
  place.replaceChildren();
  const last = current.isConnected ? current : document.getElementById("main");
  current = null; // what is still loading comes too late
  last.focus();
});

addEventListener("popstate", () => {
  if (dialog.open) dialog.close();
});
