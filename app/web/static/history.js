// Keeps the list up to date while something in it is running, and changes several downloads at once.
import "./confirm.js";
import { say } from "./messages.js";
import { isRunning, poll } from "./update.js";

const PAUSE_MILLISECONDS = 500; // between two zips: browsers drop what comes at once

if (isRunning()) poll(["history"]);

const many = document.getElementById("many");
const boxes = () => [...document.querySelectorAll("[name=downloads]")];
const chosen = () => boxes().filter((box) => box.checked);

function tell() {
  const count = chosen().length;
  const all = many.querySelector("[data-all]");
  all.closest("label").hidden = false;
  all.checked = count > 0 && count === boxes().length;
  all.indeterminate = count > 0 && !all.checked;
  for (const change of many.querySelectorAll(":scope > button, details")) change.hidden = count === 0;
  many.querySelector("[role=status]").textContent = say("chosen", { count });
}

async function saveZips() {
  for (const box of chosen()) {
    const link = box.closest("li").querySelector("a[download]");
    if (!link) continue; // it has none
    link.click();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
}

if (many) {
  document.addEventListener("change", ({ target }) => {
    if ("all" in target.dataset) for (const box of boxes()) box.checked = target.checked;
    tell();
  });
  many.querySelector("[data-zips]").addEventListener("click", saveZips);
  tell();
}
