/* Grades photos in the browser: takes them in, hands them to worker.js, shows what comes back. */

import { describe } from './description.js'
import { keepOffline } from './offline.js'
import { addCard, addFailure, addRow, csvOf, showTally } from './results.js'
import { showFigures, showState } from './status.js'
import { hush, speak, tell, text, wantedLanguage } from './texts.js'

const FEW = 3 // so many photos are announced one by one, more of them all at once
const LANGUAGE = 'zest-language' // in the storage of the origin, which other pages may share

const element = (id) => document.getElementById(id)
const early = [] // files that were chosen before it was known how many the page takes
const waiting = new Map() // of photos on their way, by number: file, and where their card belongs
let graded = [] // in the order of the page's table
let refused = [] // photos that could not be graded: {id, name, error}
let about
let worker
let ready = false
let failure = null // why no photo can be graded any more: {code, values}
let taken = 0 // photos since the page was cleared
let left = 0 // photos since then that were too many
let counted = 0 // photos ever
let batch = { all: 0, done: 0, failed: 0 }

async function start() {
  let chosen = null
  try {
    chosen = localStorage.getItem(LANGUAGE)
  } catch { /* storage is switched off: the browser's languages decide */ }
  const language = wantedLanguage(chosen, navigator.languages)
  element('language').value = language
  speak(language)
  showState('starting')
  listen()
  if (!('OffscreenCanvas' in self) || !('createImageBitmap' in self)) {
    fail('noBrowser')
    return
  }
  try {
    const response = await fetch(new URL('about.json', import.meta.url))
    if (!response.ok) throw new Error(`about.json: ${response.status}`)
    about = await response.json()
    describe(about)
    worker = startWorker()
    take(early.splice(0))
  } catch (error) {
    fail('noModel', { why: String(error.message ?? error) })
  }
}

/* A worker has the Content-Security-Policy of its own response, of which a plain file server sends none.
Started from a Blob it has the policy of this page: nothing but this origin can be reached from it. */
function startWorker() {
  const code = `import ${JSON.stringify(new URL('worker.js', import.meta.url).href)}`
  const started = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })), {
    type: 'module',
  })
  started.onmessage = ({ data }) => receive(data)
  started.onerror = ({ message }) => fail(ready ? 'stopped' : 'noModel', { why: message || 'worker.js' })
  started.postMessage({ about })
  return started
}

function receive(message) {
  if (failure) return // of a worker that was ended
  if (message.loaded !== undefined) {
    const { loaded, whole } = message
    if (loaded < whole) {
      showState('loading')
      showFigures(loaded / whole, 'loadingOf', { loaded, whole })
    } else {
      showState('starting')
      showFigures()
    }
  } else if (message.ready) {
    ready = true
    document.documentElement.dataset.state = 'ready'
    showProgress()
    keepOffline()
  } else if (message.failed) {
    fail(message.failed.code, message.failed.values)
  } else {
    show(message)
  }
}

/* From here on no photo is graded: those that wait are told why, and no more are taken. */
function fail(code, values = {}) {
  if (failure) return
  failure = { code, values }
  document.documentElement.dataset.state = 'failed'
  worker?.terminate()
  for (const id of ['camera', 'choose']) element(id).disabled = true
  showFigures()
  showState(code, values)
  for (const file of early.splice(0)) enlist(file, null)
  for (const id of [...waiting.keys()]) show({ id, error: failure })
  if (navigator.serviceWorker?.controller) keepOffline() // a newer version may mend it
}

function listen() {
  const hasTouch = navigator.maxTouchPoints > 0 // then `capture` opens the camera, elsewhere a folder
  document.querySelector('.camera').hidden = !hasTouch
  element('hint').hidden = hasTouch
  for (const id of ['camera', 'choose']) {
    element(id).addEventListener('change', ({ target }) => {
      take([...target.files])
      target.value = '' // the same photo may be chosen again
    })
  }
  addEventListener('paste', ({ clipboardData }) => take([...(clipboardData?.files ?? [])]))
  addEventListener('dragover', (event) => {
    event.preventDefault()
    element('intake').classList.add('over')
  })
  addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) element('intake').classList.remove('over')
  })
  addEventListener('drop', (event) => {
    event.preventDefault() // the browser would leave the page and open the file
    element('intake').classList.remove('over')
    take([...event.dataTransfer.files])
  })
  element('download').addEventListener('click', download)
  element('clear').addEventListener('click', clear)
  element('language').addEventListener('change', ({ target }) => {
    speak(target.value)
    try {
      localStorage.setItem(LANGUAGE, target.value)
    } catch { /* storage is switched off: it is asked for again next time */ }
  })
}

