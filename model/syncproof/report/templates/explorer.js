"use strict";
// The address behind # names the way and the place on it: codes of moves with dots between them, "~" before the first move that
// repeats, "@" and the number of moves made; without "@" the place is the end. So Back and Forward of the browser walk too.
const data = JSON.parse(document.getElementById("data").textContent);
const fixed = data.way !== null;
const part = (id) => document.getElementById(id);

function h(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...present(children));
  return made;
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

function fill(name, ...children) {
  part(name).replaceChildren(...present(children));
}

function parse(hash) {
  const [moves, at] = hash.replace(/^#/, "").split("@");
  const parts = moves ? moves.split(".") : [];
  const cycle = parts.findIndex((each) => each.startsWith("~"));
  const codes = parts.map((each) => each.replace("~", ""));
  return { codes, cycle: cycle < 0 ? null : cycle, at: at === undefined || at === "" ? codes.length : Number(at) };
}

function written({ codes, cycle, at }) {
  const moves = codes.map((code, number) => (number === cycle ? "~" : "") + code).join(".");
  return moves + (at === codes.length && moves ? "" : `@${at}`);
}

const stand = (address, at) => `#${written({ ...address, at })}`;
const extended = (address, code) => {
  const codes = [...address.codes.slice(0, address.at), code];
  return `#${written({ codes, cycle: null, at: codes.length })}`;
};
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// ---- what is shown; `address` is where the page stands, `way` and `place` come from the server or from the page itself

function showJumps(address) {
  const codes = written({ ...address, at: 0 });
  const links = data.jumps.map((jump) =>
    h("a", { class: jump.broken ? "jump broken" : "jump", href: `#${jump.way}`, title: jump.says, "data-jump": jump.name,
      "aria-current": written({ ...parse(jump.way), at: 0 }) === codes ? "true" : null },
    `${jump.broken ? "✗ broken promise: " : "✗ "}${jump.name} (${plural(jump.length, "move")})`));
  const asked = Object.entries(data.situations);
  const select = asked.length && h("select", { id: "situation", "aria-label": "Show a run in which this is met", onchange: findRun },
    h("option", { value: "" }, "Show a run in which …"),
    asked.map(([name, words]) => h("option", { value: name }, name.startsWith("evidence of ") ? `${words} (${name})` : words)));
  fill("jumps",
    !fixed && links.length ? h("span", { class: "label" }, "Counterexamples:") : null,
    ...links,
    !fixed && !links.length ? h("span", { class: "label" }, data.search) : null,
    select || null, fixed ? null : h("span", { class: "label", id: "searching", role: "status" }));
}

function showBar(address, way) {
  const last = address.codes.length, at = address.at;
  const link = (to, id, text, label, possible) =>
    possible ? h("a", { href: stand(address, to), id, "aria-label": label }, text) : h("span", { class: "off", id, "aria-hidden": "true" }, text);
  fill("bar",
    link(0, "first", "« Start", "Beginning of the way", at > 0), link(at - 1, "back", "◀ Back", "One move back", at > 0),
    link(at + 1, "next", "Next ▶", "Next move of the way", at < last), link(last, "last", "End »", "End of the way", at < last),
    h("span", { class: "count" }, last ? `after ${at} of ${plural(last, "move")}` : "at the beginning: everyone is connected, nothing is under way",
      way.cycle !== null ? `; moves ${way.cycle + 1} to ${last} repeat indefinitely` : ""));
}

function showHere(address, way, place) {
  const jumps = data.jumps.filter((each) => written({ ...parse(each.way), at: 0 }) === written({ ...address, at: 0 }));
  const step = address.at ? way.steps[address.at - 1] : null;
  const now = place.properties.filter((each) => each.since === address.at && address.at > 0);
  const before = place.properties.filter((each) => each.since !== null && !now.includes(each));
  const resting = place.properties.filter((each) => each.verdict === "violated" && each.since === null);
  const lines = [];
  lines.push(h("p", {}, h("b", {}, step ? `Move ${address.at}: ` : "The beginning. "),
    step ? `${step.says}${step.actor ? `, at ${step.actor}` : ""}` : jumps.length ? "" : "Choose a move below."));
  if (!step) for (const each of jumps) lines.push(h("p", {}, `The way leads to a violation of ${each.name}: ${each.says}.`));
  if (place.effects.length || place.observed.length) {
    lines.push(h("ul", { class: "does" }, place.effects.map((each) => h("li", {}, each)),
      place.observed.map((each) => h("li", {}, `observed: ${each}`))));
  }
  for (const each of now) lines.push(h("p", { class: "broken" }, `✗ ${each.name} is violated by this move: ${each.says}`));
  for (const each of resting) lines.push(h("p", { class: "broken" }, `✗ ${each.name} is violated, because nothing more happens by itself: ${each.says}`));
  if (before.length) lines.push(h("p", {}, `Violated before: ${before.map((each) => `${each.name} (${each.since ? `move ${each.since}` : "before the first move"})`).join(", ")}.`));
  const repeated = way.cycle !== null && address.at === address.codes.length ? jumps : [];
  for (const each of repeated) {
    lines.push(h("p", { class: "broken" }, `✗ ${each.name} is violated, because moves ${way.cycle + 1} to ${address.codes.length} can repeat indefinitely: ${each.says}`));
  }
  if (place.resting) lines.push(h("p", {}, "Nothing more happens by itself here."));
  part("here").classList.toggle("violated", now.length + resting.length + repeated.length > 0);
  fill("here", ...lines);
}

const HIDDEN = "syncproof-hidden-kinds";
let hidden = new Set();
try { hidden = new Set(JSON.parse(sessionStorage.getItem(HIDDEN) ?? "[]")); } catch { /* a browser may forbid storage */ }

function hide(kind, on) {
  if (on) hidden.add(kind); else hidden.delete(kind);
  try { sessionStorage.setItem(HIDDEN, JSON.stringify([...hidden])); } catch { /* then it lasts as long as the page */ }
  for (const each of document.querySelectorAll("#moves li.choice")) each.hidden = hidden.has(each.dataset.kind);
  sayHidden();
}

function sayHidden() {
  const count = document.querySelectorAll("#moves li.choice[hidden]").length;
  part("hidden-count").textContent = count ? `${plural(count, "move")} hidden: their kinds are not ticked above.` : "";
}

function showMoves(address, place) {
  const ahead = address.codes[address.at];
  const count = (kind) => place.moves.filter((each) => each.kind === kind).length;
  const kinds = data.kinds.filter((kind) => count(kind) || hidden.has(kind));
  const boxes = h("fieldset", { class: "kinds" }, h("legend", {}, "Show"),
    kinds.map((kind) => h("label", {}, h("input", { type: "checkbox", "data-kind": kind, checked: !hidden.has(kind), onchange: (event) => hide(kind, !event.target.checked) }),
      ` ${kind} (${count(kind)})`)));
  const choice = (each) => {
    const complaints = Object.entries(each.complaints);
    const name = `${each.says}${each.actor ? `, at ${each.actor}` : ""}`;
    const chosen = each.code === ahead;
    const href = chosen ? stand(address, address.at + 1) : extended(address, each.code);
    const nothing = !each.effects.length && !each.observed.length && !each.fails;
    return h("li", { class: `choice${each.by_itself ? " own" : ""}${chosen ? " next" : ""}${complaints.length || each.fails ? " breaks" : ""}`,
      "data-kind": each.kind, "data-code": each.code, hidden: hidden.has(each.kind) },
    h("span", { class: "kind" }, each.kind),
    each.fails || (fixed && !chosen) ? h("span", {}, name) : h("a", { class: "move", href }, name),
    chosen ? h("small", {}, "the next move of this way") : null,
    h("ul", { class: "does" }, each.effects.map((line) => h("li", {}, line)), each.observed.map((line) => h("li", {}, `observed: ${line}`)),
      nothing ? h("li", {}, "changes no actor and sends nothing") : null,
      complaints.map(([property, says]) => h("li", { class: "bad" }, `✗ ${property}: ${says}`)),
      each.fails ? h("li", { class: "bad" }, `the design's own code fails: ${each.fails}`) : null));
  };
  const sorted = [...place.moves].sort((a, b) => (b.code === ahead) - (a.code === ahead));
  fill("moves", h("h2", { id: "moves-title" }, `What can happen now (${place.moves.length})`), boxes,
    place.moves.length ? h("ul", {}, sorted.map(choice)) : h("p", {}, "Nothing: no move is possible."),
    h("p", { class: "legend", id: "hidden-count" }),
    place.more ? h("p", { class: "legend" }, "More moves are possible than are listed: open writes can land in a crash in many ways.") : "",
    left(place) ?? "");
  sayHidden();
}

function left(place) {
  const entries = Object.entries(place.left).filter(([, count]) => count !== "0");
  return entries.length ? h("p", { class: "legend" }, `Still allowed: ${entries.map(([what, count]) => `${what} ${count}`).join(", ")}.`) : null;
}

function shape(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function keepLanesInView(figure) {
  const svg = figure.querySelector("svg"), box = svg.viewBox.baseVal, lanes = shape("g", { class: "lanes" });
  lanes.append(shape("rect", { x: 0, y: 0, width: box.width, height: 28 }), ...svg.querySelectorAll("text.lane"));
  svg.append(lanes);
  figure.addEventListener("scroll", () => lanes.setAttribute("transform", `translate(0 ${figure.scrollTop * (box.width / svg.clientWidth)})`));
}

let drawnWay = null;
function showWay(address, way) {
  if (drawnWay !== way.diagram) {
    const figure = h("figure", {});
    figure.innerHTML = way.diagram;  // SVG of the server, whose texts are escaped
    fill("way", h("h2", { id: "way-title" }, "The way here"), figure, h("ol", { class: "steps" }));
    keepLanesInView(figure);
    drawnWay = way.diagram;
  }
  const svg = part("way").querySelector("svg"), box = svg.viewBox.baseVal;
  const level = way.top + way.row * address.at - 19;  // below the notes of the row, above the label of the next one
  svg.querySelectorAll(".here, .later").forEach((each) => each.remove());
  if (way.steps.length) {
    svg.querySelector(".lanes").before(shape("rect", { class: "later", x: 0, width: box.width, y: level, height: Math.max(box.height - level, 0) }),
      shape("line", { class: "here", x1: 0, x2: box.width, y1: level, y2: level }));
  }
  const figure = part("way").querySelector("figure");
  figure.scrollTop = level * (svg.clientWidth / box.width) - figure.clientHeight * 0.6;
  const list = part("way").querySelector("ol.steps");
  list.replaceChildren(...way.steps.map((step, number) => h("li", { class: `${number >= address.at ? "later" : ""}${number === way.cycle ? " repeats" : ""}` },
    h("a", { href: stand(address, number + 1), "data-step": number + 1, "aria-current": number + 1 === address.at ? "step" : null },
      `${step.says}${step.actor ? `, at ${step.actor}` : ""}`))));
  const current = list.querySelector("[aria-current]");
  if (current) list.scrollTop = current.parentElement.offsetTop - list.offsetTop - list.clientHeight / 2;
}

function fields(entries) {
  return h("dl", { class: "fields" }, entries.map((each) => [
    h("dt", { class: each.durable ? "durable" : "volatile" }, each.name),
    h("dd", { class: each.before === null ? "" : "changed", "data-field": each.name }, each.before === null ? null : h("span", { class: "before" }, each.before), each.before === null ? "" : " ", each.value)]));
}

function showActors(place) {
  const cards = place.actors.map((actor) => {
    const telling = actor.fields.filter((each) => !each.empty || each.before !== null);
    const empty = actor.fields.filter((each) => each.empty && each.before === null);
    return h("div", { class: `card${actor.running ? "" : " down"}`, "data-actor": actor.name },
      h("h3", {}, actor.name, " ", h("small", {}, `${actor.kind}${actor.running ? "" : ", not running"}`)), fields(telling),
      empty.length ? h("details", { class: "fold" }, h("summary", {}, plural(empty.length, "empty field")), fields(empty)) : null);
  });
  const open = new Set([...document.querySelectorAll("#actors .card details[open]")].map((each) => each.closest(".card").dataset.actor));
  cards.forEach((card) => { if (open.has(card.dataset.actor)) card.querySelector("details")?.setAttribute("open", ""); });
  fill("actors", h("h2", { id: "actors-title" }, "Actors"),
    h("p", { class: "legend" }, "Fields in italics are volatile: a crash loses them. What the last move changed is marked, its former value crossed out."),
    h("div", { class: "cards" }, cards));
}

function showFlights(place) {
  const words = { connection: "packet over the connection", link: "packet over a link", write: "storage writes", read: "storage reads", timer: "timer", poll: "poll timer" };
  const row = (each) => h("tr", { "data-where": each.where }, h("td", {}, `${words[each.where]} ${each.over}`),
    h("td", {}, each.source === each.target ? each.source : `${each.source} → ${each.target}`), h("td", { class: each.new ? "changed" : "" }, each.text));
  fill("flights", h("h2", { id: "flights-title" }, `In flight (${place.flights.length})`),
    place.flights.length ? h("table", { class: "narrow" }, h("thead", {}, h("tr", {}, ["what", "where", "which"].map((each) => h("th", { scope: "col" }, each)))),
      h("tbody", {}, place.flights.map(row))) : h("p", {}, "Nothing is under way."),
    h("p", { class: "legend" }, `Connections: ${Object.entries(place.ends).map(([name, ends]) => `${name} ${ends}`).join("; ") || "none"}.`));
}

function showProperties(address, place) {
  const words = { kept: "not violated so far", "at rest": "violated if nothing more happened", violated: "✗ violated" };
  const rank = { violated: 0, "at rest": 1, kept: 2 };
  const sorted = [...place.properties].sort((a, b) => rank[a.verdict] - rank[b.verdict] || b.promised - a.promised);
  const row = (each) => {
    const state = Object.entries(each.state).filter(([, value]) => !["–", "{}", "0", "False", "None"].includes(value));
    const lines = state.length ? state.map(([name, value]) => h("div", {}, `${name}: ${value}`)) : "nothing yet";
    const telling = each.changed || each.verdict !== "kept" || !state.length;
    return h("tr", { "data-property": each.name, class: each.verdict === "violated" ? "now" : "" },
      h("th", { scope: "row", title: each.statement }, each.name, each.promised ? h("small", {}, "promised here") : null),
      h("td", { class: `verdict${each.verdict === "violated" ? " bad" : ""}` }, words[each.verdict], each.since ? h("small", {}, `by move ${each.since}`) : null,
        each.met ? null : h("small", {}, "has not met its evidence yet")),
      h("td", { class: each.changed ? "state changed" : "state" }, h("span", { class: "statement" }, each.statement), each.says ? h("div", { class: "bad" }, each.says) : null,
        telling ? lines : h("details", { class: "fold" }, h("summary", {}, "unchanged"), lines)));
  };
  fill("properties", h("h2", { id: "properties-title" }, "Properties"),
    h("table", {}, h("thead", {}, h("tr", {}, ["property", "verdict in this state", "its automaton, marked if the last move changed it"].map((each) => h("th", { scope: "col" }, each)))),
      h("tbody", {}, sorted.map(row))));
}

function showKeep(address) {
  const command = data.command && `${data.command} --way '${written(address)}'`;
  fill("keep", h("h2", { id: "keep-title" }, fixed ? "Go other ways from here" : "Keep and send"),
    command ? h("p", {}, fixed ? "This page holds one way. This command serves all of them, and opens at this place:" : "A colleague who has the design opens this place with:") : h("p", {}, "No command searches a world with these parameters."),
    command ? h("code", { id: "command" }, command) : null,
    fixed ? null : h("button", { type: "button", id: "save", onclick: () => save(address) }, "Save the way here as a moves file"),
    fixed ? null : h("p", { id: "saved", role: "status" }));
}

// ---- what is asked of the server

async function ask(path, options) {
  const reply = await fetch(path, { cache: "no-store", ...options });
  const found = await reply.json();
  if (!reply.ok) throw new Error(found.error);
  return found;
}

function told(error) {
  return error instanceof TypeError ? "the explorer does not answer: its command has ended" : error.message;
}

async function save(address) {
  const said = part("saved");
  try {
    const { file } = await ask(`save?way=${encodeURIComponent(written(address))}`, { method: "POST" });
    said.replaceChildren("Saved. Replay it with:", h("code", {}, `syncproof replay ${file} --diagram`));
  } catch (error) {
    said.textContent = told(error);
  }
}

async function findRun(event) {
  const name = event.target.value;
  if (!name) return;
  const said = part("searching");
  said.textContent = "searching …";
  event.target.disabled = true;
  try {
    const found = await ask(`run?situation=${encodeURIComponent(name)}`);
    said.textContent = found.why;
    if (!found.why) location.hash = `#${found.way || "@0"}`;
  } catch (error) {
    said.textContent = told(error);
  } finally {
    event.target.disabled = false;
    event.target.value = "";
  }
}

async function views(address) {
  if (!fixed) {
    const { address: possible, ...found } = await ask(`view?way=${encodeURIComponent(written(address))}`);
    return { ...found, possible };
  }
  const place = data.places[address.at];
  if (!place) throw new Error(`there is no move ${address.at} on this page; allowed: 0 to ${data.places.length - 1}`);
  return { way: data.way, place };
}

// With an address that is none the page begins at the beginning; later it stays where it is.
async function viewed(address) {
  try {
    return { ...await views(address), address };
  } catch (error) {
    if (shown) throw error;
    const start = { ...parse(fixed ? data.jumps[0].way : ""), at: 0 };
    return { ...await views(start), address: start, says: `${told(error)}. Shown is the beginning.` };
  }
}

let turn = 0, shown = false;
async function draw() {
  const mine = ++turn;
  let address = parse(location.hash);
  if (fixed) address = { ...parse(data.jumps[0].way), at: location.hash ? address.at : 0 };
  try {
    const found = await viewed(address), { way, place, wrong } = found;
    if (mine !== turn) return;
    address = wrong ? parse(found.possible) : found.address;  // of a way that does not fit, what does is shown
    const says = wrong ? `${wrong}. Shown is the way up to there.` : found.says ?? "";
    part("error").textContent = says;
    part("error").hidden = !says;
    shown = true;
    const focused = document.activeElement?.closest("#bar, #moves, #way")?.id, within = document.activeElement?.id;
    showJumps(address); showBar(address, way); showHere(address, way, place); showMoves(address, place); showWay(address, way);
    showActors(place); showFlights(place); showProperties(address, place); showKeep(address);
    if (focused) ((within && document.querySelector(`a#${within}`)) || part("here")).focus({ preventScroll: true });
  } catch (error) {
    if (mine !== turn) return;
    part("error").textContent = told(error);
    part("error").hidden = false;
  }
  document.body.dataset.drawn = location.hash;
}

addEventListener("hashchange", draw);
addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, summary")) return;
  const way = { ArrowLeft: "back", ArrowRight: "next" }[event.key];
  if (way && part(way)?.href) part(way).click();
});
draw();
