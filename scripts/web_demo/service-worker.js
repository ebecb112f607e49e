/* Keeps the page on the device: after the first visit it works without a network.

build_web_demo.py replaces VERSION by a digest of the folder and FILES by [name, hash] of each of its files.
A new version is loaded whole beside the old one, and takes over when the page is opened anew, or a page
sends it `use`. Of a folder that is half uploaded some file is not the one that was meant: nothing of it is kept,
and the next visit tries again. */

const VERSION = 'VERSION'
const FILES = ['FILES']
const INDEX = new URL('index.html', self.registration.scope).href
// All pages of an origin share its caches: this one touches those of its own folder only.
const PREFIX = `zest ${self.registration.scope} `

self.addEventListener('install', (event) => {
  const requests = FILES.map(([name, integrity]) => new Request(name, { cache: 'no-cache', integrity }))
  event.waitUntil(caches.open(PREFIX + VERSION).then((cache) => cache.addAll(requests)))
})

self.addEventListener('message', ({ data }) => {
  if (data === 'use') self.skipWaiting()
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
    // Some hosts redirect index.html to ./, and no browser lets a redirect that was kept answer a visit.
    const asked = event.request.url.replace(/[?#].*/, '') === INDEX ? './' : event.request
    const kept = await cache.match(asked, { ignoreSearch: true })
    return kept ?? fetch(event.request)
  })())
})
