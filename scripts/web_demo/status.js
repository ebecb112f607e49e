/* What the page is doing. That it does something else is announced to who does not see it; how far it is,
which changes many times a second, is only shown. */

import { hush, tell } from './texts.js'

const element = (id) => document.getElementById(id)

export function showState(key, values) {
  if (element('state').dataset.text !== key) tell(element('state'), key, values)
}

/* Shows how far it is: a share, 0 to 1, and a text with its figures; without a text, nothing. */
export function showFigures(share = 0, key = null, values = {}) {
  element('progress').hidden = !key
  element('progress').value = share
  if (key) tell(element('figures'), key, values)
  else hush(element('figures'))
}
