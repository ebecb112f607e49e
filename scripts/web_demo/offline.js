/* Keeps the page on the device, and says when a newer version of it is there. */

import { tell } from './texts.js'

const element = (id) => document.getElementById(id)

/* After the first visit the page works without a network; browsers offer this to secure pages only. */
export async function keepOffline() {
  if (!('serviceWorker' in navigator) || !isSecureContext) return
  try {
    watch(await navigator.serviceWorker.register('service-worker.js'))
  } catch (error) {
    console.warn(error)
  }
}

/* A newer version waits until no page of the old one is open, or until its button is pressed: what the page
has graded is not taken away unasked. */
function watch(registration) {
  const { active, waiting, installing } = registration
  if (waiting && active) offer(registration)
  follow(registration, installing)
  registration.addEventListener('updatefound', () => follow(registration, registration.installing))
}

function follow(registration, installing) {
  installing?.addEventListener('statechange', () => {
    if (registration.waiting && registration.active) offer(registration) // not the first of all
  })
}

function offer(registration) {
  if (!element('use').hidden) return
  tell(element('newer'), 'newer')
  element('use').hidden = false
  element('use').addEventListener('click', () => use(registration))
}

function use({ waiting }) {
  const anew = () => location.reload()
  if (!waiting) { // another tab has pressed it
    anew()
    return
  }
  navigator.serviceWorker.addEventListener('controllerchange', anew, { once: true })
  waiting.postMessage('use')
}
