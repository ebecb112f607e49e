/* What the page says of its model, from about.json. */

import { tell } from './texts.js'

const element = (id) => document.getElementById(id)
const SCORED = { own: 'scoredOwn', folds: 'scoredFolds', all: 'scoredAll' }

export function describe(about) {
  element('competition').textContent = about.competition
  const classes = about.classes.map((one) => one.name || one.class_num).join(', ')
  const { accuracy } = about.scores
  tile('accuracy', accuracy)
  if (about.metric.key !== 'accuracy') tile(null, about.metric, about.metric.title)
  tell(element('scored'), SCORED[about.scored], { ...accuracy, folds: about.folds })
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
