// Every sentence the console asks for exists, in both languages, with the same
// places to fill in.
import { describe, expect, it } from 'vitest'
import { keysOf, type Bundle, type Messages } from '@/shared/i18n'
import { commonMessages } from '@/shared/i18n/common'

const modules = import.meta.glob<Record<string, unknown>>(['../../features/console-*/messages.ts', '../../features/console-frame/trade.ts'], { eager: true })
const isBundle = (value: unknown): value is Bundle => typeof value === 'object' && value !== null && 'zh' in value && 'en' in value
const bundles = [commonMessages, ...Object.values(modules).flatMap((module) => Object.values(module).filter(isBundle))]
const sources = import.meta.glob<string>(['./*.{vue,ts}', '../../features/console-*/*.{vue,ts}', '!**/*.test.ts'], { eager: true, query: '?raw', import: 'default' })

const known = new Set(bundles.flatMap((bundle) => keysOf(bundle.zh).map((key) => `${bundle.name}.${key}`)))

function sentence(messages: Messages, key: string): string {
  const found = key.split('.').reduce<string | Messages | undefined>((at, part) => (typeof at === 'object' ? at[part] : undefined), messages)
  return typeof found === 'string' ? found : ''
}
const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

describe('the words of the console', () => {
  it('every key that is asked for exists', () => {
    const asked = Object.values(sources).flatMap((text) => [...text.matchAll(/\bt\('([\w.]+)'/g)].map((match) => match[1] ?? ''))
    expect(asked.length).toBeGreaterThan(100)
    expect(asked.filter((key) => !known.has(key))).toEqual([])
  })
  it('both languages have the same sentences with the same places to fill in', () => {
    for (const bundle of bundles) {
      expect(keysOf(bundle.en).sort()).toEqual(keysOf(bundle.zh).sort())
      for (const key of keysOf(bundle.zh)) {
        expect([key, places(sentence(bundle.en, key))]).toEqual([key, places(sentence(bundle.zh, key))])
      }
    }
  })
})
