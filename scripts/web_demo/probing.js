/* What this browser makes of photos whose pixels in training are known: small ones, tried at the start. */

import { decode } from './decoding.js'

/* A mean difference, in levels of 0 to 255, that no decoder comes to. Of the photos of probes.json the
farthest honest one (means of blocks in place of a decoder for reduced sizes) is 16 away, a decoder that
enlarges colours without interpolation 6, random pixels 75 and more, white ones 128: test_web_demo.py. */
export const NOISE = 40

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))

/* Decodes the photos of probes.json: `file` and `pixels` in base64, and `short_side` for `decode`.

Returns of each path, as `decode` names them, the largest mean absolute difference of a photo's pixels from
those of training: 0 where all are the very same, NaN where a photo has another size. */
export async function differencesOf(probes, limits) {
  const largest = new Map()
  for (const { file, short_side: shortSide, pixels } of probes) {
    try {
      const { path, picture, pixels: found } = await decode(bytesOf(file), shortSide, limits)
      picture.close()
      largest.set(path, Math.max(largest.get(path) ?? 0, meanDifference(found, bytesOf(pixels))))
    } catch { /* a photo of this kind is refused, and not graded in another way */ }
  }
  return largest
}

function meanDifference(found, expected) {
  if (found.length !== expected.length) return NaN
  return found.reduce((sum, value, at) => sum + Math.abs(value - expected[at]), 0) / found.length
}
