// Copies a link, and says so on the button that was pressed.
import { say } from "./messages.js";

export async function copy(link, button) {
  try {
    await navigator.clipboard.writeText(link);
    button.textContent = say("copied");
  } catch {
    prompt(say("copy"), link); // where a browser gives scripts no clipboard
  }
}
