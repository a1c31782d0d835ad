// A result that stays: as a file, as a report of one page, in this browser; and the page without a network.
"use strict";

const REPORT_STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:56rem;padding:0 1rem;color:#14181f;background:#fff}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{border-bottom:1px solid #d8dde5;padding:.3rem .6rem .3rem 0;text-align:left;vertical-align:top}
.number{text-align:right;white-space:nowrap}.soft{color:#525c6b;display:block;font-size:.85rem}.group th{font-size:1.05rem;padding-top:1rem}
img,.drawing svg{max-width:100%;height:auto;max-height:36rem}.qr svg{width:15rem}.note{background:#fdf5e2;padding:.6rem 1rem}code{overflow-wrap:anywhere}
.bar,.hidden{display:none}details{font-size:.85rem}summary{display:none}`;

// Nothing in the file runs or loads, whatever texts and drawing hold.
const REPORT_POLICY = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`;

function download(name, type, content) {
  const link = el("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

const today = () => new Date().toISOString().slice(0, 10);

// Without what expires in an hour (the overlay's link) and what any reader draws anew.
function resultDocument() {
  const { output_image_url: _, ...measurement } = state.measurement;
  const recommendations = state.recommendations.map(({ drawing: __, ...rest }) => rest);
  return { saved_at: new Date().toISOString(), measurement, recommendations };
}

const saveJson = () => download(`hypermob-${today()}.json`, "application/json", JSON.stringify(resultDocument(), null, 2));

// The picture with the lengths as data; null where it cannot be read again (its link has expired, no network).
async function overlayData() {
  if ($("overlay").src.startsWith("data:")) return $("overlay").src;
  try {
    const answer = await fetch($("overlay").src, { cache: "reload" });
    if (!answer.ok) return null;
    const content = await answer.blob();
    return await new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.readAsDataURL(content);
    });
  } catch { return null; }
}

async function saveReport() {
  const picture = await overlayData();
  const report = document.implementation.createHTMLDocument(`HYPERMOB, ${today()}`);
  report.documentElement.lang = state.language;
  report.head.append(el("meta", { charset: "utf-8" }), el("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }));
  const copyOf = (id) => {
    const made = $(id).cloneNode(true);
    made.querySelectorAll("details").forEach((each) => each.setAttribute("open", ""));
    return made;
  };
  report.body.append(
    el("h1", null, "HYPERMOB"), el("p", { class: "soft" }, `${today()} · ${t("height")}: ${lengthText(state.segments.height)} ${t(inFeet() ? "inch" : "cm")}`),
    ...(picture ? [el("img", { src: picture, alt: t("overlay_alt") })] : []),
    el("h2", null, t("lengths")), copyOf("lengths"), el("p", { class: "soft" }, t("interval_words")),
    el("h2", null, t("car")), el("div", { class: "drawing" }, [...$("drivers").children].map((each) => each.cloneNode(true))),
    ...[...$("warnings").querySelectorAll(".note")].map((each) => each.cloneNode(true)), copyOf("settings"),
    ...["VSS", "VHAL"].flatMap((kind) => {
      const text = carCode(kind, state.recommendations[0]);
      return [el("h2", null, `${t("qr_title")} (${kind})`), el("div", { class: "qr" }, qrPicture(text)), el("p", null, el("code", null, text))];
    }));
  // As text: in a document of its own the policy would forbid the style element, too.
  const html = report.documentElement.outerHTML.replace("</head>", () => `${REPORT_POLICY}<${"style"}>${REPORT_STYLE}</${"style"}></head>`);
  download(`hypermob-${today()}.html`, "text/html", `<!doctype html>\n${html}`);
}

// -- in this browser ------------------------------------------------------------------------

async function keepHere() {
  const overlay = await overlayData();
  const { catalogue, measurement, segments, recommendations } = state;
  try {
    localStorage.setItem("result", JSON.stringify({ saved_at: new Date().toISOString(), overlay, catalogue, measurement, segments, recommendations }));
    $("said").textContent = t("kept_here");
  } catch { $("said").textContent = t("kept_not"); }
  showKept();
}

const keptResult = () => JSON.parse(kept.get("result") || "null");

function dropKept() {
  try { localStorage.removeItem("result"); } catch { /* then there is none */ }
  showKept();
}

function showKept() {
  const found = keptResult();
  $("kept-box").hidden = !found;
  if (found) $("kept-words").textContent = t("kept_words", { date: new Date(found.saved_at).toLocaleDateString(state.language, { dateStyle: "long" }) });
}

function openKept() {
  const { overlay, ...found } = keptResult();
  Object.assign(state, found);
  fillVehicles();
  $("vehicle-2").value = found.recommendations[0].vehicle;
  $("drive-side-2").value = found.recommendations[0].drive_side;
  if (overlay) $("overlay").src = overlay; else $("overlay").removeAttribute("src");
  showLengths();
  showSliders();
  showCar();
  $("result").hidden = false;
  $("result-title").focus();
}

// -- without a network ----------------------------------------------------------------------

function showNetwork() { $("offline").hidden = navigator.onLine; }

// The worker of another version says so to pages that were open before it.
function watchVersion(workers) {
  workers.addEventListener("message", ({ data }) => { $("newer").hidden = data.version === document.body.dataset.version; });
  // A page on the home screen is opened for weeks and never loaded.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) workers.getRegistration().then((found) => found?.update()).catch(() => {}); // no network: the next time
  });
}

function startKeeping() {
  // A worker rules what lies below its folder: "/dev" is not below "/dev/".
  if (location.pathname !== BASE) history.replaceState(null, "", BASE + location.search + location.hash);
  const workers = navigator.serviceWorker; // none in private windows of some browsers
  if (workers) watchVersion(workers);
  workers?.register(`${BASE}sw.js`).catch(() => {}); // not over https: then not without a network
  $("load-newer").addEventListener("click", () => location.reload());
  for (const event of ["online", "offline"]) addEventListener(event, showNetwork);
  $("save-json").addEventListener("click", saveJson);
  $("save-report").addEventListener("click", saveReport);
  $("keep-here").addEventListener("click", keepHere);
  $("open-kept").addEventListener("click", openKept);
  $("drop-kept").addEventListener("click", dropKept);
  $("qr-kind").addEventListener("change", showQr);
  showNetwork();
  showKept();
}
