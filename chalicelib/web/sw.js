// Keeps the page itself, so that it opens without a network. The API's answers are never kept here.
"use strict";

// chalicelib/pages.py writes the page's version here. Another page is thereby another worker: it keeps the
// new page, drops the old one, takes over and tells open pages, which may be older (keep.js).
const VERSION = "";
const CACHE = `hypermob-page-${VERSION}`;
const SHELL = ["./", "app.webmanifest", "icon.svg"];
const PATIENCE_MS = 5000; // a network may be there and bring nothing
const addresses = SHELL.map((each) => new URL(each, location.href).href);

addEventListener("install", (event) => {
  const fresh = addresses.map((address) => new Request(address, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith("hypermob-") && name !== CACHE);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))).then(takeOver));
});

async function takeOver() {
  await clients.claim();
  for (const each of await clients.matchAll()) each.postMessage({ version: VERSION });
}

// The network's page where there is one: a new version is never hidden by an old one.
addEventListener("fetch", (event) => {
  const [address] = event.request.url.split(/[?#]/);
  if (event.request.method === "GET" && addresses.includes(address)) event.respondWith(newest(address, event.request));
});

async function newest(address, request) {
  const cache = await caches.open(CACHE);
  const asked = fetch(request).then(async (answer) => {
    if (answer.ok) await cache.put(address, answer.clone());
    return answer;
  });
  asked.catch(() => {}); // told below, or too late to matter
  const waited = new Promise((_, reject) => setTimeout(reject, PATIENCE_MS));
  try {
    return await Promise.race([asked, waited]);
  } catch {
    return (await cache.match(address)) || asked;
  }
}
