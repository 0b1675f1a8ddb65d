"use strict";
const RULES = { "δ": "unfold a definition", "β": "apply a function", "ι": "choose the case of a match", "ζ": "put in what a let binds", "if": "choose a branch" };
const PLAY = "M3 2v12l11-6z", PAUSE = "M3 2h4v12H3zM9 2h4v12H9z";
const SHORT = 26, CHARACTER = 7.9, HEIGHT = 26, LEVEL = 54, GAP = 14;

function element(name, text, attributes) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  return made;
}

function drawn(name, attributes, parent) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  parent.append(made);
  return made;
}

const plain = (frame) => frame[1].map((piece) => piece[0]).join("");

function textOf(frame) {
  const shown = element("p", "", { class: "term" });
  for (const [text, marked] of frame[1]) shown.append(marked ? element("mark", text) : text);
  return shown;
}

// A node is as wide as what stands under it, so that no two meet; a parent stands over the middle of its children.
function treeOf(frame) {
  const nodes = frame[2].map(([label, children, marked]) => {
    const characters = Array.from(label);
    const shown = characters.length > SHORT ? characters.slice(0, SHORT - 1).join("") + "…" : label;
    const own = Math.max(30, Array.from(shown).length * CHARACTER + 14);
    return { label, shown, left: children, marked, own, wide: own, inner: 0, level: 0, parent: null, children: [] };
  });
  const open = [];
  for (const node of nodes) {
    if (open.length) {
      node.parent = open[open.length - 1];
      node.level = node.parent.level + 1;
      node.parent.children.push(node);
      node.parent.left -= 1;
    }
    open.push(node);
    while (open.length && open[open.length - 1].left === 0) open.pop();
  }
  for (const node of nodes.slice().reverse()) {
    node.inner = node.children.reduce((sum, child) => sum + child.wide + GAP, node.children.length ? -GAP : 0);
    node.wide = Math.max(node.own, node.inner);
  }
  nodes[0].from = 0;
  for (const node of nodes) {
    node.x = node.from + node.wide / 2;
    let from = node.from + (node.wide - node.inner) / 2;
    for (const child of node.children) { child.from = from; from += child.wide + GAP; }
  }
  const width = nodes[0].wide + 2, height = Math.max(...nodes.map((node) => node.level)) * LEVEL + HEIGHT + 2;
  const y = (node) => node.level * LEVEL + HEIGHT / 2 + 1;
  const picture = drawn("svg", { class: "tree", viewBox: `-1 0 ${width} ${height}`, width, role: "img", "aria-label": plain(frame) }, element("div"));
  picture.style.maxWidth = `max(100%, ${Math.round(width * 0.6)}px)`;
  for (const node of nodes) if (node.parent)
    drawn("line", { x1: node.parent.x, y1: y(node.parent), x2: node.x, y2: y(node), class: node.marked && node.parent.marked ? "marked" : "" }, picture);
  for (const node of nodes) {
    const group = drawn("g", { class: node.marked ? "node marked" : "node" }, picture);
    drawn("rect", { x: node.x - node.own / 2, y: y(node) - HEIGHT / 2, width: node.own, height: HEIGHT, rx: 6 }, group);
    drawn("text", { x: node.x, y: y(node) }, group).textContent = node.shown;
    if (node.shown !== node.label) drawn("title", {}, group).textContent = node.label;
  }
  return picture;
}

