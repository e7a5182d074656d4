// @vitest-environment happy-dom
// Both languages are complete, every code has its words, and every sentence
// that a screen asks for exists.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { keysOf, setupI18n, type Messages } from '@/shared/i18n'
import { inspectorBundles } from './bundles'

const root = join(process.cwd(), 'src')
const generated = readFileSync(join(root, 'platform/generated/app.ts'), 'utf8')

/** The members of a generated union of strings, whatever its layout. */
function members(type: string): string[] {
  const plain = generated.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
  const from = plain.split(new RegExp(`^export type ${type} =`, 'm'))[1] ?? ''
  const body = from.split(/^(?:export|async|function|const)\b/m)[0] ?? ''
  return [...body.matchAll(/["']([a-z0-9_]+)["']/g)].map((match) => match[1] ?? '')
}
const all = Object.fromEntries(inspectorBundles.map((bundle) => [bundle.name, bundle]))
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()
function sentence(messages: Messages, key: string): string {
  const found = key.split('.').reduce<string | Messages | undefined>((at, part) => (typeof at === 'object' ? at[part] : undefined), messages)
  return typeof found === 'string' ? found : ''
}

describe.each(inspectorBundles.map((bundle) => [bundle.name, bundle] as const))('the words of %s', (_, bundle) => {
  it('are the same in Chinese and English, with the same gaps to fill', () => {
    expect(keysOf(bundle.en)).toEqual(keysOf(bundle.zh))
    for (const key of keysOf(bundle.zh)) {
      expect(sentence(bundle.zh, key), key).not.toBe('')
      expect(sentence(bundle.en, key), key).not.toBe('')
      // A shorter English sentence may leave a gap out, but not invent one.
      for (const gap of placeholders(sentence(bundle.en, key))) expect(placeholders(sentence(bundle.zh, key)), key).toContain(gap)
    }
  })
})

it.each([
  ['ErrorCode', 'failure', ''],
  ['Risk', 'common', 'risk.'],
  ['HazardTag', 'common', 'hazard.'],
  ['Level', 'common', 'level.'],
  ['Answer', 'common', 'answer.'],
  ['Status', 'common', 'status.'],
  ['TeamRole', 'common', 'role.'],
  ['ReviewState', 'common', 'review.'],
  ['Method', 'checklist', 'method.'],
  ['Missing', 'visit', 'missing.'],
])('every %s has its words', (type, name, prefix) => {
  const codes = members(type)
  expect(codes.length).toBeGreaterThan(1)
  for (const code of codes) {
    const key = type === 'ErrorCode' ? `${code}.happened` : `${prefix}${code}`
    expect(sentence(all[name]?.zh ?? {}, key), `${name}.${key}`).not.toBe('')
  }
})

it('every failure says what happened, what is safe and what to do', () => {
  for (const code of members('ErrorCode')) {
    for (const part of ['happened', 'safe', 'todo']) expect(sentence(all.failure?.zh ?? {}, `${code}.${part}`), `${code}.${part}`).not.toBe('')
  }
})

it('every sentence that a screen asks for exists', () => {
  const files = (readdirSync(root, { recursive: true }) as string[]).filter((file) => /\.(vue|ts)$/.test(file) && !/console|\.test\.ts$|generated/.test(file))
  const absent: string[] = []
  for (const file of files) {
    const code = readFileSync(join(root, file), 'utf8')
    for (const [, key = ''] of code.matchAll(/\bt\('([a-z]\w*(?:\.[\w-]+)+)'/g)) {
      const [name = '', ...rest] = key.split('.')
      if (!sentence(all[name]?.zh ?? {}, rest.join('.'))) absent.push(`${file}: ${key}`)
    }
  }
  expect(absent).toEqual([])
})

it('every sentence can be read by the interpreter', () => {
  const i18n = setupI18n(inspectorBundles)
  for (const language of ['zh-CN', 'en'] as const) {
    i18n.global.locale.value = language
    for (const bundle of inspectorBundles) {
      for (const key of keysOf(bundle.zh)) expect(i18n.global.t(`${bundle.name}.${key}`, { n: 3 })).not.toContain(`${bundle.name}.${key}`)
    }
  }
})
