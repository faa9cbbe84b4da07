"use strict";
// Without this script everything is shown; with it, a cell of the confusion matrix filters.
(() => {
  const pictures = document.getElementById("mistake-pictures");
  if (!pictures) return;
  const status = document.getElementById("mistakes-shown");
  const showAll = document.getElementById("show-all");
  const cells = [...document.querySelectorAll("button[data-true]")];
  const unfiltered = status.textContent;

  const filter = (chosen) => {
    for (const cell of cells) cell.setAttribute("aria-pressed", String(cell === chosen));
    let shown = 0;
    for (const item of pictures.children) {
      const { true: actual, predicted } = item.dataset;
      item.hidden = Boolean(chosen) &&
        (actual !== chosen.dataset.true || predicted !== chosen.dataset.predicted);
      shown += item.hidden ? 0 : 1;
    }
    showAll.hidden = !chosen;
    const label = chosen ? chosen.getAttribute("aria-label").replace(/^\d+: /, "") : "";
    status.textContent = chosen
      ? `${shown} of ${chosen.dataset.images} images are shown: ${label}.` : unfiltered;
  };

  for (const cell of cells) {
    cell.addEventListener("click", () => {
      const pressed = cell.getAttribute("aria-pressed") === "true";
      filter(pressed ? null : cell);
      if (!pressed) status.scrollIntoView({ block: "nearest" });
    });
  }
  showAll.addEventListener("click", () => {
    filter(null);
    status.focus();
  });
})();
