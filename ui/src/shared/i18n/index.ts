// The two languages. Words live beside the feature that says them, one
// `messages.ts` per feature made with `defineMessages`; each entry hands all of
// its bundles to `setupI18n`. Chinese is the first language, and the type of a
// bundle makes a missing English sentence a compile error.
//
// Messages are interpreted, never compiled to code, so a strict content policy
// holds. `@`, `{`, `}` and `|` have meaning to vue-i18n: write `{'@'}`.
import { useStorage } from '@vueuse/core'
import { watchEffect } from 'vue'
import { createI18n } from 'vue-i18n'

export type Language = 'zh-CN' | 'en'
export const languages: readonly Language[] = ['zh-CN', 'en']

/** Sentences by key; nesting as deep as needed. */
export interface Messages {
  [key: string]: string | Messages
}

/** The sentences of one feature in both languages, under the feature's name. */
export interface Bundle {
  name: string
  zh: Messages
  en: Messages
}

type SameKeys<T> = { [K in keyof T]: T[K] extends string ? string : SameKeys<T[K]> }

/** Declares a feature's sentences; used as `t('<name>.<key>')`. */
export function defineMessages<T extends Messages>(name: string, zh: T, en: SameKeys<T>): Bundle {
  return { name, zh, en: en as Messages }
}

const language = useStorage<Language>('lianjian.language', 'zh-CN')

/** The chosen language; assigning to it takes effect at once. */
export function useLanguage() {
  return language
}

/** One vue-i18n instance out of all bundles of an entry. */
export function setupI18n(bundles: readonly Bundle[]) {
  const zh: Messages = {}
  const en: Messages = {}
  for (const bundle of bundles) {
    if (bundle.name in zh) throw new Error(`two bundles are called ${bundle.name}`)
    zh[bundle.name] = bundle.zh
    en[bundle.name] = bundle.en
  }
  const i18n = createI18n({
    legacy: false,
    locale: language.value,
    fallbackLocale: 'zh-CN',
    messages: { 'zh-CN': zh, en },
  })
  watchEffect(() => {
    i18n.global.locale.value = language.value
    document.documentElement.lang = language.value
  })
  return i18n
}

/** Every key of a bundle, dotted; for tests of completeness. */
export function keysOf(messages: Messages, prefix = ''): string[] {
  return Object.entries(messages).flatMap(([key, value]) =>
    typeof value === 'string' ? [prefix + key] : keysOf(value, `${prefix}${key}.`),
  )
}