// What the markup beside this file shows, standing in a document or in a shadow of one, until the signal says that it is over.
function stepping(root, runs, signal) {
  const at = (id) => root.getElementById(id);
  let run = runs[0], where = 0, asTree = false, timer = null, tallest = 0;
  const places = runs.map(() => 0);

  function shownTerm(frame) {
    if (!asTree) return [textOf(frame)];
    if (frame[2].length) return [treeOf(frame)];
    return [element("p", "This term is too large to be drawn as a tree; here is its text.", { class: "note" }), textOf(frame)];
  }

  function show(place, announced) {
    const last = run.frames.length - 1;
    where = Math.min(Math.max(place, 0), last);
    places[runs.indexOf(run)] = where;
    const frame = run.frames[where], following = run.frames[where + 1];
    const rule = at("rule");
    rule.replaceChildren();
    if (frame[0]) rule.append("by ", element("b", frame[0]), RULES[frame[0]] ? ` ${RULES[frame[0]]}` : "");
    else rule.append("the beginning");
    if (following && following[0]) rule.append("; next ", element("b", following[0]));
    at("stage").replaceChildren(...shownTerm(frame));
    const marked = at("stage").querySelector("mark, .marked");
    // The stage grows with what it has shown and does not shrink again, so that what stands under it keeps its place.
    at("stage").style.minHeight = `min(${tallest = Math.max(tallest, at("stage").scrollHeight)}px, var(--reach))`;
    at("stage").scrollTop = 0;
    if (marked) {
      const stage = at("stage").getBoundingClientRect(), box = marked.getBoundingClientRect();
      if (box.bottom > stage.bottom) at("stage").scrollTop += box.top - stage.top - stage.height / 3;
      if (box.right > stage.right) at("stage").scrollLeft += box.left - stage.left - stage.width / 3;
    }
    at("state").replaceChildren(...frame[3].map(([name, text]) => {
      const row = element("tr");
      row.append(element("th", name, { scope: "row" }), element("td", text));
      return row;
    }));
    at("slider").value = where;
    at("slider").setAttribute("aria-valuetext", `step ${where} of ${last}`);
    at("number").value = where;
    at("first").disabled = at("back").disabled = where === 0;
    at("next").disabled = at("last").disabled = where === last;
    const list = at("rules"), old = list.querySelector("[aria-current]");
    if (old) old.removeAttribute("aria-current");
    const current = list.children[where] && list.children[where].firstChild;
    if (current) {
      current.setAttribute("aria-current", "step");
      const box = current.getBoundingClientRect(), around = list.getBoundingClientRect();
      if (box.top < around.top || box.bottom > around.bottom) list.scrollTop += box.top - around.top - around.height / 2;
    }
    if (announced !== false && !timer) at("said").textContent = `Step ${where} of ${last}${frame[0] ? `, rule ${frame[0]}` : ""}: ${plain(frame).slice(0, 300)}`;
    if (where === last) pause();
  }

  function pause() {
    clearInterval(timer);
    timer = null;
    at("play").setAttribute("aria-label", "Play");
    at("play-shape").setAttribute("d", PLAY);
  }

  function play() {
    if (where === run.frames.length - 1) show(0);
    clearInterval(timer);
    timer = setInterval(() => show(where + 1), Number(at("speed").value));
    at("play").setAttribute("aria-label", "Pause");
    at("play-shape").setAttribute("d", PAUSE);
  }

  const toggle = () => (timer ? pause() : play());
  const go = (place) => { pause(); show(place); };

  function view(tree) {
    asTree = tree;
    tallest = 0;
    at("stage").style.minHeight = "";
    at("as-text").setAttribute("aria-pressed", String(!tree));
    at("as-tree").setAttribute("aria-pressed", String(tree));
    show(where, false);
  }

  function choose(index) {
    pause();
    run = runs[index];
    where = places[index];
    for (const [position, tab] of Array.from(at("tabs").children).entries()) {
      tab.setAttribute("aria-selected", String(position === index));
      tab.tabIndex = position === index ? 0 : -1;
    }
    at("title").textContent = run.title;
    const last = run.frames.length - 1, trees = run.frames.some((frame) => frame[2].length);
    root.querySelector(".view").hidden = !trees;
    at("state-card").hidden = !run.frames.some((frame) => frame[3].length);
    at("slider").max = at("number").max = last;
    at("count").textContent = last;
    at("rules").replaceChildren(...run.frames.map((frame, place) => {
      const item = element("li"), button = element("button", "", { type: "button", "data-place": place });
      button.append(element("small", String(place)), frame[0] || "start");
      item.append(button);
      return item;
    }));
    asTree = asTree && trees;
    view(asTree);
  }

  at("first").onclick = () => go(0);
  at("back").onclick = () => go(where - 1);
  at("next").onclick = () => go(where + 1);
  at("last").onclick = () => go(run.frames.length - 1);
  at("play").onclick = toggle;
  at("slider").oninput = () => go(Number(at("slider").value));
  at("number").onchange = () => go(Math.trunc(Number(at("number").value)) || 0);
  at("speed").onchange = () => { if (timer) play(); };
  at("as-text").onclick = () => view(false);
  at("as-tree").onclick = () => view(true);
  at("rules").onclick = (event) => {
    const button = event.target.closest("button");
    if (button) go(Number(button.dataset.place));
  };
  document.addEventListener("keydown", (event) => {
    const target = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select")) return;
    const tab = target.closest("[role=tab]");
    if (tab && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      const tabs = Array.from(at("tabs").children), step = event.key === "ArrowRight" ? 1 : -1;
      const next = (tabs.indexOf(tab) + step + tabs.length) % tabs.length;
      choose(next);
      tabs[next].focus();
      event.preventDefault();
      return;
    }
    if (event.key === " " && target.closest("button")) return;
    const keys = {
      ArrowRight: () => go(where + 1), ArrowLeft: () => go(where - 1), Home: () => go(0), End: () => go(run.frames.length - 1),
      " ": toggle, t: () => { if (!root.querySelector(".view").hidden) view(!asTree); },
    };
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  }, { signal });
  signal.addEventListener("abort", pause);

  if (run) {
    at("tabs").hidden = runs.length < 2;
    at("tabs").replaceChildren(...runs.map((each, index) => {
      const tab = element("button", each.tab, { type: "button", role: "tab", "aria-controls": "run" });
      // Whoever points at a tab means to step with the arrows; on a tab reached from the keyboard they go to the next tab.
      tab.onclick = (event) => { choose(index); if (event.detail) tab.blur(); };
      return tab;
    }));
    if (runs.length > 1) at("run").setAttribute("role", "tabpanel");
    choose(0);
  } else at("run").hidden = true;
  return { choose, show, view };
}
