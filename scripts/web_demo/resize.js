/* Bringing a photo to the size of the network, to the very bytes of deployment/client/predict.py.

Images are {width, height, pixels}: RGB in a Uint8Array, row by row. Sums are of float32 in the order of
the Python code, so that values that lie half way between two levels are rounded alike. */

const single = Math.fround

/* Scales and cuts (`crop`), scales both sides (`stretch`) or scales and fills (`pad`) a photo.

Returns the pixels, size x size, and `box`: where the whole photo lies in that square, in its pixels. */
export function fit(image, size, how) {
  const { width, height } = image
  if (how === 'stretch') {
    const box = { left: 0, top: 0, width: size, height: size }
    return { pixels: resize(image, size, size).pixels, box }
  }
  const scale = size / (how === 'crop' ? Math.min(width, height) : Math.max(width, height))
  const side = (old) => Math.max(1, roundHalfEven(old * scale))
  const scaled = resize(image, side(width), side(height))
  const half = (free) => (how === 'crop' ? -Math.floor(-free / 2) : Math.floor(free / 2))
  const box = {
    left: half(size - scaled.width), top: half(size - scaled.height),
    width: scaled.width, height: scaled.height,
  }
  const pixels = new Uint8Array(size * size * 3)
  if (how === 'pad') {
    const border = meanOfBorder(scaled)
    for (let at = 0; at < pixels.length; at += 1) pixels[at] = border[at % 3]
  }
  const first = Math.max(0, -box.left)
  const columns = Math.min(size, scaled.width)
  for (let row = Math.max(0, box.top); row < Math.min(size, box.top + box.height); row += 1) {
    const from = ((row - box.top) * scaled.width + first) * 3
    const line = scaled.pixels.subarray(from, from + columns * 3)
    pixels.set(line, (row * size + Math.max(0, box.left)) * 3)
  }
  return { pixels, box }
}

function meanOfBorder({ width, height, pixels }) {
  const sums = [0, 0, 0]
  const add = (row, column) => {
    for (let c = 0; c < 3; c += 1) sums[c] += pixels[(row * width + column) * 3 + c]
  }
  for (let column = 0; column < width; column += 1) [0, height - 1].forEach((row) => add(row, column))
  for (let row = 0; row < height; row += 1) [0, width - 1].forEach((column) => add(row, column))
  return sums.map((sum) => roundHalfEven(sum / (2 * (width + height))))
}

/* By area where a photo shrinks, by cubic interpolation where it grows. */
export function resize(image, width, height) {
  if (image.width === width && image.height === height) return image
  const shrinks = width * height < image.width * image.height
  const both = width <= image.width && height <= image.height
  const weights = shrinks && both ? areaWeights : shrinks ? linearWeights : cubicWeights
  const columns = blendColumns(image, weights(image.width, width))
  const values = blendRows(columns, width, image.height, weights(image.height, height))
  // OpenCV has code of its own for means of four pixels, which rounds a half up, not to even.
  const isHalf = image.width === 2 * width && image.height === 2 * height
  const round = isHalf ? Math.round : roundHalfEven
  const pixels = new Uint8Array(values.length)
  for (let at = 0; at < values.length; at += 1) {
    pixels[at] = Math.min(255, Math.max(0, round(values[at])))
  }
  return { width, height, pixels }
}

export function roundHalfEven(value) {
  const below = Math.floor(value)
  if (value - below !== 0.5) return Math.round(value)
  return below % 2 === 0 ? below : below + 1
}

function blendRows(pixels, width, height, { taps, first, weights }) {
  const line = width * 3
  const blended = new Float32Array(first.length * line)
  for (let row = 0; row < first.length; row += 1) {
    const sum = blended.subarray(row * line, (row + 1) * line)
    for (let tap = 0; tap < taps; tap += 1) {
      const weight = weights[row * taps + tap]
      if (weight === 0) continue
      const old = Math.min(height - 1, Math.max(0, first[row] + tap)) * line
      for (let at = 0; at < line; at += 1) sum[at] += single(weight * pixels[old + at])
    }
  }
  return blended
}

function blendColumns({ width, height, pixels }, { taps, first, weights }) {
  const columns = first.length
  const blended = new Float32Array(height * columns * 3)
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      let [red, green, blue] = [0, 0, 0]
      for (let tap = 0; tap < taps; tap += 1) {
        const weight = weights[column * taps + tap]
        if (weight === 0) continue
        const old = Math.min(width - 1, Math.max(0, first[column] + tap))
        const from = (row * width + old) * 3
        red = single(red + single(weight * pixels[from]))
        green = single(green + single(weight * pixels[from + 1]))
        blue = single(blue + single(weight * pixels[from + 2]))
      }
      const to = (row * columns + column) * 3
      blended[to] = red
      blended[to + 1] = green
      blended[to + 2] = blue
    }
  }
  return blended
}

/* By the share of a new pixel that each old one covers. */
export function areaWeights(old, fewer) {
  const scale = old / fewer
  return made(fewer, Math.ceil(scale) + 1, (place) => {
    const start = place * scale
    const end = Math.min(start + scale, old)
    const first = Math.floor(start)
    return [first, (tap) => {
      const covered = Math.min(end, first + tap + 1) - Math.max(start, first + tap)
      return Math.max(0, covered) / scale
    }]
  })
}

/* Where one side shrinks and the other grows; OpenCV's INTER_AREA is linear then. */
export function linearWeights(old, other) {
  const back = other / old
  const scale = 1 / back // not old / other, which rounds otherwise
  return made(other, 2, (place) => {
    const first = Math.floor(place * scale)
    let share = single(place + 1 - (first + 1) * back)
    share = share <= 0 ? 0 : share - Math.floor(share)
    return [first, (tap) => (tap ? share : 1 - share)]
  })
}

/* Of the convolution of Keys (1981) with a = -0.75. */
export function cubicWeights(old, more) {
  const a = -0.75
  return made(more, 4, (place) => {
    const exact = (place + 0.5) * (old / more) - 0.5
    const first = Math.floor(exact)
    const t = exact - first
    const outer = ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a
    const left = ((a + 2) * t - (a + 3)) * t * t + 1
    const right = ((a + 2) * (1 - t) - (a + 3)) * (1 - t) * (1 - t) + 1
    const weights = [outer, left, right, 1 - outer - left - right]
    return [first - 1, (tap) => weights[tap]]
  })
}

function made(places, taps, at) {
  const first = new Int32Array(places)
  const weights = new Float32Array(places * taps)
  for (let place = 0; place < places; place += 1) {
    const [start, weight] = at(place)
    first[place] = start
    for (let tap = 0; tap < taps; tap += 1) weights[place * taps + tap] = weight(tap)
  }
  return { taps, first, weights }
}