/* Sends photos to the worker; those that are too large, or too many, are refused here. */
function take(files) {
  if (!files.length || failure) return
  if (!about) {
    early.push(...files)
    return
  }
  const { bytes: mostBytes, photos: most } = about.limits
  const kept = files.slice(0, Math.max(0, most - taken))
  if (batch.done === batch.all) batch = { all: 0, done: 0, failed: 0 }
  const before = element('cards').firstElementChild
  for (const file of kept) {
    const id = enlist(file, before)
    if (file.size > mostBytes) {
      show({ id, error: { code: 'bytes', values: { bytes: file.size, most: mostBytes } } })
    } else {
      worker.postMessage({ id, file })
    }
  }
  left += files.length - kept.length
  if (left) tell(element('left'), 'number', { most, left })
  showProgress()
}

/* Counts a photo in; returns its number. */
function enlist(file, before) {
  taken += 1
  counted += 1
  batch.all += 1
  waiting.set(counted, { file, before })
  return counted
}

function show({ id, error, ...result }) {
  const asked = waiting.get(id)
  if (!asked) { // the page was cleared in the meantime
    result.preview?.close()
    return
  }
  waiting.delete(id)
  element('grades').hidden = false
  const { file, before } = asked
  const place = { cards: element('cards'), before: before?.isConnected ? before : null }
  batch.done += 1
  const isFirst = batch.done === 1
  if (error) {
    batch.failed += 1
    addFailure(place, id, file, error)
    refused.push({ id, name: file.name, error })
    say(`${file.name}: ${text(error.code, error.values)}`)
  } else {
    const best = about.classes[result.best]
    const grade = best.name || best.class_num
    const { preview, ...kept } = result
    addCard(place, { id, file, grade, ...result }, about.classes)
    graded.push({ id, name: file.name, grade, ...kept })
    addRow(element('rows'), graded.at(-1))
    showTally(element('tally'), graded, about.classes)
    say(text('told', { file: file.name, grade, share: result.probabilities[result.best] }))
  }
  if (isFirst) bringIntoView(element(`photo-${id}`))
  tell(element('count'), 'count', { photos: element('cards').childElementCount })
  element('overview').hidden = graded.length < 2
  showProgress()
}

/* On a phone the grade appears below what is seen. */
function bringIntoView(card) {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
  card.scrollIntoView({ block: 'nearest', behavior: calm ? 'instant' : 'smooth' })
}

/* Sentences are added to those before, which may not have been read out yet. */
function say(sentence) {
  const { all, done, failed } = batch
  if (all > FEW && done < all) return
  const line = document.createElement('p')
  line.textContent = all > FEW ? text('toldAll', { photos: all - failed, failed }) : sentence
  element('said').append(line)
}

function showProgress() {
  if (!ready || failure) return
  const { done, all } = batch
  showState(done < all ? 'grading' : 'ready')
  if (done < all && all > 1) showFigures(done / all, 'gradingOf', { done, all })
  else showFigures()
}

function download() {
  const link = document.createElement('a')
  const content = csvOf([...graded, ...refused], about?.classes ?? [])
  link.href = URL.createObjectURL(new Blob([content], { type: 'text/csv' }))
  link.download = 'grades.csv'
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

function clear() {
  worker?.postMessage({ abandoned: counted })
  waiting.clear()
  graded = []
  refused = []
  taken = 0
  left = 0
  batch = { all: 0, done: 0, failed: 0 }
  for (const id of ['cards', 'rows', 'said']) element(id).replaceChildren()
  element('grades').hidden = true
  hush(element('left'))
  showProgress()
  element('choose').focus()
}

start()
