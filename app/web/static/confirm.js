// "Delete…" asks back on a small card: Escape, or a click elsewhere, means no.
const asking = () => document.querySelector(".confirm[open]");

document.addEventListener("keydown", (event) => {
  const card = event.key === "Escape" && asking();
  if (!card) return;
  event.preventDefault(); // a dialog around it stays
  card.open = false;
  card.querySelector("summary").focus();
});

document.addEventListener("click", ({ target }) => {
  const card = asking();
  if (card && !card.contains(target)) card.open = false;
});
