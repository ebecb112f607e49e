/* Grades photos in the browser: takes them in, hands them to worker.js, shows what comes back. */

import { addCard, addFailure, addRow, csvOf, showTally } from './results.js'
import { speak, tell, text, wantedLanguage } from './texts.js'

const FEW = 3 // so many photos are announced one by one, more of them all at once
const LANGUAGE = 'language'

const element = (id) => document.getElementById(id)
const waiting = new Map() // of photos on their way, by number: file, and where their card belongs
let graded = [] // in the order of the page's table
let about
let worker
let ready = false
let taken = 0 // photos since the page was cleared
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
  if (!('OffscreenCanvas' in self) || !('createImageBitmap' in self)) {
    tell(element('state'), 'noBrowser')
    return
  }
  try {
    about = await (await fetch('about.json')).json()
    describe()
    listen()
    worker = startWorker()
  } catch (error) {
    tell(element('state'), 'noModel', { why: String(error.message ?? error) })
  }
}

/* A worker has the Content-Security-Policy of its own response, of which a plain file server sends none.
Started from a Blob it has the policy of this page: nothing but this origin can be reached from it. */
function startWorker() {
  const base = new URL('.', document.baseURI).href
  const code = `import ${JSON.stringify(new URL('worker.js', base).href)}`
  const started = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })), {
    type: 'module',
  })
  started.onmessage = ({ data }) => receive(data)
  started.onerror = (event) => tell(element('state'), 'noModel', { why: event.message ?? 'worker' })
  started.postMessage({ about, base })
  return started
}

function receive(message) {
  if (message.loaded !== undefined) {
    const { loaded, whole } = message
    element('progress').hidden = loaded === whole
    element('progress').value = loaded / whole
    if (loaded === whole) tell(element('state'), 'starting')
    else tell(element('state'), 'loading', { loaded, whole })
  } else if (message.ready) {
    ready = true
    document.documentElement.dataset.state = 'ready'
    showProgress()
    keepOffline()
  } else if (message.failed) {
    tell(element('state'), 'noModel', { why: message.failed })
  } else {
    show(message)
  }
}

/* After the first visit the page works without a network; browsers offer this to secure pages only. */
function keepOffline() {
  if ('serviceWorker' in navigator && isSecureContext) {
    navigator.serviceWorker.register('service-worker.js').catch(console.warn)
  }
}

function describe() {
  element('competition').textContent = about.competition
  const classes = about.classes.map((one) => one.name || one.class_num).join(', ')
  const { accuracy } = about.scores
  tile('accuracy', accuracy)
  if (about.metric && about.metric.key !== 'accuracy') tile(null, about.metric, about.metric.title)
  tell(element('scored'), about.scored_itself ? 'scored' : 'kindred', accuracy)
  tell(element('only'), 'only', { classes })
  tell(element('limits'), 'limits', about.limits)
  const { model, architecture, preprocessing } = about
  tell(element('made'), 'made', { model, architecture, size: preprocessing.image_size })
  if (about.precision === 'int8') {
    const line = document.createElement('li')
    element('made').after(tell(line, 'int8', about.parity))
  }
}

function tile(key, score, title) {
  const [term, value, below] = ['dt', 'strong', 'span'].map((tag) => document.createElement(tag))
  if (key) tell(term, key)
  else term.textContent = title
  const shares = score.value >= 0 && score.value <= 1
  const write = new Intl.NumberFormat('en', shares && key ? { style: 'percent', maximumFractionDigits: 1 }
    : { maximumFractionDigits: 3 })
  value.textContent = write.format(score.value)
  if (key) tell(below, 'interval', score)
  else below.textContent = `${write.format(score.low)} – ${write.format(score.high)}`
  const [shown, row] = ['dd', 'div'].map((tag) => document.createElement(tag))
  shown.append(value, below)
  row.append(term, shown)
  element('scores').append(row)
}

function listen() {
  const hasTouch = navigator.maxTouchPoints > 0 // then `capture` opens the camera, elsewhere a folder
  document.querySelector('.camera').hidden = !hasTouch
  element('hint').hidden = hasTouch
  for (const id of ['camera', 'choose']) {
    element(id).addEventListener('change', ({ target }) => {
      take(target.files)
      target.value = '' // the same photo may be chosen again
    })
  }
  addEventListener('paste', ({ clipboardData }) => take(clipboardData?.files ?? []))
  addEventListener('dragover', (event) => {
    event.preventDefault()
    element('intake').classList.add('over')
  })
  addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) element('intake').classList.remove('over')
  })
  addEventListener('drop', (event) => {
    event.preventDefault()
    element('intake').classList.remove('over')
    take(event.dataTransfer.files)
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
  const { bytes: mostBytes, photos: most } = about.limits
  const kept = [...files].slice(0, Math.max(0, most - taken))
  const left = files.length - kept.length
  if (!files.length) return
  if (batch.done === batch.all) batch = { all: 0, done: 0, failed: 0 }
  const before = element('cards').firstElementChild
  for (const file of kept) {
    taken += 1
    counted += 1
    batch.all += 1
    waiting.set(counted, { file, before })
    if (file.size > mostBytes) {
      show({ id: counted, error: { code: 'bytes', values: { bytes: file.size, most: mostBytes } } })
    } else {
      worker.postMessage({ id: counted, file })
    }
  }
  if (ready) showProgress()
  if (left) tell(element('state'), 'number', { most, left })
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
    say(`${file.name}: ${text(error.code, error.values)}`)
  } else {
    const best = about.classes[result.best]
    const grade = best.name || best.class_num
    const { preview, ...kept } = result
    addCard(place, { id, file, grade, ...result }, about.classes)
    graded.push({ id, name: file.name, grade, ...kept })
    addRow(element('rows'), graded.at(-1))
    say(text('told', { file: file.name, grade, share: result.probabilities[result.best] }))
  }
  if (isFirst) bringIntoView(element(`photo-${id}`))
  tell(element('count'), 'count', { photos: element('cards').childElementCount })
  element('overview').hidden = graded.length < 2
  element('download').hidden = !graded.length
  showTally(element('tally'), graded, about.classes)
  showProgress()
}

/* On a phone the grade appears below what is seen. */
function bringIntoView(card) {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
  card.scrollIntoView({ block: 'nearest', behavior: calm ? 'instant' : 'smooth' })
}

function say(sentence) {
  if (batch.all <= FEW) element('said').textContent = sentence
  else if (batch.done === batch.all) {
    const { all, failed } = batch
    element('said').textContent = text('toldAll', { photos: all - failed, failed })
  }
}

function showProgress() {
  const { done, all } = batch
  if (done < all) tell(element('state'), 'grading', { done, all })
  else if (ready) tell(element('state'), 'ready')
}

function download() {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([csvOf(graded, about.classes)], { type: 'text/csv' }))
  link.download = 'grades.csv'
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

function clear() {
  waiting.clear()
  graded = []
  taken = 0
  batch = { all: 0, done: 0, failed: 0 }
  element('cards').replaceChildren()
  element('rows').replaceChildren()
  element('grades').hidden = true
  element('said').textContent = ''
  showProgress()
  element('choose').focus()
}

start()
