// Keeps the page itself, so that it opens without a network. The API's answers are never kept here.
"use strict";

const CACHE = "hypermob-page-1";
const SHELL = ["./", "app.webmanifest", "icon.svg"];
const addresses = SHELL.map((each) => new URL(each, location.href).href);

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(addresses)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith("hypermob-") && name !== CACHE);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))).then(() => clients.claim()));
});

// The network's page where there is one: a new version is never hidden by an old one.
addEventListener("fetch", (event) => {
  const [address] = event.request.url.split(/[?#]/);
  if (event.request.method === "GET" && addresses.includes(address)) event.respondWith(newest(address, event.request));
});

async function newest(address, request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(address, answer.clone());
    return answer;
  } catch (error) {
    const found = await cache.match(address);
    if (!found) throw error;
    return found;
  }
}
