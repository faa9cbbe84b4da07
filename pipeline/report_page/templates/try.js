"use strict";
// Sends a photograph to /classify and shows the probabilities as bars.
(() => {
  const drop = document.getElementById("drop");
  if (!drop) return;
  const part = (id) => document.getElementById(id);
  const percent = (value) => `${(100 * value).toFixed(1)} %`;
  let newest = 0;
  let address = "";

  const say = (text, kind) => {
    part("answer").className = `headline ${kind}`;
    part("answer").textContent = text;
  };

  const read = async (response) => {
    const content = await response.json();
    if (!response.ok) throw new Error(content.error);
    return content;
  };

  const barOf = ([name, value]) => {
    const row = document.createElement("tr");
    const title = document.createElement("th");
    title.scope = "row";
    title.textContent = name;
    const bar = document.createElement("div");
    bar.className = "bar";
    bar.style.width = `${100 * value}%`;
    const figure = document.createElement("td");
    figure.className = "num";
    figure.textContent = percent(value);
    row.append(title, document.createElement("td"), figure);
    row.children[1].append(bar);
    return row;
  };

  const showCard = async () => {
    const { version, html } = await read(await fetch("card"));
    part("version").textContent = version;
    part("card").innerHTML = html;
  };

  const show = (answer, milliseconds) => {
    const classes = Object.entries(answer.probabilities).sort((a, b) => b[1] - a[1]);
    part("bars").replaceChildren(...classes.map(barOf));
    part("answered").textContent = `answered by version ${answer.version} in ${milliseconds} ms`;
    part("result").hidden = false;
    say(`${answer.label}, ${percent(answer.probabilities[answer.label])}`, "good");
    if (String(answer.version) !== part("version").textContent) showCard().catch(() => {});
  };

  const classify = async (file) => {
    const number = ++newest;
    part("result").hidden = true;
    say(`Classifying ${file.name} …`, "neutral");
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(file);
    part("preview").src = address;
    part("name").textContent = file.name;
    const started = performance.now();
    try {
      const answer = await read(await fetch("classify", { method: "POST", body: file }));
      if (number === newest) show(answer, Math.round(performance.now() - started));
    } catch (error) {
      // A fetch that fails has a message of the browser's own.
      const reason = error instanceof TypeError ? "the server does not answer" : error.message;
      if (number === newest) say(`${file.name}: ${reason}`, "bad");
    }
  };

  const take = (files) => {
    if (files.length) classify(files[0]);
  };

  for (const id of ["choose", "take"]) {
    part(id).addEventListener("change", (event) => {
      take(event.target.files);
      // The same file may be chosen again.
      event.target.value = "";
    });
  }
  document.addEventListener("paste", (event) => take(event.clipboardData.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });
})();
