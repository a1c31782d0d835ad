// The form, from photo to result, and the page's start.
"use strict";

const MAX_BYTES = 20 * 1024 * 1024;

function speak(language) {
  state.language = language;
  kept.set("language", language);
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-alt]")) node.alt = t(node.dataset.alt);
  for (const button of document.querySelectorAll("[data-language]"))
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  document.title = `HYPERMOB: ${t("title")}`;
  if ($("photo").files.length) photoWords();
  $("refusal").hidden = true;
  $("doing").textContent = "";
  for (const id of ["photo", "height", "side-photo", "key"]) wrong(id, "");
  fillVehicles();
  if (state.measurement) {
    showLengths();
    showSliders();
    recommendSoon(); // the drawing has words, too
  }
}

function wrong(id, message) {
  const said = $(`${id}-error`);
  said.textContent = message;
  said.hidden = !message;
  $(id).setAttribute("aria-invalid", String(Boolean(message)));
  return Boolean(message);
}

function heightCm() {
  const typed = $("height").value.trim().replace(",", ".");
  return /^\d+(\.\d+)?$/.test(typed) ? Number(typed) : NaN;
}

function fileProblem(file) {
  if (!typeOf(file)) return t("wrong_type");
  return file.size > MAX_BYTES ? t("too_large") : "";
}

function photoWords() {
  const [file] = $("photo").files;
  $("photo-words").replaceChildren(
    el("strong", null, t("photo_again")), el("span", { class: "soft" }, t("photo_chosen", { name: file.name })));
}

function showPhoto() {
  const [file] = $("photo").files;
  if (!file) return;
  wrong("photo", fileProblem(file));
  photoWords();
  URL.revokeObjectURL($("preview").src);
  $("preview").hidden = false;
  $("preview").onerror = () => { $("preview").hidden = true; }; // HEIC, in most browsers
  $("preview").src = URL.createObjectURL(file);
}

function working(doing, percent) {
  $("progress").hidden = false;
  $("doing").textContent = t(doing);
  if (percent === undefined) $("bar").removeAttribute("value");
  else $("bar").value = percent;
}

function refuse(error) {
  if (!(error instanceof Refusal)) throw error;
  if (error.code === "FORBIDDEN") askForKey(t("wrong_key"));
  else if (error.fields.some((each) => each.field === "height_cm")) { wrong("height", t("need_height")); $("height").focus(); }
  else {
    $("refusal").replaceChildren(el("p", null, error.message));
    $("refusal").hidden = false;
    $("refusal").focus();
  }
}

function askForKey(message) {
  $("key-box").hidden = false;
  $("change-key").hidden = true;
  wrong("key", message || "");
  $("key").focus();
}

async function measure(event) {
  event.preventDefault();
  $("refusal").hidden = true;
  const [file] = $("photo").files, [side] = $("side-photo").files;
  const problems = [
    ["photo", file ? fileProblem(file) : t("need_photo")],
    ["height", heightCm() >= 100 && heightCm() <= 230 ? "" : t("need_height")],
    ["side-photo", side ? fileProblem(side) : ""],
    ["key", $("key").value.trim() ? "" : t("need_key")],
  ].filter(([id, message]) => wrong(id, message));
  if (!$("side-photo-error").hidden) $("more").open = true;
  if (problems.length) { $(problems[0][0]).focus(); return; }
  dropPerson();
  $("go").disabled = $("forget").disabled = true;
  try {
    const body = { user_id: userId(), height_cm: heightCm(), vehicle: $("vehicle").value || null, drive_side: $("drive-side").value, sex: $("sex").value || null };
    working("doing_upload", 0);
    const granted = await upload(file, "doing_upload");
    keepKey();
    body.image_url = granted.image_url;
    if (side) body.side_image_url = (await upload(side, "doing_side")).image_url;
    working("doing_measure");
    const answer = await call("POST", "measure", body);
    state.measurement = answer.state === "pending" ? await finished(answer.measurement_id) : answer;
    state.segments = { ...state.measurement.segments };
    working("doing_fit");
    if (!state.catalogue) await loadVehicles();
    $("vehicle-2").value = $("vehicle").value;
    $("drive-side-2").value = $("drive-side").value;
    await recommend();
    $("overlay").src = state.measurement.output_image_url;
    showLengths();
    showSliders();
    $("result").hidden = false;
    $("doing").textContent = t("done");
    $("result-title").focus();
  } catch (error) {
    $("doing").textContent = "";
    refuse(error);
  } finally {
    $("progress").hidden = true;
    $("go").disabled = $("forget").disabled = false;
  }
}

