// The page of one image, and its large view: follows it until it is there, and copies its link.
import { poll } from "./update.js";

async function copy(button) {
  const link = new URL(button.dataset.copy, location.href).href;
  try {
    await navigator.clipboard.writeText(link);
    button.textContent = "Copied";
  } catch {
    prompt("Copy this link:", link); // where a browser gives scripts no clipboard
  }
}

document.addEventListener("click", ({ target }) => {
  if (target.matches("[data-copy]")) copy(target);
});

// The large view changes the address only. After a reload, "back" and "forward" do no more.
const { pathname } = location;
addEventListener("popstate", () => {
  if (location.pathname !== pathname) location.reload();
});

if (document.querySelector("#view[data-running]")) poll(["view"]);
