// The photos that will be measured: chosen or taken, shown with what looks wrong, and, once refused,
// with what the API found wrong drawn on them.
"use strict";

const MAX_BYTES = 20 * 1024 * 1024;
// Errors that a photo has, not the network or the key.
const PHOTO_CODES = ["BODY_CUT_OFF", "NO_PERSON", "PERSON_TOO_SMALL", "POSE_UNSUITABLE", "SEVERAL_PEOPLE", "UNSUPPORTED_IMAGE", "IMAGE_TOO_LARGE"];
const INPUTS = { front: "photo", second: "second-photo", side: "side-photo" };
const WORDS_OF_TILT = { pitch: "photo_tilted", roll: "photo_rolled" };

// By role, in the order in which they are sent: { file, attitude: of the camera or null, small, taken }.
const photos = { front: [], second: [], side: [] };

function fileProblem(file) {
  if (!typeOf(file)) return t("wrong_type");
  return file.size > MAX_BYTES ? t("too_large") : "";
}

// Replaces a role's photos and shows them. The promise ends when they have been looked at.
async function setPhotos(role, shots) {
  photos[role] = shots;
  const [first] = shots, input = $(INPUTS[role]);
  if (!first || first.taken) input.value = "";
  wrong(INPUTS[role], first ? fileProblem(first.file) : "");
  showPhotos(role);
  if (!first) return;
  if (role === "front") $("more").open = true; // what else would help comes right after it
  first.problems = [...await photoProblems(first.file), ...taking(first)];
  if (photos[role] !== shots) return; // others came meanwhile
  showNotes(role);
  if (first.taken) (first.problems.length ? $(`${role}-again`) : heightCm() ? $("go") : shownHeight()).focus();
}

// What is wrong with how a photo was taken: names of words.
function taking({ attitude, small }) {
  const tilted = attitude ? ["pitch", "roll"].filter((axis) => Math.abs(attitude[axis]) > TILTED_DEG[axis]) : [];
  return [...tilted.map((axis) => WORDS_OF_TILT[axis]), ...(small ? ["photo_small"] : [])];
}

function showPhotos(role) {
  const shots = photos[role], image = $(`${role}-preview`);
  URL.revokeObjectURL(image.src);
  image.hidden = !shots.length;
  image.removeAttribute("src");
  if (shots.length) {
    image.onerror = () => { image.hidden = true; }; // HEIC, in most browsers
    image.src = URL.createObjectURL(shots[0].file);
  }
  showNotes(role);
  if (role === "front") photoWords();
}

// In the language of now: a switch shows them anew.
function showNotes(role) {
  const [first] = photos[role], notes = $(`${role}-notes`);
  const problems = (first?.problems || []).map((name) => el("p", { class: "note" }, t(name, tiltFacts(first))));
  const name = role !== "front" && first && !first.taken ? [el("p", { class: "soft" }, t("photo_chosen", { name: first.file.name }))] : [];
  notes.replaceChildren(...name, ...problems);
  $(`${role}-again`).hidden = !first?.taken;
  $(`${role}-drop`).hidden = !first;
}

const tiltFacts = ({ attitude }) => attitude && { pitch: Math.abs(Math.round(attitude.pitch)), roll: Math.abs(Math.round(attitude.roll)) };

function photoWords() {
  const [first] = photos.front;
  if (!first) {
    $("photo-words").replaceChildren(el("strong", null, t("photo")), el("span", { class: "soft" }, t("photo_hint")));
    return;
  }
  const attitude = first.attitude && t("photo_attitude", { pitch: Math.round(first.attitude.pitch) + 0 });
  const said = first.taken ? t("photo_taken", { count: photos.front.length }) : t("photo_chosen", { name: first.file.name });
  $("photo-words").replaceChildren(el("strong", null, t("photo_again")),
    el("span", { class: "soft" }, [said, attitude].filter(Boolean).join(" ")));
}

function chosen(role) {
  const [file] = $(INPUTS[role]).files;
  if (file) return setPhotos(role, [{ file, attitude: null, small: false, taken: false }]);
  if (photos[role][0] && !photos[role][0].taken) return setPhotos(role, []);
}

