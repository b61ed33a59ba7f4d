// Follows a download, or several: each event means "look again", and what has changed is put in its place.
import { isRunning, poll, update } from "./update.js";

const PARTS = ["summary", "head", "left"];
const PAUSE_MILLISECONDS = 300; // at least, between two looks, however fast the pictures come

let looking = false;
let again = false;
let takePage = async () => {};

async function look() {
  again = looking;
  if (looking) return;
  looking = true;
  do {
    again = false;
    const began = performance.now();
    await update(PARTS, takePage).catch(() => {}); // the next event tries again
    const pause = Math.max(PAUSE_MILLISECONDS, 2 * (performance.now() - began)); // easy on slow lines
    await new Promise((resolve) => setTimeout(resolve, pause));
  } while (again);
  looking = false;
}

// Follows the download that this page shows, if it is running; `take` gets each newer copy of the page.
export function follow(take) {
  if (!isRunning()) return;
  takePage = take;
  const { events } = document.getElementById("summary").dataset;
  if (!events) return poll(PARTS, take); // they are several
  const source = new EventSource(events);
  source.addEventListener("open", look); // it may have gone on since this page was made
  source.addEventListener("progress", look);
  source.addEventListener("end", () => {
    source.close();
    look();
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) poll(PARTS, take);
  });
}
