/* From a photo's file to upright RGB pixels, the very ones of zest/images.py and of the bundle.

In Chromium a Blob without metadata through createImageBitmap gives the pixels of libjpeg at full size,
and ImageDecoder with a smaller `desiredWidth` those of a JPEG that is decoded at a half, a quarter or an
eighth, as in training. At full size ImageDecoder would go through I420 and differ. Whether the browser at
hand does the same is found out by probing.js. */

import { PhotoError, readContainer } from './container.js'

const STRIP = 256 // rows that are read at a time: a canvas of some phones cannot hold a whole photo

/* Decodes a photo as `load_rgb` does.

shortSide: a JPEG is decoded as small as its short side allows without being smaller than this.
limits: `pixels` of a photo, and how many times its short side it may be long (`longest`).
Returns {width, height, pixels} as in resize.js, `path` (which way of the browser it took), whether the file
is of a kind that this page decodes as for training (`plain`), and `picture`, for `drawUpright`, which has a
method close(). Throws a PhotoError. */
export async function decode(bytes, shortSide, limits) {
  const photo = readContainer(bytes)
  refuse(photo, limits)
  const short = Math.min(photo.width, photo.height)
  const scale = photo.format === 'jpeg' ? [8, 4, 2, 1].find((k) => k === 1 || short >= k * shortSide) : 1
  let source
  try {
    source = await open(photo, scale)
    const { orientation, plain } = photo
    const upright = await readUpright(readerOf(source, photo, scale), orientation)
    const picture = { source, orientation, close: () => source.close() }
    return { ...upright, plain, picture, path: pathOf(source, photo, scale) }
  } catch (error) {
    source?.close()
    throw new PhotoError('broken', { why: String(error.message ?? error) })
  }
}

function refuse({ width, height }, limits) {
  if (width * height > limits.pixels) {
    throw new PhotoError('pixels', { width, height, most: limits.pixels / 1e6 })
  }
  if (Math.max(width, height) > limits.longest * Math.min(width, height)) {
    throw new PhotoError('strip', { width, height }) // enlarged, it would fill the memory
  }
}

