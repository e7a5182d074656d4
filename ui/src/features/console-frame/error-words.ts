// Which words a failed call gets. The server says in Chinese what happened and
// what to do; other languages and the door's own codes go by code. Names and
// numbers that the server adds are said after it.
import type { ConsoleError } from '@/platform/console'

/** What the words are chosen with; the shape of vue-i18n's `t` and `te`. */
export interface Words {
  t: (key: string, named?: Record<string, unknown>) => string
  te: (key: string) => boolean
  language: string
}

function sentence(error: ConsoleError, words: Words): string {
  const key = `consoleErrors.${error.code}`
  const told = error.message !== '' && error.status !== 0
  if (told && words.language.startsWith('zh')) return error.message
  if (words.te(key)) return words.t(key)
  return told ? error.message : words.t('consoleErrors.unexpected')
}

/** Nobody counts 900 seconds. */
function inMinutes([name, value]: [string, string]): [string, string] {
  const seconds = Number(value)
  return name === 'retry_after_seconds' && seconds >= 120 ? ['retry_after_minutes', String(Math.ceil(seconds / 60))] : [name, value]
}

/** What happened and what to do, with the names that belong to it. */
export function errorWords(error: ConsoleError, words: Words): string {
  const details = Object.entries(error.details)
    .map(inMinutes)
    .filter(([name]) => words.te(`consoleErrors.detail.${name}`))
    .map(([name, value]) => words.t(`consoleErrors.detail.${name}`, { value }))
  return [sentence(error, words), ...details].join(words.language.startsWith('zh') ? '' : ' ')
}

/** Whether trying the same again, unchanged, may help. */
export function mayRetry(error: ConsoleError): boolean {
  return error.status === 0 || error.status === 429 || error.status >= 500
}
