// The camera on the page: live picture, self-timer, shots. What it took goes to photos.js.
"use strict";

// What a phone's camera gives at most where the browser takes single photos itself, and else.
const LIVE = { width: { ideal: 1280 }, height: { ideal: 960 } }, FULL = { width: { ideal: 3840 }, height: { ideal: 2160 } };
const SHOTS = { front: 2, second: 1, side: 1 };
const BETWEEN_MS = 900; // two shots: a sway, a blink, the sensor's noise differ
const TAKE_PHOTO_MS = 3000; // some phones never answer
const JPEG_QUALITY = 0.93;
const LEVEL_MS = 120;

const camera = { role: "front", stream: null, stills: null, count: null, opened: 0, lock: null, refreshing: 0, tiltAllowed: true };

const cameraIsThere = () => Boolean(navigator.mediaDevices?.getUserMedia && $("camera").showModal);
const facing = () => kept.get("facing") || "environment";
const timerSeconds = () => Number(document.querySelector("[name=timer]:checked").value);
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Called by a tap: sound and the tilt's permission need one.
async function openCamera(role) {
  camera.role = role;
  $("camera-error").hidden = true;
  wakeSound();
  for (const name of Object.keys(SHOTS)) $(`outline-${name}`).toggleAttribute("hidden", name !== role);
  $("camera-title").textContent = t(`camera_${role}`);
  $("camera-said").textContent = t("camera_starting");
  $("camera").showModal();
  $("shoot").focus();
  await startStream();
}

async function startStream() {
  const opened = ++camera.opened;
  const tilt = listenToTilt(facing()); // before anything is awaited: it has to be the tap's
  $("shoot").disabled = true;
  try {
    const size = window.ImageCapture ? LIVE : FULL;
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: facing() }, ...size }, audio: false });
    if (opened !== camera.opened || !$("camera").open) { stream.getTracks().forEach((track) => track.stop()); return; }
    camera.stream = stream;
    // A laptop's one camera looks at its user, whatever was wished.
    const looks = stream.getVideoTracks()[0].getSettings().facingMode || facing();
    level.facing = looks;
    $("live").classList.toggle("mirrored", looks === "user");
    $("live").srcObject = stream;
    await $("live").play();
    camera.stills = stillsOf(stream);
  } catch (error) {
    if (opened === camera.opened) cameraFailed(error);
    return;
  }
  camera.tiltAllowed = await tilt;
  $("ask-tilt").hidden = camera.tiltAllowed;
  $("shoot").disabled = false;
  $("camera-said").textContent = t(`hint_${camera.role}`);
  clearInterval(camera.refreshing);
  camera.refreshing = setInterval(() => showLevel(camera.tiltAllowed), LEVEL_MS);
  navigator.wakeLock?.request("screen").then((lock) => { camera.lock = lock; }, () => {}); // a low battery refuses
}

// The chooser is beside it and does without.
function cameraFailed(error) {
  const why = { NotAllowedError: "camera_denied", NotFoundError: "camera_none", OverconstrainedError: "camera_none" }[error.name] || "camera_busy";
  $("camera").close();
  $("camera-error").textContent = t(why);
  $("camera-error").hidden = false;
  $("photo").focus();
}

// Over the picture, whose bars beside or above differ from screen to screen.
function fitOutline() {
  const { videoWidth, videoHeight } = $("live"), { clientWidth, clientHeight } = $("view");
  if (!videoWidth) return;
  const scale = Math.min(clientWidth / videoWidth, clientHeight / videoHeight);
  $("outline").style.height = `${0.92 * scale * videoHeight}px`;
  $("level").style.right = `${(clientWidth - scale * videoWidth) / 2 + 12}px`;
  $("level").style.bottom = `${(clientHeight - scale * videoHeight) / 2 + 12}px`;
}

function stopStream() {
  camera.opened += 1;
  stopCount();
  clearInterval(camera.refreshing);
  stopListeningToTilt();
  camera.stream?.getTracks().forEach((track) => track.stop());
  camera.lock?.release();
  Object.assign(camera, { stream: null, lock: null });
  $("live").srcObject = null;
}

function stopCount() {
  if (!camera.count) return;
  clearInterval(camera.count.watching);
  camera.count.stopped = true;
  camera.count = null;
  hush();
  $("count").textContent = "";
  $("camera").classList.remove("counting");
  $("shoot").textContent = t("shoot");
}

