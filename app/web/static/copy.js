// Copies a link, and says so on the button that was pressed.
export async function copy(link, button) {
  try {
    await navigator.clipboard.writeText(link);
    button.textContent = "Copied";
  } catch {
    prompt("Copy this link:", link); // where a browser gives scripts no clipboard
  }
}
