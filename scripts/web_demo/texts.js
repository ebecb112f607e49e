/* What the page says, in three languages. The names of classes come from the data, as they are.

A text is a string, or a function of its values and of `say`, which writes numbers. Of a metric there are two:
its name, and what it is, for who knows no statistics. */

import { EN } from './text_en.js'
import { JA } from './text_ja.js'
import { ZH } from './text_zh.js'

export const TEXTS = { en: EN, zh: ZH, ja: JA }

let language = 'en'

/* The language of the reader: the one that was chosen here, or the first of the browser that we have. */
export function wantedLanguage(chosen, languages) {
  return [chosen, ...languages].map((tag) => tag?.slice(0, 2)).find((tag) => TEXTS[tag]) ?? 'en'
}

/* Changes the language of the whole page, with all that it has already said. */
export function speak(wanted) {
  language = wanted
  document.documentElement.lang = wanted === 'zh' ? 'zh-Hans' : wanted
  for (const element of document.querySelectorAll('[data-text]')) write(element)
  document.title = text('title')
}

/* A text of the present language. */
export function text(key, values = {}) {
  const told = TEXTS[language][key]
  return typeof told === 'function' ? told(values, writers(language)) : told
}

/* Puts a text into an element, which `speak` will keep in the language of the page. */
export function tell(element, key, values = {}) {
  element.dataset.text = key
  element.dataset.values = JSON.stringify(values)
  write(element)
  return element
}

/* Empties an element that `tell` has filled. */
export function hush(element) {
  delete element.dataset.text
  element.textContent = ''
}

function write(element) {
  const values = JSON.parse(element.dataset.values ?? '{}')
  if (element.dataset.text === 'heatOf') values.place = text('places')[values.zone]
  const told = text(element.dataset.text, values)
  if (element.hasAttribute('data-label')) element.setAttribute('aria-label', told)
  else element.textContent = told
}

/* 100,000,000 as 1 億, with the space that stands between digits and characters elsewhere on the page. */
const spaced = (parts) => parts.map(({ type, value }) => (type === 'compact' ? ` ${value}` : value)).join('')

function writers(tag) {
  const format = (value, settings) => new Intl.NumberFormat(tag, settings).format(value)
  const percent = (value) => format(value, { style: 'percent', maximumFractionDigits: 1 })
  const whole = (value) => format(value, { style: 'percent' })
  return {
    percent,
    whole,
    number: (value) => format(value),
    compact: (value) => spaced(new Intl.NumberFormat(tag, { notation: 'compact' }).formatToParts(value)),
    range: ({ confidence, low, high, n }) => ({
      sure: whole(confidence), low: percent(low), high: percent(high), n: format(n),
    }),
    mb: (bytes) => format(bytes / 1e6, { maximumFractionDigits: 1 }),
  }
}
