// What pages do in the browser: draw charts, write numbers and dates the reader's way, switch the
// theme, copy, tell how old a figure is. Everything is readable without it.

const root = document.documentElement;
const language = root.lang.slice(0, 2);
const locale = (navigator.languages || []).find((one) => one.slice(0, 2) === language) || root.lang;
root.dataset.js = "";

// --- numbers, money, dates --------------------------------------------------------------------

const formats = new Map(); // making one takes longer than using it a hundred times

/** The formatter of this kind with these options, made once. */
function format(kind, options) {
  const key = kind.name + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new kind(locale, options));
  return formats.get(key);
}

const number = (value, options) => format(Intl.NumberFormat, options).format(value);
const places = (count) => ({ minimumFractionDigits: count, maximumFractionDigits: count });
const usd = { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" };

const texts = {
  money: (nanos, digits) => number(Number((nanos / 1e9).toFixed(digits)) || 0, { ...usd, ...places(digits) }), // never -0
  count: (value) => number(value, {}),
  share: (points) => number(points / 10000, { style: "percent", ...places(1) }),
};

/** Numbers and times of a part; those in a folded table when it is unfolded. */
function writeValues(part) {
  const isSeen = (element) => !element.closest("details:not([open])");
  for (const element of [...part.querySelectorAll("data[value]")].filter(isSeen)) {
    const write = texts[element.className];
    if (write) element.textContent = write(Number(element.value), Number(element.dataset.places || 2));
  }
  for (const element of [...part.querySelectorAll("time[data-zone]")].filter(isSeen)) {
    const options = { dateStyle: "medium", timeStyle: "short", hourCycle: "h23", timeZone: element.dataset.zone };
    element.textContent = format(Intl.DateTimeFormat, options).format(new Date(element.dateTime));
  }
  writeAges(part);
}

/** Tables wait as text in <noscript> until somebody wants them: thousands of cells slow a page down.
 *  What htmx brings has them as elements. Their text was escaped by the server. */
function unfold(details) {
  const kept = details.querySelector(":scope > noscript");
  if (kept) kept.outerHTML = kept.childElementCount ? kept.innerHTML : kept.textContent;
  writeValues(details);
}

function writeAges(part) {
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  for (const element of part.querySelectorAll("time[data-age]")) {
    const seconds = Math.round((Date.parse(element.dateTime) - Date.now()) / 1000);
    const [name, length] = units.find(([, size]) => Math.abs(seconds) >= size) || units[3];
    element.textContent = words.format(Math.trunc(seconds / length), name);
  }
}

// --- charts -----------------------------------------------------------------------------------

const probe = document.createElement("span");
const shades = new Map(); // asking the browser makes it lay out the page: once a drawing is enough
const { fontFamily } = getComputedStyle(document.body);
probe.hidden = true;

/** What a custom property is as a colour in the theme of the moment. */
function color(name) {
  if (!shades.has(name)) {
    probe.style.color = `var(--${name})`;
    shades.set(name, getComputedStyle(probe).color);
  }
  return shades.get(name);
}

function paint(trace) {
  const name = trace.meta && trace.meta.color;
  if (!name) return trace;
  const shade = color(`c-${name}`);
  const marker = { ...trace.marker, color: shade, line: { width: 0, ...(trace.marker || {}).line } };
  return { ...trace, marker, line: { ...trace.line, color: shade }, textfont: { color: color("ink"), ...trace.textfont } };
}

/** How many labels have room beside each other, and the axes that are labelled so. */
const labelsIn = (width) => Math.max(2, Math.floor(width / 90));
const isOfLabels = (name, given) => name.startsWith("xaxis") && given.tickangle === 0;

/** Lines across for the axis that has the values; the other one has only its labels. Margins are
 *  given, because finding them out makes Plotly lay out everything twice; and it need not measure
 *  whether a label leaves its chart. */
function axis(given = {}, hasValues, width) {
  const ticks = hasValues ? { nticks: 6, ...given } : { ...given, nticks: labelsIn(width), tickangle: 0 };
  return {
    automargin: false, fixedrange: true, zeroline: hasValues, showgrid: hasValues, ticks: "", ticklabeloverflow: "allow",
    gridcolor: color("line"), zerolinecolor: color("line-strong"), linecolor: color("line-strong"),
    ...(given.automargin ? given : ticks), title: { standoff: 12, ...given.title },
  };
}

function frame(given, data, width) {
  const flat = data.some((trace) => trace.orientation === "h");
  const names = new Set(["xaxis", "yaxis", ...Object.keys(given).filter((key) => /^[xy]axis/.test(key))]);
  const axes = [...names].map((name) => [name, axis(given[name], name.startsWith(flat ? "x" : "y"), width)]);
  const left = flat ? 4 : (given.yaxis || {}).title ? 84 : 64;
  return {
    bargap: 0.18, hovermode: "x unified", dragmode: false, margin: { l: left, r: 12, t: 8, b: 30, autoexpand: flat },
    ...given, ...Object.fromEntries(axes), showlegend: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: fontFamily, size: 12, color: color("soft") },
    hoverlabel: { bgcolor: color("card"), bordercolor: color("line-strong"), font: { color: color("ink") }, align: "left" },
  };
}

/** Names of the traces, which wrap as text does; a press hides one and shows it again. */
function legend(figure, plot, data, isWanted) {
  const list = figure.querySelector(".chart-legend");
  list.hidden = data.length < 2 && !isWanted;
  list.replaceChildren(...data.map((trace, place) => {
    const button = document.createElement("button");
    const swatch = document.createElement("span");
    swatch.style.color = trace.marker.color;
    swatch.className = (trace.line || {}).dash ? "swatch dotted" : "swatch";
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    button.append(swatch, trace.name);
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(shown));
      Plotly.restyle(plot, { visible: shown }, [place]);
    });
    return button;
  }));
}

