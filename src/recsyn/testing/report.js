{
  const { explored, stepped } = JSON.parse(document.getElementById("data").textContent);
  const get = (id) => document.getElementById(id);
  const MOST_RANGES = 10, Z = 1.959963984540054, FAINTEST = 6, STRONGEST = 46;

  // The failure rate over two features

  const explorer = get("explorer");

  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const label = ([low, high]) => (low === high ? String(low) : `${low}–${high}`).replace(/-/g, "−");

  // Wilson's interval, as Rate.interval has it.
  function wilson(failures, tested) {
    const p = failures / tested, z = Z * Z / tested;
    const centre = (p + z / 2) / (1 + z), half = Z * Math.sqrt(p * (1 - p) / tested + z / (4 * tested)) / (1 + z);
    return [Math.max(0, centre - half), Math.min(1, centre + half)];
  }

  function rangesOver(column) {
    let low = Infinity, high = -Infinity;
    for (const number of column) { low = Math.min(low, number); high = Math.max(high, number); }
    const width = Math.max(1, Math.ceil((high - low + 1) / MOST_RANGES)), ranges = [];
    for (let start = low; start <= high; start += width) ranges.push([start, Math.min(start + width - 1, high)]);
    return { ranges, of: (number) => Math.floor((number - low) / width) };
  }

  function options(select, choices, chosen) {
    select.replaceChildren(...choices.map(([value, text]) => element("option", text, { value })));
    if (choices.some(([value]) => value === chosen)) select.value = chosen;
    select.closest("label").hidden = choices.length < 2;
  }

  const study = () => explored[Number(get("explorer-study").value)];
  const sample = () => study().samples.find(({ name }) => name === get("explorer-sample").value);

  function chooseStudy() {
    const { features, samples } = study(), names = features.map(([name]) => name);
    const before = [get("explorer-across").value, get("explorer-down").value].map((name) => names.includes(name) && name);
    const across = before[0] || (names.includes("size") ? "size" : names[0]);
    const down = before[1] || ["recursion_depth", "depth", ...names].find((name) => names.includes(name) && name !== across) || across;
    options(get("explorer-across"), features, across);
    options(get("explorer-down"), features, down);
    options(get("explorer-sample"), samples.map(({ name, title }) => [name, title]), get("explorer-sample").value);
    explorer.className = `plain study-${study().style}`;
    draw();
  }

  function cellOf(failures, tested, place) {
    if (!tested) return { cell: element("td", "·", { tabindex: -1, class: "untested" }), said: `${place}: none tested` };
    const [low, high] = wilson(failures, tested), share = failures / tested;
    const said = `${place}: ${failures} of ${counted(tested, "input")} failed, ${percent(share)}; 95 % interval ${percent(low)} to ${percent(high)}`;
    const cell = element("td", "", { tabindex: -1, title: said });
    cell.append(element("b", `${Math.round(100 * share)} %`), element("small", `${failures} of ${tested}`));
    cell.style.setProperty("--strength", `${FAINTEST + (STRONGEST - FAINTEST) * share}%`);
    return { cell, said };
  }

  function draw() {
    const { features } = study(), { columns, failing, inputs, over } = sample();
    const [across, down] = ["across", "down"].map((side) => features.findIndex(([name]) => name === get(`explorer-${side}`).value));
    const xs = rangesOver(columns[across]), ys = rangesOver(columns[down]);
    const counts = ys.ranges.map(() => xs.ranges.map(() => [0, 0]));
    columns[across].forEach((x, row) => {
      const count = counts[ys.of(columns[down][row])][xs.of(x)];
      count[0] += failing[row] === "1" ? 1 : 0;
      count[1] += 1;
    });
    const [wordsAcross, wordsDown] = [features[across][1], features[down][1]];
    const table = element("table", "", { class: "heat", role: "grid" }), head = element("tr"), body = element("tbody");
    table.append(element("caption", `Share of inputs that failed. Down: ${wordsDown}. Across: ${wordsAcross}.`, { class: "unseen" }), element("thead"), body);
    head.append(element("td", "↓ →", { "aria-hidden": "true" }), ...xs.ranges.map((range) => element("th", label(range), { scope: "col" })));
    table.tHead.append(head);
    ys.ranges.forEach((y, row) => {
      const line = element("tr");
      line.append(element("th", label(y), { scope: "row" }));
      xs.ranges.forEach((x, column) => {
        const { cell, said } = cellOf(...counts[row][column], `${wordsDown} ${label(y)}, ${wordsAcross} ${label(x)}`);
        cell.onfocus = () => { get("explorer-said").textContent = said; };
        line.append(cell);
      });
      body.append(line);
    });
    body.rows[0].cells[1].tabIndex = 0;
    get("explorer-table").replaceChildren(table);
    get("explorer-said").textContent = "Choose a cell, by a tap or by Tab and the arrows, for its numbers.";
    const part = failing.length < inputs ? `the first ${failing.length} of ${inputs}` : `${inputs} of them`;
    get("explorer-over").textContent = `${over.charAt(0).toUpperCase()}${over.slice(1)}: ${part}.`;
  }

  function moveTo(cell) {
    for (const other of get("explorer-table").querySelectorAll("td[tabindex='0']")) other.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  }

  get("explorer-table").addEventListener("click", (event) => {
    const cell = event.target.closest("td[tabindex]");
    if (cell) moveTo(cell);
  });
  get("explorer-table").addEventListener("keydown", (event) => {
    const cell = event.target.closest("td[tabindex]"), rows = cell && cell.closest("tbody").rows;
    const by = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], Home: [0, -Infinity], End: [0, Infinity] }[event.key];
    if (!cell || !by) return;
    const within = (place, low, high) => Math.min(Math.max(place, low), high);
    const row = rows[within(cell.parentNode.sectionRowIndex + by[0], 0, rows.length - 1)];
    moveTo(row.cells[within(cell.cellIndex + by[1], 1, row.cells.length - 1)]);
    event.preventDefault();
  });

  if (explored.length) {
    options(get("explorer-study"), explored.map(({ name }, index) => [String(index), name]));
    get("explorer-study").onchange = chooseStudy;
    for (const name of ["sample", "across", "down"]) get(`explorer-${name}`).onchange = draw;
    explorer.hidden = false;
    chooseStudy();
  }

  // Steps of reductions

  const dialog = get("stepper");
  let ended = new AbortController();

  function open(runs) {
    const host = element("div");
    const root = host.attachShadow({ mode: "open" });
    root.append(get("stepper-parts").content.cloneNode(true));
    get("stepper-place").replaceChildren(host);
    dialog.showModal();
    ended = new AbortController();
    stepping(root, runs, ended.signal);
    root.getElementById("stage").focus({ preventScroll: true });
  }

  dialog.addEventListener("close", () => { ended.abort(); get("stepper-place").replaceChildren(); });
  get("stepper-close").onclick = () => dialog.close();
  for (const button of document.querySelectorAll("button[data-stepped]")) {
    button.onclick = () => open(stepped[Number(button.dataset.stepped)]);
    button.parentNode.hidden = false;
  }
}
