// The API: calls, their refusals, uploads, and what is stored of this visitor.
"use strict";

// On a stage's own address (/dev) the API is one level below.
const BASE = location.pathname.replace(/\/?$/, "/");
const TYPES = { jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", webp: "image/webp", heic: "image/heic", heif: "image/heif", hif: "image/heif" };
const GIVE_UP_MS = 120000;
const STALLED_MS = 30000; // an upload of which nothing moved for so long is lost

class Refusal extends Error {
  constructor(error) { super(error.message); this.code = error.code; Object.assign(this, { fields: error.fields || [], field: error.field, where: error.where }); }
}

async function call(method, path, body, headers) {
  let answer, document;
  try {
    answer = await fetch(BASE + path, {
      method,
      headers: { "X-API-Key": $("key").value.trim(), "Accept-Language": state.language, ...(body ? { "Content-Type": "application/json" } : {}), ...headers },
      body: body && JSON.stringify(body),
    });
    document = await answer.json();
  } catch {
    throw new Refusal({ code: "LOST", message: t("lost") });
  }
  if (document.status !== "success") throw new Refusal(document.error || { code: "LOST", message: t("lost") });
  return document.data;
}

function userId() {
  const known = kept.get("user_id") || `web-${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  kept.set("user_id", known);
  return known;
}

// Ids of the photos that may be stored, measured or not: what the person can still delete.
const stored = () => JSON.parse(kept.get("stored") || "[]");

function keepStored(ids) {
  kept.set("stored", JSON.stringify(ids));
  $("forget").hidden = !ids.length && kept.get("own") !== "yes";
}

const typeOf = (file) =>
  Object.values(TYPES).includes(file.type) ? file.type : TYPES[(file.name || "").split(".").pop().toLowerCase()];

async function upload(file, doing) {
  const granted = await call("POST", "uploads", { user_id: userId(), content_type: typeOf(file) });
  keepStored([...stored(), granted.measurement_id]);
  const form = new FormData();
  for (const [name, value] of Object.entries(granted.upload.fields)) form.append(name, value);
  form.append("file", file);
  await new Promise((resolve, reject) => {
    // fetch tells nothing of an upload's progress.
    const request = new XMLHttpRequest();
    let stalled = 0;
    const moved = () => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort(), STALLED_MS);
    };
    request.upload.onprogress = (event) => { moved(); working(doing, (event.loaded / event.total) * 100); };
    request.onloadend = () => clearTimeout(stalled);
    request.onload = () =>
      request.status < 300 ? resolve() : reject(new Refusal({ code: "UPLOAD", message: t("upload_refused") }));
    request.onerror = request.onabort = () => reject(new Refusal({ code: "LOST", message: t("lost") }));
    request.open("POST", granted.upload.url);
    request.send(form);
    moved();
  });
  return granted;
}

async function finished(measurementId) {
  const until = Date.now() + GIVE_UP_MS;
  while (Date.now() < until) {
    const found = await call("GET", `measurements/${userId()}/${measurementId}`).catch((error) => {
      if (error.code !== "LOST") throw error;
      return {}; // it is being measured all the same: the next question may come through
    });
    if (found.state === "failed") throw new Refusal(found.error);
    if (found.state === "done") return found.measurement;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Refusal({ code: "SLOW", message: t("slow") });
}