function startPhotos() {
  for (const role of Object.keys(photos)) {
    $(INPUTS[role]).addEventListener("change", () => chosen(role));
    addEventListener("pageshow", () => chosen(role)); // back again, the browser has chosen the same photo
    $(`${role}-again`).addEventListener("click", () => openCamera(role));
    $(`${role}-drop`).addEventListener("click", () => { setPhotos(role, []); $(INPUTS[role]).focus(); });
  }
}

const fronts = () => [...photos.front, ...photos.second];

// Uploads the photos; what a request to measure them says of them.
async function uploadPhotos() {
  const shots = fronts(), [side] = photos.side, urls = [];
  for (const [i, shot] of shots.entries()) {
    const granted = await upload(shot.file, i ? "doing_second" : "doing_upload");
    if (!i) state.sent = granted.measurement_id; // of the first photo: the API keeps it for the measurement
    urls.push(granted.image_url);
  }
  const fields = urls.length > 1
    ? { image_urls: urls, device_pitches_deg: shots.map(pitchDeg) }
    : { image_url: urls[0], device_pitch_deg: pitchDeg(shots[0]) };
  if (!side) return fields;
  return { ...fields, side_image_url: (await upload(side.file, "doing_side")).image_url, side_device_pitch_deg: pitchDeg(side) };
}

// As the API takes it; null where it is not known, and where it is none at which anybody is photographed.
function pitchDeg({ attitude }) {
  return attitude && Math.abs(attitude.pitch) <= 60 ? Math.round(attitude.pitch * 10) / 10 : null;
}

// The photo that an error speaks of, with what is wrong drawn on it, and a way to take it again.
function refusedPhoto({ code, field, where = [] }) {
  if (!PHOTO_CODES.includes(code)) return [];
  const index = Number(/^image_urls\[(\d+)\]$/.exec(field)?.[1] ?? 0);
  const shot = field === "side_image_url" ? photos.side[0] : fronts()[index];
  if (!shot) return [];
  const role = Object.keys(photos).find((each) => photos[each].includes(shot));
  const picture = el("img", { src: URL.createObjectURL(shot.file), alt: t("refused_alt") });
  const figure = el("figure", { class: "refused" }, picture);
  picture.onload = () => figure.append(marks(where, picture.naturalWidth / picture.naturalHeight));
  picture.onerror = () => figure.remove(); // HEIC, in most browsers
  const wrong = wrongMarks(where), parts = [...new Set(wrong.map(({ part }) => nameOf(code === "NO_PERSON" ? "figure" : part)))];
  const said = parts.length ? t("marked", { parts: parts.join(", ") }) : t("unmarked");
  const again = el("button", { class: "main", type: "button" }, t(cameraIsThere() ? "again" : "photo_again"));
  again.addEventListener("click", () => (cameraIsThere() ? openCamera(role) : $(INPUTS[role]).click()));
  return [figure, el("p", { class: "soft", id: "marked" }, said), el("div", { class: "go" }, again)];
}

// Where others are in the photo, they are what is wrong: who is measured is only outlined.
function wrongMarks(where) {
  const others = where.filter((each) => each.part === "other_person");
  return others.length ? others : where;
}

// Lines and boxes, in shares of the picture: 0, 0 is its upper left corner and 1, 1 its lower right one.
function marks(where, aspect) {
  const path = ({ line, box }) => {
    const [left, top, right, bottom] = box || [];
    const points = line || [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]];
    const inside = (share) => Math.min(Math.max(share, 0.008), 0.992); // a stroke has a width
    return `M${points.map(([x, y]) => `${(inside(x) * aspect).toFixed(4)} ${inside(y).toFixed(4)}`).join("L")}`;
  };
  const wrong = wrongMarks(where);
  const drawn = where.flatMap((each) => ["halo", wrong.includes(each) ? "wrong" : "beside"].map((name) =>
    svg("path", { class: name, "data-part": each.part, d: path(each) })));
  return svg("svg", { viewBox: `0 0 ${aspect} 1`, "aria-hidden": "true" }, ...drawn);
}

function showBrings() {
  const text = (cm) => `±${lengthText(cm)}\u00a0${t(inFeet() ? "inch" : "cm")}`;
  for (const role of ["side", "second"])
    $(`${role}-brings`).textContent = t("brings", { from: text(HALF_95_CM.front), to: text(HALF_95_CM[role]) });
}
