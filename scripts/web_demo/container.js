/* What a photo's file says before its pixels are decoded: format, size, orientation.

The file is also taken apart and put together without what a browser might act upon by itself (the
orientation, colour profiles): the training photos were decoded without colour management, and the
page turns a photo by its own code, so every browser is left with the same plain picture. */

export class PhotoError extends Error {
  /* The file, or any in this browser, cannot be graded; `code` names a sentence of texts.js and `values` what
  it tells. */
  constructor(code, values = {}) {
    super(code)
    this.code = code
    this.values = values
  }
}

const ORIENTATION = 0x0112 // EXIF tag: https://www.cipa.jp/std/documents/e/DC-008-2012_E.pdf, page 30
const LONGS = [4, 9] // types of 32 bits, without and with a sign: TIFF 6.0, page 15
const XMP = /tiff:Orientation(?:="|>)([1-8])/
// Extended file types: the brand of an ISO media file that stands after `ftyp`.
const BRANDS = { hei: 'HEIC', hev: 'HEIC', mif: 'HEIC', msf: 'HEIC', avi: 'AVIF' }
const SIGNATURES = [
  ['GIF', 'GIF8'], ['BMP', 'BM'], ['TIFF', 'II*\0'], ['TIFF', 'MM\0*'], ['PDF', '%PDF'],
  ['JPEG XL', '\xff\x0a'], ['PSD', '8BPS'],
]

/* Reads the header of a photo.

Returns format ('jpeg', 'png' or 'webp'), width and height as stored, orientation (1 to 8), whether
the pixels may be transparent, whether this page decodes such a file as for training (`plain`; 16 bits
a channel or four inks are not), and `parts`, the file without metadata, for a Blob.
Throws a PhotoError for anything else. */
export function readContainer(bytes) {
  if (!bytes.length) throw new PhotoError('empty')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    if (startsWith(bytes, '\xff\xd8\xff')) return readJpeg(bytes, view)
    if (startsWith(bytes, '\x89PNG\r\n\x1a\n')) return readPng(bytes, view)
    if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) return readWebp(bytes, view)
  } catch (error) {
    if (error instanceof RangeError) throw new PhotoError('truncated')
    throw error
  }
  const format = nameOf(bytes)
  throw format ? new PhotoError('format', { format }) : new PhotoError('noPhoto')
}

function nameOf(bytes) {
  if (startsWith(bytes, 'ftyp', 4)) return BRANDS[latin(bytes, 8, 11)] ?? null
  return SIGNATURES.find(([, mark]) => startsWith(bytes, mark))?.[0] ?? null
}

function startsWith(bytes, mark, at = 0) {
  return latin(bytes, at, at + mark.length) === mark
}

function latin(bytes, from, to) {
  return Array.from(bytes.subarray(from, to), (byte) => String.fromCharCode(byte)).join('')
}

/* ITU-T T.81, annex B. */
function readJpeg(bytes, view) {
  const found = { format: 'jpeg', transparent: false, plain: true, parts: [bytes.subarray(0, 2)] }
  const told = {}
  let at = 2
  for (;;) {
    const marker = view.getUint8(at + 1)
    // What stands between two segments is passed over and left out, as by libjpeg and Pillow.
    if (view.getUint8(at) !== 0xff || marker === 0xff || marker === 0x00) {
      at += 1
      continue
    }
    if (marker === 0xda) break // the pixels begin
    if (marker === 0xd9) throw new PhotoError('broken')
    const alone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)
    const end = at + 2 + (alone ? 0 : view.getUint16(at + 2))
    if (end > bytes.length) throw new PhotoError('truncated')
    const content = bytes.subarray(at + 4, end)
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      found.height = view.getUint16(at + 5)
      found.width = view.getUint16(at + 7)
      found.plain = [1, 3].includes(view.getUint8(at + 9)) && view.getUint8(at + 4) === 8
    }
    if (marker === 0xe1 && startsWith(content, 'Exif\0\0')) told.exif ??= content.subarray(6)
    if (marker === 0xe1 && startsWith(content, 'http://ns.adobe.com/xap/')) told.xmp ??= content
    // APP0 and APP14 say what the colours are; the other APPs and comments change nothing else.
    const isTold = (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe
    if (!isTold || marker === 0xe0 || marker === 0xee) found.parts.push(bytes.subarray(at, end))
    at = end
  }
  if (!found.width || !found.height) throw new PhotoError('broken')
  found.parts.push(bytes.subarray(at))
  if (!endsWithin(bytes, at)) throw new PhotoError('truncated')
  return { ...found, orientation: orientationOf(told) }
}