// Whoever is measured next must not see whose body this was.
function dropPerson() {
  clearTimeout(waiting);
  state.asked += 1; // an answer on its way is of this person, too
  Object.assign(state, { measurement: null, segments: null, recommendations: [] });
  $("result").hidden = true;
  $("overlay").removeAttribute("src");
  for (const id of ["drivers", "sliders", "warnings", "mirror-view", "mirror-words", "said"]) $(id).replaceChildren();
  for (const id of ["lengths", "settings"]) $(id).tBodies[0].replaceChildren();
  $("copied").value = "";
  $("copied").hidden = true;
  dropOwn();
}

function keepKey() {
  kept.set("key", $("key").value.trim());
  $("key-box").hidden = true;
  $("change-key").hidden = false;
}



async function copy(content) {
  const text = JSON.stringify(content, null, 2);
  try {
    await navigator.clipboard.writeText(text);
    $("said").textContent = t("copied");
  } catch { // not allowed, or not over https
    $("copied").hidden = false;
    $("copied").value = text;
    $("copied").select();
    $("said").textContent = t("copy_by_hand");
  }
}

async function forget() {
  $("refusal").hidden = true;
  $("go").disabled = true;
  try {
    for (const id of stored()) {
      await call("DELETE", `measurements/${userId()}/${id}`);
      keepStored(stored().filter((each) => each !== id));
    }
    await forgetOwn();
    keepStored(stored());
    dropPerson();
    $("form").reset();
    $("preview").hidden = true;
    $("key").value = kept.get("key") || "";
    speak(state.language);
    $("photo-words").replaceChildren(el("strong", null, t("photo")), el("span", { class: "soft" }, t("photo_hint")));
    $("doing").textContent = t("forgotten");
    $("main").focus();
  } catch (error) {
    refuse(error);
  } finally {
    $("go").disabled = false;
  }
}

// -- start ----------------------------------------------------------------------------------

function start() {
  $("docs").href = `${BASE}docs`;
  $("key").value = kept.get("key") || "";
  keepStored(stored());
  if ($("key").value) { $("key-box").hidden = true; $("change-key").hidden = false; }
  const wished = kept.get("language") || navigator.languages.map((each) => each.slice(0, 2)).find((each) => each in WORDS);
  speak(wished || "en");
  for (const button of document.querySelectorAll("[data-language]"))
    button.addEventListener("click", () => speak(button.dataset.language));
  $("photo").addEventListener("change", showPhoto);
  addEventListener("pageshow", showPhoto); // back again, the browser has chosen the same photo
  $("form").addEventListener("submit", measure);
  $("change-key").addEventListener("click", () => askForKey());
  $("key").addEventListener("change", () => loadVehicles().then(() => wrong("key", ""), refuse));
  for (const id of ["vehicle-2", "compare", "drive-side-2", "posture", "side-mirrors"]) $(id).addEventListener("change", recommendSoon);
  $("reset").addEventListener("click", () => {
    state.segments = { ...state.measurement.segments };
    showSliders();
    recommendSoon();
  });
  $("copy-json").addEventListener("click", () => copy({ measurement: state.measurement, recommendations: state.recommendations }));
  $("copy-vss").addEventListener("click", () => copy(state.recommendations[0].vss));
  $("forget").addEventListener("click", forget);
  loadVehicles().catch(refuse);
}

start();