// Counts down, takes the shots and closes; stopped by the same button, by Esc, by a page that is hidden.
async function shoot() {
  if (camera.count) { stopCount(); $("camera-said").textContent = t("count_stopped"); return; }
  const count = { stopped: false, motion: new Motion(), watching: 0 };
  camera.count = count;
  wakeSound();
  $("camera").classList.add("counting");
  $("shoot").textContent = t("stop");
  $("camera-said").textContent = t("counting", { seconds: timerSeconds() });
  tell(`say_${camera.role}`);
  count.watching = setInterval(() => count.motion.watch($("live")), EVERY_MS);
  const end = performance.now() + timerSeconds() * 1000;
  for (let left = timerSeconds(); left > 0; left--) {
    $("count").textContent = left;
    beep(left > 3 ? 660 : 880, 120);
    buzz(left > 3 ? 40 : 90);
    if (left === 6) tell("say_still");
    await later(end - (left - 1) * 1000 - performance.now());
    if (count.stopped) return;
  }
  clearInterval(count.watching);
  const shots = [];
  for (let i = 0; i < SHOTS[camera.role]; i++) {
    if (i) { tell("say_again"); await later(BETWEEN_MS); }
    if (count.stopped) return;
    $("count").textContent = "";
    const attitude = attitudeNow();
    const taken = await takeShot();
    if (count.stopped) return;
    $("view").classList.add("flash");
    setTimeout(() => $("view").classList.remove("flash"), 150);
    beep(1320, 350);
    buzz(250);
    const type = taken.type || "image/jpeg";
    const file = new File([taken], `${camera.role}-${i + 1}.${type === "image/png" ? "png" : "jpg"}`, { type });
    shots.push({ file, attitude, small: count.motion.small, taken: true });
  }
  tell("say_done");
  stopCountQuietly(count);
  $("camera").close();
  await setPhotos(camera.role, shots);
}

// As stopCount, but what is being said is said to its end.
function stopCountQuietly(count) {
  count.stopped = true;
  camera.count = null;
  $("camera").classList.remove("counting");
  $("shoot").textContent = t("shoot");
}

// How this camera takes single photos of its whole sensor, asked before the count; null where it does not.
async function stillsOf(stream) {
  if (!window.ImageCapture) return null;
  try {
    const capture = new ImageCapture(stream.getVideoTracks()[0]);
    const { imageWidth, imageHeight } = await capture.getPhotoCapabilities();
    const size = imageWidth?.max && imageHeight?.max ? { imageWidth: imageWidth.max, imageHeight: imageHeight.max } : {};
    return () => capture.takePhoto(size);
  } catch { return null; }
}

// The sensor's whole picture with its EXIF, from which the API knows the field of view, where the browser
// gives one; else the video's frame.
async function takeShot() {
  try {
    const photo = await inTime(camera.stills.then((take) => take?.()));
    if (photo?.size && photo.size <= MAX_BYTES && typeOf(photo)) return photo;
  } catch { // no photos from this camera after all: its video has frames, and waiting twice helps nobody
    camera.stills = Promise.resolve(null);
  }
  const video = $("live"), canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
}

const inTime = (promise) => Promise.race([promise, later(TAKE_PHOTO_MS).then(() => { throw new Error("no answer"); })]);

async function turnCamera() {
  kept.set("facing", facing() === "user" ? "environment" : "user");
  stopStream();
  $("camera-said").textContent = t("camera_starting");
  await startStream();
}

// A hidden page gets no frames and no sensor: the count would end in a photo of whatever.
function hiddenOrBack() {
  if (!$("camera").open) return;
  if (document.hidden) {
    camera.interrupted = Boolean(camera.count);
    stopStream();
  } else {
    startStream().then(() => { if (camera.interrupted && camera.stream) $("camera-said").textContent = t("count_hidden"); });
  }
}

function startCamera() {
  if (!cameraIsThere()) {
    for (const button of document.querySelectorAll("[data-camera]")) button.hidden = true;
    return;
  }
  $("tilt-why").hidden = !window.DeviceOrientationEvent?.requestPermission;
  for (const button of document.querySelectorAll("[data-camera]"))
    button.addEventListener("click", () => openCamera(button.dataset.camera));
  $("shoot").addEventListener("click", shoot);
  $("turn-camera").addEventListener("click", turnCamera);
  $("close-camera").addEventListener("click", () => $("camera").close());
  $("camera").addEventListener("close", stopStream);
  $("ask-tilt").addEventListener("click", async () => {
    camera.tiltAllowed = await listenToTilt(level.facing);
    $("ask-tilt").hidden = camera.tiltAllowed;
  });
  $("mute").addEventListener("click", () => {
    kept.set("muted", muted() ? "no" : "yes");
    if (muted()) hush();
    showMuted();
  });
  new ResizeObserver(fitOutline).observe($("view"));
  $("live").addEventListener("resize", fitOutline);
  document.addEventListener("visibilitychange", hiddenOrBack);
  showMuted();
}
