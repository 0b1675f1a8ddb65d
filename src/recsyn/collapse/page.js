// Of parts that stand below one another, one at a time is shown where there is a script to choose it.
for (const chooser of document.querySelectorAll("[data-chooses]")) {
  const parts = [...document.querySelectorAll(`[data-part="${chooser.dataset.chooses}"]`)];
  const select = chooser.querySelector("select");
  const show = () => parts.forEach((part, place) => { part.hidden = place !== Number(select.value); });
  select.replaceChildren(...parts.map((part, place) => new Option(part.dataset.name, place)));
  select.onchange = show;
  chooser.hidden = parts.length < 2;
  show();
}
