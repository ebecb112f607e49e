/* What the page says of its model, from about.json. */

import { tell } from './texts.js'

const element = (id) => document.getElementById(id)
const SCORED = { own: 'scoredOwn', folds: 'scoredFolds', all: 'scoredAll' }

export function describe(about) {
  element('competition').textContent = about.competition
  const classes = about.classes.map((one) => one.name || one.class_num).join(', ')
  const { accuracy } = about.scores
  const { key, ...metric } = about.metric
  tile('accuracy', accuracy)
  if (key !== 'accuracy') { // of which `scored` says what it is
    tile(key, metric)
    element('scored').after(tell(document.createElement('p'), `${key}_is`))
  }
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

function tile(key, score) {
  const [term, value, below] = ['dt', 'strong', 'span'].map((tag) => document.createElement(tag))
  const isShare = key === 'accuracy'
  const write = new Intl.NumberFormat('en', isShare ? { style: 'percent', maximumFractionDigits: 1 }
    : { maximumFractionDigits: 3 })
  tell(term, key)
  value.textContent = write.format(score.value)
  tell(below, isShare ? 'interval' : 'bounds', score)
  const [shown, row] = ['dd', 'div'].map((tag) => document.createElement(tag))
  shown.append(value, below)
  row.append(term, shown)
  element('scores').append(row)
}
