// The server sends a QR code as a whole SVG. Only its geometry is taken, so that
// no foreign markup gets into the page.

/** What is drawn: a view box and one path of dark modules. */
export interface QrShape {
  viewBox: string
  path: string
}

const NUMBERS = /^[-\d.,\s]+$/
const PATH = /^[MmLlHhVvZz\d.,\s-]+$/

/** The geometry, or `null` when it is not what is expected. */
export function qrShape(svg: string | null | undefined): QrShape | null {
  if (!svg) return null
  const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement
  const viewBox = parsed.getAttribute('viewBox') ?? ''
  const paths = [...parsed.querySelectorAll('path')].map((path) => path.getAttribute('d') ?? '')
  const path = paths.join('')
  return NUMBERS.test(viewBox) && PATH.test(path) ? { viewBox, path } : null
}