/* Whether the mark of the end of a JPEG stands after its pixels; a browser would paint a part grey. */
function endsWithin(bytes, from) {
  for (let at = bytes.length - 2; at > from; at -= 1) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true
  }
  return false
}

/* https://www.w3.org/TR/png-3/ */
function readPng(bytes, view) {
  const kept = ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']
  const found = { format: 'png', transparent: false, plain: true, parts: [bytes.subarray(0, 8)] }
  const told = {}
  for (let at = 8, type = ''; type !== 'IEND';) {
    const end = at + 12 + view.getUint32(at)
    if (end > bytes.length) throw new PhotoError('truncated')
    const content = bytes.subarray(at + 8, end - 4)
    type = latin(bytes, at + 4, at + 8)
    if (type === 'IHDR') {
      found.width = view.getUint32(at + 8)
      found.height = view.getUint32(at + 12)
      found.plain = view.getUint8(at + 16) <= 8
      found.transparent = [4, 6].includes(view.getUint8(at + 17))
    }
    if (type === 'tRNS') found.transparent = true
    if (type === 'eXIf') told.exif = content
    if (type === 'iTXt' && startsWith(content, 'XML:com.adobe.xmp')) told.xmp = content
    if (kept.includes(type)) found.parts.push(bytes.subarray(at, end))
    at = end
  }
  if (!found.width || !found.height) throw new PhotoError('broken')
  return { ...found, orientation: orientationOf(told) }
}

/* https://developers.google.com/speed/webp/docs/riff_container */
function readWebp(bytes, view) {
  const size = view.getUint32(4, true) + 8
  if (size > bytes.length) throw new PhotoError('truncated')
  const found = { format: 'webp', transparent: false, plain: true }
  const told = {}
  const kept = []
  for (let at = 12; at + 8 <= size;) {
    const length = view.getUint32(at + 4, true)
    const type = latin(bytes, at, at + 4)
    const end = at + 8 + length + (length % 2)
    const content = bytes.subarray(at + 8, at + 8 + length)
    if (type === 'VP8 ' && !found.width) {
      found.width = view.getUint16(at + 14, true) & 0x3fff
      found.height = view.getUint16(at + 16, true) & 0x3fff
    } else if (type === 'VP8L' && !found.width) {
      const packed = view.getUint32(at + 9, true)
      found.width = (packed & 0x3fff) + 1
      found.height = ((packed >>> 14) & 0x3fff) + 1
      found.transparent = Boolean(packed & 0x10000000)
    } else if (type === 'VP8X') {
      found.width = (view.getUint32(at + 12, true) & 0xffffff) + 1
      found.height = (view.getUint32(at + 14, true) >>> 8) + 1
      found.transparent = Boolean(content[0] & 0x10)
    }
    if (type === 'EXIF') told.exif = startsWith(content, 'Exif\0\0') ? content.subarray(6) : content
    if (type === 'XMP ') told.xmp = content
    if (!['EXIF', 'XMP ', 'ICCP'].includes(type)) {
      const chunk = bytes.slice(at, end)
      if (type === 'VP8X') chunk[8] &= ~0x2c // it has no profile, EXIF or XMP any more
      kept.push(chunk)
    }
    at = end
  }
  if (!found.width || !found.height) throw new PhotoError('broken')
  const head = bytes.slice(0, 12)
  const left = kept.reduce((sum, chunk) => sum + chunk.length, 4)
  new DataView(head.buffer).setUint32(4, left, true)
  return { ...found, parts: [head, ...kept], orientation: orientationOf(told) }
}

/* The orientation of EXIF, or of XMP where EXIF has none; 1, upright, where neither tells it. */
function orientationOf({ exif, xmp }) {
  const ofExif = exif ? orientationOfExif(exif) : null
  if (ofExif !== null) return ofExif >= 1 && ofExif <= 8 ? ofExif : 1
  const ofXmp = xmp ? XMP.exec(latin(xmp, 0, xmp.length)) : null
  return ofXmp ? Number(ofXmp[1]) : 1
}

function orientationOfExif(exif) {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength)
  try {
    const little = latin(exif, 0, 2) === 'II'
    const first = view.getUint32(4, little)
    const entries = view.getUint16(first, little)
    for (let entry = 0; entry < entries; entry += 1) {
      const at = first + 2 + 12 * entry
      if (view.getUint16(at, little) !== ORIENTATION) continue
      const isLong = LONGS.includes(view.getUint16(at + 2, little)) // else it is short, as it should be
      return isLong ? view.getUint32(at + 8, little) : view.getUint16(at + 8, little)
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error // of a block that was cut: it tells nothing
  }
  return null
}
