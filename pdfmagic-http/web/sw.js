// A service worker that caches the page, so that it opens offline. Photos and PDFs are never cached.

const CACHE = "page";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.add("./")).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = new URL(request.url).href.slice(self.registration.scope.length);
  const isAsset = path.startsWith("assets/");
  if (request.method !== "GET" || !(path === "" || isAsset)) return;
  event.respondWith(isAsset ? keptFirst(request) : newFirst(request));
});

async function newFirst(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put("./", response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match("./");
    if (kept) return kept;
    throw error;
  }
}

async function keptFirst(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) {
    // Assets whose address has another hash are of an older version.
    const own = request.url.split("/assets/")[1].split("/")[0];
    for (const old of await cache.keys()) {
      const hash = old.url.split("/assets/")[1]?.split("/")[0];
      if (hash && hash !== own) await cache.delete(old);
    }
    await cache.put(request, response.clone());
  }
  return response;
}
