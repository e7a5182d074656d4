import { describe, expect, it } from 'vitest'
import { ConsoleError } from '@/platform/console'
import { errorWords, mayRetry } from './error-words'

const words = (language: string) => ({
  language,
  t: (key: string, named?: Record<string, unknown>) => (named ? `<${String(named.value)}>` : key),
  te: (key: string) => ['too_few_inspectors', 'offline', 'detail.department'].some((each) => key === `consoleErrors.${each}`),
})

describe('errorWords', () => {
  it('Chinese takes the sentence of the server', () => {
    const error = new ConsoleError('too_few_inspectors', 422, '消防部门只有 1 名')
    expect(errorWords(error, words('zh-CN'))).toBe('消防部门只有 1 名')
  })
  it('another language goes by code', () => {
    const error = new ConsoleError('too_few_inspectors', 422, '消防部门只有 1 名')
    expect(errorWords(error, words('en'))).toBe('consoleErrors.too_few_inspectors')
  })
  it('an unknown code falls back to the sentence of the server', () => {
    expect(errorWords(new ConsoleError('brand_new', 409, '出了新问题'), words('en'))).toBe('出了新问题')
  })
  it('the department it is about is named, an id is not', () => {
    const error = new ConsoleError('too_few_inspectors', 422, '至少两名。', { department: '消防', person: '0192f0c1' })
    expect(errorWords(error, words('zh-CN'))).toBe('至少两名。<消防>')
  })
  it('no answer is told in the words of the console', () => {
    expect(errorWords(new ConsoleError('offline', 0, ''), words('zh-CN'))).toBe('consoleErrors.offline')
  })
  it('an exception of the browser is never shown as it is', () => {
    const error = new ConsoleError('unexpected', 0, 'x is not a function')
    expect(errorWords(error, words('zh-CN'))).toBe('consoleErrors.unexpected')
  })
})

describe('mayRetry', () => {
  it('a refusal is not tried again', () => {
    expect(mayRetry(new ConsoleError('checklist_empty', 422, ''))).toBe(false)
    expect(mayRetry(new ConsoleError('forbidden', 403, ''))).toBe(false)
  })
  it('silence and trouble of the server are', () => {
    expect(mayRetry(new ConsoleError('offline', 0, ''))).toBe(true)
    expect(mayRetry(new ConsoleError('internal', 500, ''))).toBe(true)
  })
})
