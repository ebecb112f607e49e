/* Grades photos beside the page, so that it stays responsive: decoding, resizing and the network.

Messages to it: {about}, once; then {id, file} for each photo; {abandoned}, the number of the last
photo whose grade nobody waits for any more, nor for those before. From it: {loaded, whole} while
the model is on its way, {ready} or {failed: {code, values}}, and for each photo {id, ...} as `grade` returns
it, or {id, error: {code, values}}. */

import { PhotoError } from './container.js'
import { decode, drawUpright } from './decoding.js'
import { differencesOf, NOISE } from './probing.js'
import { fit } from './resize.js'

const PREVIEW = 448 // pixels of a side
const MOST_THREADS = 4
const ROOT = new URL('..', import.meta.url) // of the model and what computes it, each named after its content

let about
let ort
let session
let proven // paths of decoding.js that give the pixels of training in this browser
let abandoned = 0
let queue = Promise.resolve()

self.onmessage = ({ data }) => {
  if (data.abandoned !== undefined) abandoned = data.abandoned
  else queue = queue.then(() => (data.about ? start(data) : answer(data)))
}

async function start(message) {
  about = message.about
  try {
    const runtime = new URL(`${about.runtime}/`, ROOT).href
    ort = await import(`${runtime}ort.wasm.min.js`)
    ort.env.wasm.wasmPaths = {
      mjs: `${runtime}ort-wasm-simd-threaded.js`, wasm: `${runtime}ort-wasm-simd-threaded.wasm`,
    }
    // Threads share memory, which a browser allows only to pages that are served as isolated.
    const threads = Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1)
    ort.env.wasm.numThreads = self.crossOriginIsolated ? threads : 1
    const [model, paths] = await Promise.all([download(new URL(about.model_file, ROOT)), probe()])
    proven = paths
    session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'] })
    const size = about.preprocessing.image_size
    await run(new Uint8Array(size * size * 3)) // the first run also sets up; no photo waits for it
    self.postMessage({ ready: true })
  } catch (error) {
    self.postMessage({ failed: told(error, 'noModel') })
  }
}

/* The paths on which pixels are those of training. Where they are noise, which some browsers give a page that
reads a canvas lest it recognise the person, no photo is graded: the model would name a class for it all the same. */
async function probe() {
  const response = await fetched(new URL('probes.json', import.meta.url))
  const differences = [...await differencesOf(await response.json(), about.limits)]
  if (differences.some(([, far]) => far > NOISE)) throw new PhotoError('noise')
  return new Set(differences.filter(([, far]) => far === 0).map(([path]) => path))
}

/* What the page is told of an error: a sentence of texts.js, of this name where it has none of its own. */
function told(error, otherwise) {
  if (error instanceof PhotoError) return { code: error.code, values: error.values }
  return { code: otherwise, values: { why: String(error.message ?? error) } }
}

const nameOf = (url) => url.pathname.split('/').pop()

async function fetched(url) {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${nameOf(url)}: ${response.status}`)
  return response
}

async function download(url) {
  const response = await fetched(url)
  const whole = about.model_bytes
  const bytes = new Uint8Array(whole)
  let loaded = 0
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read()
    if (done) break
    if (loaded + value.length <= whole) bytes.set(value, loaded)
    loaded += value.length
    self.postMessage({ loaded, whole })
  }
  if (loaded !== whole) throw new Error(`${nameOf(url)}: ${loaded} bytes, not ${whole}`)
  return bytes
}

async function answer({ id, file }) {
  if (id <= abandoned) return
  try {
    const result = await grade(file)
    self.postMessage({ id, ...result }, [result.preview])
  } catch (error) {
    self.postMessage({ id, error: told(error, 'failed') })
  }
}

/* Grades one photo.

Returns its probabilities, the number of the likeliest class (`best`), the class activation map of that
class ({rows, columns, values}; null where the model has none), what the network saw as `preview`
(an ImageBitmap), the milliseconds it took, and whether the pixels are those of training (`exact`). */
export async function grade(file) {
  const began = performance.now()
  const { image_size: size, fit: how } = about.preprocessing
  const bytes = new Uint8Array(await file.arrayBuffer())
  const image = await decode(bytes, size, about.limits)
  try {
    const { pixels, box } = fit(image, size, how)
    const outputs = await run(pixels)
    const probabilities = Array.from(outputs.probabilities.data)
    const best = probabilities.indexOf(Math.max(...probabilities))
    const milliseconds = performance.now() - began
    const heat = outputs.heat ? mapOf(outputs.heat, best) : null
    const preview = draw(image.picture, box, size)
    const exact = image.plain && proven.has(image.path)
    return { probabilities, best, heat, preview, milliseconds, exact }
  } finally {
    image.picture.close()
  }
}

function run(pixels) {
  const { image_size: size } = about.preprocessing
  return session.run({ images: new ort.Tensor('uint8', pixels, [1, size, size, 3]) })
}

function mapOf(heat, best) {
  const [, , rows, columns] = heat.dims
  const values = heat.data.slice(best * rows * columns, (best + 1) * rows * columns)
  return { rows, columns, values }
}

function draw(picture, box, size) {
  const canvas = new OffscreenCanvas(PREVIEW, PREVIEW)
  const context = canvas.getContext('2d')
  context.imageSmoothingQuality = 'high'
  context.fillStyle = 'white'
  context.scale(PREVIEW / size, PREVIEW / size)
  context.fillRect(box.left, box.top, box.width, box.height)
  drawUpright(context, picture, box)
  return canvas.transferToImageBitmap()
}
