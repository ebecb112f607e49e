/* What is shown of a graded photo: its card, its row of the table, its line of the CSV file. */

import { paint, zoneOf } from './heat.js'
import { tell, text } from './texts.js'

const ALL = 8 // so many classes are shown in their own order; of more the likeliest
const LIKELIEST = 5
const MARK = '\ufeff' // of the order of bytes

function make(tag, className = '', content = '') {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (content) made.textContent = content
  return made
}

const titleOf = (one) => one.name || one.class_num

/* Adds the card of a photo that could be graded, before another card or at the end. */
export function addCard({ cards, before }, result, classes) {
  const { id, file, grade, probabilities, best, heat, preview, milliseconds, exact } = result
  const card = cardOf(id)
  const picture = make('div', 'picture')
  const photo = make('canvas')
  photo.width = preview.width
  photo.height = preview.height
  photo.getContext('bitmaprenderer').transferFromImageBitmap(preview)
  photo.setAttribute('role', 'img')
  photo.dataset.label = ''
  tell(photo, 'picture', { file: file.name })
  picture.append(photo)

  const facts = make('div', 'facts')
  facts.append(make('h3', 'file', file.name))
  const line = make('p', 'grade')
  line.append(make('strong', '', grade), ' ')
  line.append(make('span', 'share', percentOf(probabilities[best])))
  facts.append(line, barsOf(probabilities, best, classes))
  const foot = make('p', 'foot')
  if (heat) foot.append(heatButton(picture, heat, grade))
  foot.append(tell(make('span', 'took'), 'took', { ms: milliseconds }))
  facts.append(foot)
  if (!exact) facts.append(tell(make('p', 'note'), 'inexact'))
  card.append(picture, facts)
  cards.insertBefore(card, before)
}

function cardOf(id) {
  const card = make('article', 'card')
  card.id = `photo-${id}`
  return card
}

const percentOf = (share) => new Intl.NumberFormat('en', {
  style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1,
}).format(share)

function barsOf(probabilities, best, classes) {
  let order = classes.map((_, number) => number)
  if (classes.length > ALL) {
    order = order.sort((a, b) => probabilities[b] - probabilities[a]).slice(0, LIKELIEST)
  }
  const table = make('table', 'bars')
  table.dataset.label = ''
  tell(table, 'probabilities')
  const body = make('tbody')
  const add = (title, share, isBest) => {
    const row = make('tr', isBest ? 'best' : '')
    const name = typeof title === 'string' ? make('th', '', title) : title
    name.scope = 'row'
    const bar = make('td', 'bar')
    bar.setAttribute('aria-hidden', 'true')
    const filled = make('i')
    filled.style.width = `${(100 * share).toFixed(2)}%`
    bar.append(filled)
    row.append(name, bar, make('td', '', percentOf(share)))
    body.append(row)
  }
  for (const number of order) add(titleOf(classes[number]), probabilities[number], number === best)
  if (order.length < classes.length) {
    const shown = order.reduce((sum, number) => sum + probabilities[number], 0)
    const others = tell(make('th'), 'others', { classes: classes.length - order.length })
    add(others, Math.max(0, 1 - shown), false)
  }
  table.append(body)
  return table
}

/* A switch for the heat map, which is painted when it is first asked for. */
function heatButton(picture, heat, grade) {
  const button = tell(make('button', 'heat-switch'), 'heat')
  button.type = 'button'
  button.setAttribute('aria-pressed', 'false')
  const zone = zoneOf(heat)
  const told = tell(make('p', 'spoke'), zone === null ? 'heatNowhere' : 'heatOf', { grade, zone })
  told.hidden = true
  picture.append(told) // at once, so that it follows the language of the page
  let canvas
  button.addEventListener('click', () => {
    const shown = button.getAttribute('aria-pressed') !== 'true'
    button.setAttribute('aria-pressed', String(shown))
    if (!canvas) {
      canvas = make('canvas', 'heat')
      canvas.setAttribute('aria-hidden', 'true')
      paint(canvas, heat)
      told.before(canvas)
    }
    canvas.hidden = !shown
    told.hidden = !shown
  })
  return button
}

/* Adds the card of a file that could not be graded, with the reason. */
export function addFailure({ cards, before }, id, file, { code, values }) {
  const card = cardOf(id)
  card.classList.add('failed')
  const facts = make('div', 'facts')
  facts.append(make('h3', 'file', file.name), tell(make('p'), code, values))
  card.append(facts)
  cards.insertBefore(card, before)
}

/* Adds a row to the table of all photos; its name leads to the card. */
export function addRow(rows, { id, name, grade, probabilities, best, milliseconds }) {
  const row = make('tr')
  const head = make('th')
  head.scope = 'row'
  const link = make('a', '', name)
  link.href = `#photo-${id}`
  head.append(link)
  const time = tell(make('td'), 'took', { ms: milliseconds })
  row.append(head, make('td', 'text', grade), make('td', '', percentOf(probabilities[best])), time)
  rows.append(row)
}

/* Says how many photos there are of each class. */
export function showTally(paragraph, graded, classes) {
  const parts = classes.map((one, number) => {
    const photos = graded.filter(({ best }) => best === number).length
    const part = make('span', '', `${titleOf(one)} `)
    part.append(make('b', '', String(photos)))
    return photos ? part : null
  })
  paragraph.replaceChildren(...parts.filter(Boolean))
}

/* The photos as CSV, in the order in which they were chosen: the columns that predict.py of the bundle writes,
and `error`, why a photo has no grade. By its mark a spreadsheet knows that the file is UTF-8. */
export function csvOf(photos, classes) {
  const cell = (value) => (/[",\n\r]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value)
  const header = ['photo', 'class_num', 'name', ...classes.map((one) => one.class_num), 'error']
  const rowOf = ({ name, best, probabilities, error }) => (error
    ? [name, '', '', ...classes.map(() => ''), text(error.code, error.values)]
    : [name, classes[best].class_num, classes[best].name, ...probabilities, ''])
  const rows = [...photos].sort((a, b) => a.id - b.id).map(rowOf)
  return MARK + [header, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('')
}
