// The page of one image, and its large view: follows it until it is there, and copies its link.
import "./confirm.js";
import { copy } from "./copy.js";
import { poll } from "./update.js";

document.addEventListener("click", ({ target }) => {
  if (target.matches("[data-copy]")) copy(new URL(target.dataset.copy, location.href).href, target);
});

// The large view changes the address only. After a reload, "back" and "forward" do no more.
const { pathname } = location;
addEventListener("popstate", () => {
  if (location.pathname !== pathname) location.reload();
});

if (document.querySelector("#view[data-running]")) poll(["view"]);