async function draw(figure) {
  const twin = figure.parentElement.querySelector("details.twin");
  try {
    const given = JSON.parse(figure.querySelector("script").textContent);
    const plot = figure.querySelector(".plot");
    const layout = given.layout || {};
    const data = given.data.map(paint);
    legend(figure, plot, data, layout.showlegend);
    const config = { displayModeBar: false, responsive: true, locale: language };
    await Plotly.react(plot, data, frame(layout, data, plot.clientWidth), config);
    figure.dataset.state = "drawn";
  } catch {
    figure.dataset.state = "missing";
    figure.querySelector(".no-chart").hidden = false;
    if (twin) twin.open = true;
  }
}

/** Plotly fits a chart to a window that changed, but keeps as many labels as there were. */
function refit() {
  for (const plot of document.querySelectorAll('figure[data-state="drawn"] .plot')) {
    const nticks = labelsIn(plot.clientWidth);
    const axes = Object.entries(plot.layout).filter(([name, given]) => isOfLabels(name, given) && given.nticks !== nticks);
    if (plot.clientWidth && axes.length) Plotly.relayout(plot, Object.fromEntries(axes.map(([name]) => [`${name}.nticks`, nticks])));
  }
}

const isInView = (element) => {
  const { top, bottom } = element.getBoundingClientRect();
  return top < innerHeight && bottom > 0;
};

const shown = () => new Promise((resume) => { setTimeout(resume); });

/** What can be seen comes first, and is shown before the others are drawn. */
async function drawAll(part, { again = false } = {}) {
  const wanted = [...part.querySelectorAll("figure[data-chart]")].filter((one) => again || !one.dataset.state);
  const seen = new Set(wanted.filter(isInView));
  shades.clear();
  for (const figure of seen) await draw(figure);
  document.body.dataset.seen = "";
  if (seen.size) await shown();
  for (const figure of wanted.filter((one) => !seen.has(one))) await draw(figure);
  document.body.dataset.ready = "";
}

// --- theme, copying, zones --------------------------------------------------------------------

/** The theme that the admin shares with us; nothing where the browser keeps nothing. */
function sharedTheme(theme) {
  try {
    if (theme) localStorage.setItem("theme", theme);
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

/** The cookie is for the server, so that no page flashes. */
function switchTheme(theme) {
  root.dataset.theme = theme;
  sharedTheme(theme);
  const age = theme === "auto" ? 0 : 31536000;
  document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax`;
}

async function copy(button) {
  const words = button.textContent;
  await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = words; }, 2000);
}

function offerOwnZone(part) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const select of part.querySelectorAll("select[data-zones]")) {
    if (![...select.options].some((option) => option.value === zone)) select.add(new Option(zone, zone));
  }
}

// --- the row of pages ---------------------------------------------------------------------------

/** The filters of this page, as its address has them now. */
function carried(names) {
  const there = new URLSearchParams(location.search);
  for (const name of [...there.keys()]) if (!names.includes(name)) there.delete(name);
  return there.toString();
}

/** A group stays open only while somebody is in it. Escape gives the focus back to its name. */
function closeGroups(target) {
  for (const group of document.querySelectorAll(".group[open]")) {
    if (target && group.contains(target)) continue;
    const isInside = group.contains(document.activeElement);
    group.open = false;
    if (!target && isInside) group.querySelector("summary").focus();
  }
}

// --- at the start, and for every part that htmx brings -----------------------------------------

function enliven(part) {
  writeValues(part);
  offerOwnZone(part);
  for (const button of part.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  return drawAll(part);
}

const switches = document.querySelectorAll("[data-theme-switch]");
const kept = sharedTheme();
if (kept && kept !== root.dataset.theme && switches.length) {
  switchTheme(kept);
  for (const one of switches) one.value = kept;
}
const tab = document.querySelector(".tabs [aria-current]");
if (tab) tab.scrollIntoView({ block: "nearest", inline: "center" });
document.body.append(probe);
enliven(document);
setInterval(() => writeAges(document), 15000);
document.addEventListener("click", (event) => { if (event.target.matches("[data-copy]")) copy(event.target); });
document.addEventListener("toggle", ({ target }) => { if (target.open) unfold(target); }, true);
document.addEventListener("click", ({ target }) => { // filters that htmx changed go along too
  const link = target.closest("a[data-carries]");
  if (link) link.search = carried(link.closest("[data-names]").dataset.names.split(" "));
}, true);
document.addEventListener("click", ({ target }) => closeGroups(target));
document.addEventListener("keydown", (event) => { if (event.key === "Escape") closeGroups(null); });
document.addEventListener("submit", ({ target }) => { // filters change the address, not the form
  if (target.matches(".languages")) target.elements.next.value = location.pathname + location.search;
});
document.addEventListener("input", ({ target }) => { // a slider and its number are one value
  const twin = target.dataset.twin && document.getElementById(target.dataset.twin);
  if (twin) twin.value = target.value;
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-theme-switch]")) switchTheme(event.target.value);
});
let resizing = 0;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(refit, 200);
});
document.addEventListener("htmx:beforeCleanupElement", ({ target }) => {
  if (target instanceof Element && target.matches(".js-plotly-plot")) Plotly.purge(target);
});
document.addEventListener("htmx:afterSettle", () => enliven(document));
new MutationObserver(() => drawAll(document, { again: true })).observe(root, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(document, { again: true }));
