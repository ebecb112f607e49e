/* Heat maps: which places of a photo spoke for its class. */

const SIDE = 112 // pixels; the page enlarges it
const OPACITY = 0.62
// From no heat, which darkens, to the most: in the dark a bright place is seen on any fruit.
const COLOURS = [[20, 12, 50], [125, 26, 120], [240, 100, 50], [255, 250, 190]]

/* Paints what spoke for a class, {rows, columns, values}; what spoke against it is left out. */
export function paint(canvas, { rows, columns, values }) {
  canvas.width = SIDE
  canvas.height = SIDE
  const context = canvas.getContext('2d')
  const image = context.createImageData(SIDE, SIDE)
  const most = Math.max(...values, Number.MIN_VALUE)
  const between = (place, cells) => {
    const exact = Math.min(cells - 1, Math.max(0, ((place + 0.5) / SIDE) * cells - 0.5))
    const first = Math.min(Math.max(0, cells - 2), Math.floor(exact))
    return [first, Math.min(cells - 1, first + 1), exact - first]
  }
  for (let y = 0; y < SIDE; y += 1) {
    const [top, bottom, down] = between(y, rows)
    for (let x = 0; x < SIDE; x += 1) {
      const [left, right, along] = between(x, columns)
      const of = (row) => values[row * columns + left] * (1 - along)
        + values[row * columns + right] * along
      const heat = Math.max(0, of(top) * (1 - down) + of(bottom) * down) / most
      image.data.set([...colourOf(heat), 255 * OPACITY], (y * SIDE + x) * 4)
    }
  }
  context.putImageData(image, 0, 0)
}

function colourOf(heat) {
  const place = Math.min(heat, 0.9999) * (COLOURS.length - 1)
  const first = Math.floor(place)
  const share = place - first
  return COLOURS[first].map((low, c) => low + (COLOURS[first + 1][c] - low) * share)
}

/* The ninth of the photo with the most heat, 0 to 8 row by row, to say it in words; null without heat. */
export function zoneOf({ rows, columns, values }) {
  const sums = new Array(9).fill(0)
  values.forEach((value, at) => {
    const row = Math.floor((3 * (Math.floor(at / columns) + 0.5)) / rows)
    const column = Math.floor((3 * ((at % columns) + 0.5)) / columns)
    sums[row * 3 + column] += Math.max(0, value)
  })
  const most = Math.max(...sums)
  return most > 0 ? sums.indexOf(most) : null
}
