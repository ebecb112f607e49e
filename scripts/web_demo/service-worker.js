/* Keeps the page on the device: after the first visit it works without a network.

build_web_demo.py replaces VERSION by a digest of the folder and FILES by the names of its files. A new
version is loaded whole beside the old one, and takes over when the page is opened anew. */

const VERSION = 'VERSION'
const FILES = ['FILES']
// All pages of an origin share its caches: this one touches those of its own folder only.
const PREFIX = `zest ${self.registration.scope} `

self.addEventListener('install', (event) => {
  const requests = FILES.map((name) => new Request(name, { cache: 'no-cache' }))
  event.waitUntil(caches.open(PREFIX + VERSION).then((cache) => cache.addAll(requests)))
})

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    const names = await caches.keys()
    const old = names.filter((name) => name.startsWith(PREFIX) && name !== PREFIX + VERSION)
    await Promise.all(old.map((name) => caches.delete(name)))
    await self.clients.claim()
  })())
})

self.addEventListener('fetch', (event) => {
  event.respondWith((async () => {
    const cache = await caches.open(PREFIX + VERSION)
    const kept = await cache.match(event.request, { ignoreSearch: true })
    return kept ?? fetch(event.request)
  })())
})
