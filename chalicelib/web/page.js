// The form, from photo to result, and the page's start.
"use strict";

function speak(language) {
  state.language = language;
  kept.set("language", language);
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-alt]")) node.alt = t(node.dataset.alt);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  for (const button of document.querySelectorAll("[data-language]"))
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  document.title = `HYPERMOB: ${t("title")}`;
  photoWords();
  for (const role of Object.keys(photos)) showNotes(role);
  $("refusal").hidden = true;
  tellRefusalAgain();
  $("doing").textContent = "";
  showBrings();
  for (const id of [...Object.values(INPUTS), "height", "weight", "age", "key"]) wrong(id, "");
  fillVehicles();
  showKept();
  if (state.measurement) {
    showLengths();
    showSliders();
    showQr();
    recommendSoon(); // the drawing has words, too
  }
}

function wrong(id, message) {
  const said = $(`${id}-error`);
  said.textContent = message;
  said.hidden = !message;
  for (const field of id === "height" ? [id, "feet", "inches"] : [id]) $(field).setAttribute("aria-invalid", String(Boolean(message)));
  return Boolean(message);
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
  else if (error.fields.some((each) => each.field === "height_cm")) { wrong("height", t("need_height")); shownHeight().focus(); }
  else {
    showRefusal(error);
    $("refusal").focus();
  }
}

function showRefusal(error) {
  $("refusal").replaceChildren(el("p", null, error.message), ...refusedPhoto(error));
  $("refusal").hidden = false;
}

// In the language that was switched to: the API has the words. Without a network it stays hidden, and
// the button asks anew.
async function tellRefusalAgain() {
  const id = state.refused;
  if (!id) return;
  const found = await call("GET", `measurements/${userId()}/${id}`).catch(() => ({}));
  if (found.state === "failed" && state.refused === id) showRefusal(found.error);
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
  state.refused = null;
  const [first] = photos.front, [second] = photos.second, [side] = photos.side;
  const weight = weightKg(), age = typedNumber("age");
  const problems = [
    ["photo", first ? fileProblem(first.file) : t("need_photo")],
    ["height", heightCm() >= 100 && heightCm() <= 230 ? "" : t("need_height")],
    ["side-photo", side ? fileProblem(side.file) : ""],
    ["second-photo", second ? fileProblem(second.file) : ""],
    ["weight", weight === null || (weight >= 25 && weight <= 300) ? "" : t("need_weight")],
    ["age", age === null || (age >= 16 && age <= 110) ? "" : t("need_age")],
    ["key", $("key").value.trim() ? "" : t("need_key")],
  ].filter(([id, message]) => wrong(id, message));
  if (problems.length) {
    if ($("more").contains($(problems[0][0]))) $("more").open = true;
    (problems[0][0] === "height" ? shownHeight() : $(problems[0][0])).focus();
    return;
  }
  dropPerson();
  $("go").disabled = $("forget").disabled = true;
  try {
    const body = {
      user_id: userId(), height_cm: heightCm(), vehicle: $("vehicle").value || null, drive_side: $("drive-side").value,
      sex: $("sex").value || null, weight_kg: weight, age_years: age,
    };
    Object.assign(body, await uploadPhotos());
    keepKey();
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
    if (PHOTO_CODES.includes(error.code)) state.refused = state.sent;
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
  for (const id of ["drivers", "sliders", "warnings", "mirror-view", "mirror-words", "said", "qr", "qr-text"]) $(id).replaceChildren();
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
  state.refused = null;
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
    for (const role of Object.keys(photos)) await setPhotos(role, []);
    dropKept();
    showUnits();
    $("key").value = kept.get("key") || "";
    speak(state.language);
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
  startPhotos();
  startUnits();
  startCamera();
  startKeeping();
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
  loadVehicles().catch((error) => (error.code === "LOST" ? $("offline").removeAttribute("hidden") : refuse(error)));
}

start();
