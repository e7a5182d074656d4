import { describe, expect, it } from 'vitest'
import { qrShape } from './qr'

describe('qrShape', () => {
  it('takes the geometry of a plain code', () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29"><rect width="29" height="29" fill="#fff"/><path fill="#000" d="M4 4h7v1H4V4M5 6h1v1z"/></svg>'
    expect(qrShape(svg)).toEqual({ viewBox: '0 0 29 29', path: 'M4 4h7v1H4V4M5 6h1v1z' })
  })
  it('refuses what is no code', () => {
    expect(qrShape(null)).toBeNull()
    expect(qrShape('')).toBeNull()
    expect(qrShape('<svg viewBox="0 0 29 29"><path d="url(x)"/></svg>')).toBeNull()
    expect(qrShape('<svg viewBox="0 0 29 29"></svg>')).toBeNull()
  })
})