/* Opens the pixels as stored: a VideoFrame, or an ImageBitmap of the whole size. */
async function open(photo, scale) {
  const type = `image/${photo.format}`
  const file = new Blob(photo.parts, { type })
  const isFramed = 'ImageDecoder' in self && (scale > 1 || photo.transparent)
  if (isFramed && (await ImageDecoder.isTypeSupported(type))) {
    const [width, height] = [photo.width, photo.height].map((side) => Math.ceil(side / scale))
    const frame = await decodeFrame(await file.arrayBuffer(), type, scale > 1 && [width, height])
    if (frame.displayWidth === width && frame.displayHeight === height) return frame
    frame.close() // `desiredWidth` is a wish, which a browser may not grant
  }
  return createImageBitmap(file, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
}

const isFrame = (source) => source.displayWidth !== undefined

function pathOf(source, { format, transparent }, scale) {
  const size = scale > 1 ? 'reduced' : 'whole'
  return [format, transparent ? 'transparent' : 'opaque', size, isFrame(source) ? 'frame' : 'bitmap'].join(' ')
}

/* What is read of a source: width, height, `rows(top, count)` in RGBA without transparency. */
function readerOf(source, { transparent }, scale) {
  const size = isFrame(source) ? { width: source.displayWidth, height: source.displayHeight }
    : { width: source.width, height: source.height }
  if (isFrame(source) && transparent) return { ...size, rows: frameRows(source, size) }
  const rows = canvasRows(source, size)
  return isFrame(source) || scale === 1 ? { ...size, rows } : blocks(rows, size, scale)
}

async function decodeFrame(data, type, wanted) {
  const small = wanted && { desiredWidth: wanted[0], desiredHeight: wanted[1] }
  const settings = { colorSpaceConversion: 'none', premultiplyAlpha: 'none', preferAnimation: false }
  const decoder = new ImageDecoder({ data, type, ...settings, ...small })
  try {
    return (await decoder.decode({ frameIndex: 0, completeFramesOnly: true })).image
  } finally {
    decoder.close()
  }
}

/* Rows through a canvas; transparency is laid on white. */
function canvasRows(source, { width, height }) {
  const canvas = new OffscreenCanvas(width, Math.min(STRIP, height))
  const context = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' })
  return async (top, count) => {
    context.fillStyle = 'white'
    context.fillRect(0, 0, width, canvas.height)
    context.drawImage(source, 0, -top)
    return context.getImageData(0, 0, width, count).data
  }
}

/* Rows straight from a decoded frame, whose colours a canvas would have multiplied by their alpha. */
function frameRows(frame, { width }) {
  return async (top, count) => {
    const rows = new Uint8ClampedArray(width * count * 4)
    const rect = { x: 0, y: top, width, height: count }
    await frame.copyTo(rows, { rect, format: 'RGBA' })
    for (let at = 0; at < rows.length; at += 4) {
      const alpha = rows[at + 3]
      if (alpha === 255) continue
      for (let c = at; c < at + 3; c += 1) rows[c] = onWhite(rows[c], alpha)
    }
    return rows
  }
}

/* A value of 0 to 255 on white by its alpha, in the integers of Pillow's alpha_composite. */
export function onWhite(value, alpha) {
  const sum = 128 * (value * alpha + 255 * (255 - alpha) + 128)
  return ((sum >> 8) + sum) >> 15
}

/* The means of scale x scale pixels: close to what a decoder gives that leaves out what it need not
compute, for browsers without ImageDecoder. */
function blocks(rowsOf, whole, scale) {
  const [width, height] = [Math.ceil(whole.width / scale), Math.ceil(whole.height / scale)]
  const rows = async (top, count) => {
    const small = new Uint8ClampedArray(width * count * 4)
    const atOnce = STRIP / scale
    for (let done = 0; done < count; done += atOnce) {
      const first = (top + done) * scale
      const lines = Math.min(atOnce * scale, (count - done) * scale, whole.height - first)
      const means = meansOf(await rowsOf(first, lines), whole.width, lines, scale)
      small.set(means, done * width * 4)
    }
    return small
  }
  return { width, height, rows }
}

function meansOf(old, oldWidth, lines, scale) {
  const [width, height] = [Math.ceil(oldWidth / scale), Math.ceil(lines / scale)]
  const means = new Uint8ClampedArray(width * height * 4)
  for (let row = 0; row < height; row += 1) {
    const bottom = Math.min(lines, (row + 1) * scale)
    for (let column = 0; column < width; column += 1) {
      const right = Math.min(oldWidth, (column + 1) * scale)
      const sums = [0, 0, 0]
      for (let y = row * scale; y < bottom; y += 1) {
        for (let x = column * scale; x < right; x += 1) {
          const from = (y * oldWidth + x) * 4
          for (let c = 0; c < 3; c += 1) sums[c] += old[from + c]
        }
      }
      const pixels = (bottom - row * scale) * (right - column * scale)
      sums.forEach((sum, c) => { means[(row * width + column) * 4 + c] = sum / pixels })
    }
  }
  return means
}

/* Which way a stored picture is turned, as `_upright` in zest/images.py: rows and columns are
exchanged first, then the rows are turned about, then the columns. */
function turnsOf(orientation) {
  return {
    transposed: [5, 6, 7, 8].includes(orientation),
    upsideDown: [3, 4, 7, 8].includes(orientation),
    mirrored: [2, 3, 6, 7].includes(orientation),
  }
}

async function readUpright({ width, height, rows }, orientation) {
  const { transposed, upsideDown, mirrored } = turnsOf(orientation)
  const [uprightWidth, uprightHeight] = transposed ? [height, width] : [width, height]
  const pixels = new Uint8Array(width * height * 3)
  const [ofColumn, ofRow] = [mirrored ? -3 : 3, (upsideDown ? -3 : 3) * uprightWidth]
  const start = (mirrored ? uprightWidth - 1 : 0) * 3
    + (upsideDown ? uprightHeight - 1 : 0) * uprightWidth * 3
  const [right, down] = transposed ? [ofRow, ofColumn] : [ofColumn, ofRow]
  for (let top = 0; top < height; top += STRIP) {
    const count = Math.min(STRIP, height - top)
    const strip = await rows(top, count)
    for (let y = top, from = 0; y < top + count; y += 1) {
      for (let x = 0, to = start + y * down; x < width; x += 1, from += 4, to += right) {
        pixels[to] = strip[from]
        pixels[to + 1] = strip[from + 1]
        pixels[to + 2] = strip[from + 2]
      }
    }
  }
  return { width: uprightWidth, height: uprightHeight, pixels }
}

/* Draws a decoded picture upright into a box {left, top, width, height} of a canvas. */
export function drawUpright(context, { source, orientation }, box) {
  const [width, height] = isFrame(source) ? [source.displayWidth, source.displayHeight]
    : [source.width, source.height]
  const { transposed, upsideDown, mirrored } = turnsOf(orientation)
  context.save()
  context.translate(box.left, box.top)
  context.scale(box.width, box.height)
  if (mirrored) context.transform(-1, 0, 0, 1, 1, 0)
  if (upsideDown) context.transform(1, 0, 0, -1, 0, 1)
  if (transposed) context.transform(0, 1, 1, 0, 0, 0)
  context.scale(1 / width, 1 / height)
  context.drawImage(source, 0, 0)
  context.restore()
}
